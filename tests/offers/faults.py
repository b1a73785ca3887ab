"""Faults of a weekly run: of its files, its models and its store. Each is gone at the end of a `with`."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.registry import CHAMPION
from tests.fakes.sagemaker_endpoints import sagemaker_endpoints
from tests.offers.program_runs import PROGRAM_FILE
from tests.support.offer_runs import OfferRuns
from tests.support.served_offers import PROGRAM

NO_ANSWER = "http://127.0.0.1:1"
UNSAID, IS_PUBLISHED = (
    "The offers of the last week are unchanged.",
    "The offers are published, but those that are served are still the last week's. Run again.",
)


@dataclass
class Attempt:
    """A run of the next week as it will be called; a fault may change what it finds."""

    runs: OfferRuns
    files: Path
    environment: dict[str, str] = field(default_factory=dict)
    options: tuple[object, ...] = ()

    @property
    def store(self) -> Path:
        """The program's folder in the store."""
        return Path(self.runs.environment["REFI_STORE_DIR"]) / PROGRAM

    @property
    def registry_folder(self) -> Path:
        """The folder of the registry."""
        return Path(self.runs.environment["REFI_MLFLOW_URI"].removeprefix(SQLITE)).parent


@dataclass(frozen=True)
class Fault:
    """What the fault does, what the run says of it, and what it ends with."""

    apply: Callable[[Attempt], AbstractContextManager[Any]]
    message: str
    ending: str = UNSAID


FAULTS: dict[str, Fault] = {}


def _fault(message: str, ending: str = UNSAID) -> Callable[[Callable[[Attempt], Iterator[None]]], None]:
    def add(apply: Callable[[Attempt], Iterator[None]]) -> None:
        FAULTS[apply.__name__.strip("_").replace("_", " ")] = Fault(contextmanager(apply), message, ending)

    return add


# Models.


@_fault("Model loan_approval has no champion. Its versions are 1. Promote or name one of them.")
def _the_champion_is_gone(attempt: Attempt) -> Iterator[None]:
    registry = attempt.runs.registry
    registry.remove_alias("loan_approval", CHAMPION)
    yield
    registry.set_alias("loan_approval", CHAMPION, 1)


@_fault("Model default_risk has no version 7. Its versions are 1/champion. Promote or name one of them.")
def _a_pinned_version_is_gone(attempt: Attempt) -> Iterator[None]:
    attempt.options = ("--policy", program_with(attempt, "mlflow://default_risk@champion", "mlflow://default_risk@7"))
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
    with sagemaker_endpoints({"loan-approval": lambda _: 0.9, "default-risk": "ThrottlingException"}) as environment:
        use_endpoints(attempt, environment)
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


@_fault("offer_history.csv: no rows; found a header only, expected at least one row.")
def _a_file_has_a_header_only(attempt: Attempt) -> Iterator[None]:
    yield from _with_bytes(attempt.files / "offer_history.csv", b"customer_id,program_id,offered_on\n")


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


@_fault(": another process has locked it for more than 5 seconds. Last week's offers are unchanged.", IS_PUBLISHED)
def _the_store_is_locked(attempt: Attempt) -> Iterator[None]:
    with closing(sqlite3.connect(attempt.store / "events.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@_fault("events.sqlite: it is damaged, or not a file of the store. Last week's offers are unchanged.", IS_PUBLISHED)
def _the_events_are_damaged(attempt: Attempt) -> Iterator[None]:
    yield from _with_bytes(attempt.store / "events.sqlite", b"not a database" * 1_000)


@_fault("current.json is damaged. The stored offers were not changed. Restore it from a backup", IS_PUBLISHED)
def _the_pointer_is_damaged(attempt: Attempt) -> Iterator[None]:
    yield from _with_bytes(attempt.store / "current.json", b"{")


@_fault("current.json: Not a directory. The stored offers were not changed. Check the disk and the folder", IS_PUBLISHED)
def _a_file_has_the_name_of_the_store(attempt: Attempt) -> Iterator[None]:
    away = attempt.store.with_name("away")
    attempt.store.rename(away)
    attempt.store.write_bytes(b"")
    yield
    attempt.store.unlink()
    away.rename(attempt.store)


def program_with(attempt: Attempt, old: str, new: str) -> Path:
    """The program's file with another text; the run is told with --policy to read it."""
    text = PROGRAM_FILE.read_text("utf-8")
    assert old in text
    file = attempt.files.parent / "program.yaml"
    file.write_text(text.replace(old, new), "utf-8")
    return file


def use_endpoints(attempt: Attempt, environment: dict[str, str]) -> None:
    """Let both models of the program be endpoints."""
    attempt.environment |= environment
    text = program_with(attempt, "mlflow://loan_approval@champion", "sagemaker://loan-approval").read_text("utf-8")
    file = attempt.files.parent / "program.yaml"
    file.write_text(text.replace("mlflow://default_risk@champion", "sagemaker://default-risk"), "utf-8")
    attempt.options = ("--policy", file)


def _with_bytes(file: Path, content: bytes) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(content)
    yield
    file.write_bytes(before)


def _without(folder: Path) -> Iterator[None]:
    away = folder.with_name("away")
    shutil.move(folder, away)
    yield
    shutil.move(away, folder)
