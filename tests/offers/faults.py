"""Faults of a weekly run: of its files, its models and its store. Each is gone at the end of a `with`."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.registry import CHAMPION
from tests.fakes.sagemaker_endpoints import EndpointAnswer, sagemaker_endpoints
from tests.offers.attempts import Attempt
from tests.offers.program_runs import PROGRAM_FILE

NO_ANSWER = "http://127.0.0.1:1"
UNCHANGED = "The offers of the last week are unchanged."
NOBODY_KNOWS = "It is not known which customers have heard of an offer, so nobody gets a new one."
NOT_SERVED = "The offers are published, but those that are served are still the last week's. Run again."


@dataclass(frozen=True)
class Fault:
    """What the fault does, what the run says of it, and what it ends with."""

    apply: Callable[[Attempt], AbstractContextManager[Any]]
    message: str
    ending: str = UNCHANGED


FAULTS: dict[str, Fault] = {}


def _fault(message: str, ending: str = UNCHANGED) -> Callable[[Callable[[Attempt], Iterator[None]]], None]:
    def add(apply: Callable[[Attempt], Iterator[None]]) -> None:
        FAULTS[apply.__name__.strip("_").replace("_", " ")] = Fault(contextmanager(apply), message, ending)

    return add


# Models.


@_fault("Model loan_approval has no champion. Its versions are 1, 2. Promote or name one of them.")
def _the_champion_is_gone(attempt: Attempt) -> Iterator[None]:
    registry = attempt.runs.registry
    registry.remove_alias("loan_approval", CHAMPION)
    try:
        yield
    finally:
        registry.set_alias("loan_approval", CHAMPION, 1)


@_fault("Model default_risk has no version 7. Its versions are 1/champion. Promote or name one of them.")
def _a_pinned_version_is_gone(attempt: Attempt) -> Iterator[None]:
    use_models(attempt, default_risk="mlflow://default_risk@7")
    yield


@_fault("There is no model 'loan_approval' in the registry")
def _the_registry_is_another(attempt: Attempt) -> Iterator[None]:
    attempt.environment["REFI_MLFLOW_URI"] = f"{SQLITE}{attempt.files}/mlflow.db"
    yield


@_fault(f"The model registry {NO_ANSWER} failed: it does not answer. Check it, and the setting REFI_MLFLOW_URI.")
def _the_registry_is_away(attempt: Attempt) -> Iterator[None]:
    attempt.environment["REFI_MLFLOW_URI"] = NO_ANSWER
    yield


@_fault("default_risk, version 1: model/model.json: its SHA-256 is not")
def _a_file_of_a_model_is_damaged(attempt: Attempt) -> Iterator[None]:
    (file,) = (attempt.registry_folder / "artifacts" / "default_risk").rglob("model.json")
    yield from _with_bytes(file, file.read_bytes()[:-1] + b" ")


@_fault("loan_approval, version 1: manifest.json: the file is missing. It was not loaded. Restore its files")
def _the_files_of_a_model_are_gone(attempt: Attempt) -> Iterator[None]:
    folder = attempt.registry_folder / "artifacts" / "loan_approval"
    yield from _without(folder)


@_fault("SageMaker endpoint default-risk: ThrottlingException: Rate exceeded.")
def _an_endpoint_throttles(attempt: Attempt) -> Iterator[None]:
    use_models(attempt, loan_approval="sagemaker://loan-approval", default_risk="sagemaker://default-risk")
    answers: dict[str, EndpointAnswer] = {"loan-approval": lambda _: 0.9, "default-risk": "ThrottlingException"}
    with sagemaker_endpoints(answers) as environment:
        attempt.environment |= environment
        yield


# Files.


@_fault("lacks columns that filters need: employment_status (affordability), state (regulatory-compliance). Add them")
def _columns_are_absent(attempt: Attempt) -> Iterator[None]:
    file = attempt.files / "customer_credit_profiles.csv"
    text = file.read_bytes().replace(b",employment_status,", b",employment,").replace(b",state,", b",province,")
    yield from _with_bytes(file, text)


@_fault("customer_credit_profiles.csv: column 'credit_score' is missing; found: ")
def _a_required_column_is_absent(attempt: Attempt) -> Iterator[None]:
    file = attempt.files / "customer_credit_profiles.csv"
    yield from _with_bytes(file, file.read_bytes().replace(b"credit_score", b"credit_points"))


@_fault("contact_preferences.csv: the file is empty.")
def _a_file_is_empty(attempt: Attempt) -> Iterator[None]:
    yield from _with_bytes(attempt.files / "contact_preferences.csv", b"")


@_fault("customer_credit_profiles.csv: no rows; found a header only, expected at least one row.")
def _a_file_has_a_header_only(attempt: Attempt) -> Iterator[None]:
    file = attempt.files / "customer_credit_profiles.csv"
    yield from _with_bytes(file, file.read_bytes().splitlines(keepends=True)[0])


@_fault("contact_preferences.csv is not a regular file; remove it.", ending="")  # nothing ran
def _a_folder_has_the_name_of_a_file(attempt: Attempt) -> Iterator[None]:
    file = attempt.files / "contact_preferences.csv"
    content = file.read_bytes()
    file.unlink()
    file.mkdir()
    yield
    file.rmdir()
    file.write_bytes(content)


# The store.


@_fault(": another process has locked it. Last week's offers are unchanged.", NOT_SERVED)
def _the_store_is_locked(attempt: Attempt) -> Iterator[None]:
    with closing(sqlite3.connect(attempt.program_store / "events.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@_fault(f"events.sqlite: it is damaged, or not a file of the store. {NOBODY_KNOWS} Restore it from a backup")
def _the_events_are_damaged(attempt: Attempt) -> Iterator[None]:
    yield from _with_bytes(attempt.program_store / "events.sqlite", b"not a database" * 1_000)


@_fault(f"events.sqlite: another process has locked it. {NOBODY_KNOWS} Wait until that")
def _the_events_cannot_be_read(attempt: Attempt) -> Iterator[None]:
    with closing(sqlite3.connect(attempt.program_store / "events.sqlite", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield


@_fault("loan_offer_targeting: the store is not there, but run ")
def _the_store_is_away(attempt: Attempt) -> Iterator[None]:
    yield from _without(attempt.store)


@_fault("current.json is damaged. The stored offers were not changed. Restore it from a backup")
def _the_pointer_is_damaged(attempt: Attempt) -> Iterator[None]:
    yield from _with_bytes(attempt.program_store / "current.json", b"{")


@_fault("loan_offer_targeting: the store is not there, but run ")
def _a_file_has_the_name_of_the_store(attempt: Attempt) -> Iterator[None]:
    away = attempt.program_store.with_name("away")
    attempt.program_store.rename(away)
    attempt.program_store.write_bytes(b"")
    yield
    attempt.program_store.unlink()
    away.rename(attempt.program_store)


def use_models(attempt: Attempt, **endpoints: str) -> None:
    """Let the run read a program with other endpoints of these models."""
    text = PROGRAM_FILE.read_text("utf-8")
    for name, endpoint in endpoints.items():
        assert f"mlflow://{name}@champion" in text
        text = text.replace(f"mlflow://{name}@champion", endpoint)
    file = attempt.files.parent / "program.yaml"
    file.write_text(text, "utf-8")
    attempt.options = ("--policy", file)


def _with_bytes(file: Path, content: bytes) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(before)


def _without(folder: Path) -> Iterator[None]:
    away = folder.with_name("away")
    shutil.move(folder, away)
    try:
        yield
    finally:
        shutil.move(away, folder)
