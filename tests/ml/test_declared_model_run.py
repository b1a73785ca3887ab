"""The declared models in the graph and on the command line: trained, promoted, watched, drifted, explained.

One lake: a run before there is a champion, a retraining, a promotion, a run that watches the champion, and a run on
files in which a number of the newest decisions has moved.
"""

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from refi_assets.lake import open_lake
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.registry import CHALLENGER, CHAMPION, Registry
from refi_assets.sample.customers import generate_customers
from refi_assets.settings import overridden
from tests.orchestration.doctored import Change, record
from tests.support.commands import Answer, refi_here
from tests.support.quick_models import write_quick_policy
from tests.support.registries import new_registry_file
from tests.support.running import Ran, definitions, ingest, run_job

DAY, NEXT_DAY = date(2026, 2, 28), date(2026, 3, 1)
CUSTOMERS = 500
MODEL = "default_12m"
TRAINED, WATCH = f"ml/{MODEL}", f"ml/{MODEL}_watch"
WATCHED = [f"{WATCH} {check}" for check in ("features_stable", "outcomes_as_predicted", "scores_stable")]


class Lifetime:
    """A lake and a registry, and the runs on them in their order."""

    def __init__(self, folder: Path, uri: str) -> None:
        self.lake, self.uri, self.source = folder / "lake", uri, folder / "source"
        self.policy = write_quick_policy(folder)
        self.instance = dg.DagsterInstance.ephemeral()
        self.registry = Registry(uri)
        generate_customers(CUSTOMERS, 7, self.source)
        ingest(self.lake, self.source, DAY)
        self.before = self.run("ml")
        self.trained = self.run("retrain")
        self.promoted = self.refi("promote", MODEL, 1, "--who", "ana")
        self.trained_again = self.run(selection=[TRAINED])
        self.watched = self.run(selection=[WATCH])

    def run(self, job: str = "ml", day: date = DAY, selection: list[str] | None = None) -> Ran:
        """A run by the quick policy."""
        return run_job(
            *(self.lake, day),
            job=job,
            instance=self.instance,
            policies={"ml": self.policy},
            force_latest=True,
            selection=selection,
        )

    @property
    def trained_until(self) -> str:
        """The day of the newest decision that the champion has learned from."""
        return str(self.registry.record(MODEL, 1).parameters["trained_until"])

    def refi(self, command: str, *arguments: object) -> Answer:
        """`refi model …` on the lake and the registry."""
        environment = {"REFI_MLFLOW_URI": self.uri, "REFI_LAKE_URL": str(self.lake)}
        return refi_here("model", command, *arguments, environment=environment)

    def refused(self, command: str, *arguments: object) -> str:
        """The one message of a command that fails."""
        answer = self.refi(command, *arguments)
        assert answer.returncode == 1
        assert "Traceback" not in answer.stderr
        assert answer.stdout == ""
        return " ".join(answer.stderr.split())


@pytest.fixture(scope="module")
def lifetime(tmp_path_factory: pytest.TempPathFactory, session_folder: Path) -> Iterator[Lifetime]:
    folder = tmp_path_factory.mktemp("lifetime")
    uri = f"{SQLITE}{new_registry_file(folder / 'registry', session_folder)}"
    with overridden("REFI_MLFLOW_URI", uri), overridden("OPENLINEAGE_DISABLED", "true"):
        yield Lifetime(folder, uri)


def test_without_a_champion_the_run_publishes_and_the_watch_says_so(lifetime):
    assert lifetime.before.success
    assert lifetime.before.failed_checks == {}
    for check in WATCHED:
        assert "There is no champion to watch yet." in str(lifetime.before.checks[check].description)
    assert lifetime.before.metadata(WATCH)["champion"] == "none"
    assert open_lake(str(lifetime.lake)).get_json("output/ml/latest.json") is not None
    made = {event.asset_key.to_user_string() for event in lifetime.before.result.get_asset_materialization_events()}
    assert WATCH in made
    assert TRAINED not in made, "a daily run trains nothing"


def test_retraining_registers_a_challenger_with_its_figures_card_and_plots(lifetime):
    metadata = lifetime.trained.metadata(TRAINED)
    assert lifetime.trained.success, lifetime.trained.failure
    assert metadata["version"] == 1
    assert 0.6 < metadata["roc_auc"] < 0.9
    assert [record.data["kind"] for record in metadata["kinds"].records] == [
        "logistic_regression",
        "random_forest",
        "gradient_boosting",
    ]
    assert metadata["roc"].startswith("![roc.svg](data:image/svg+xml;base64,")
    card = Path(metadata["card"]).read_text()
    assert card == lifetime.registry.record(MODEL, 1).card_html
    assert lifetime.trained.failed_checks == {}
    assert str(lifetime.trained.checks[f"{TRAINED} gate_passed"].description).startswith(
        "0; no condition of the gate may fail. Version 1. The rarer outcome has "
    )


def test_the_same_rows_trained_again_fail_the_gate_which_only_warns(lifetime):
    assert lifetime.promoted.stdout == f"Version 1 of {MODEL} was promoted by ana.\n"
    assert lifetime.trained_again.success
    assert lifetime.trained_again.failed_checks == {f"{TRAINED} gate_passed": "WARN"}
    check = lifetime.trained_again.checks[f"{TRAINED} gate_passed"]
    assert check.metadata["number"].value == 1
    assert "Version 2. ROC-AUC changes by +0.0000" in str(check.description)
    assert "0 newly selected, 0 newly refused" in str(check.description)
    assert lifetime.registry.alias_version(MODEL, CHAMPION) == 1
    assert lifetime.registry.alias_version(MODEL, CHALLENGER) == 2
    message = lifetime.refused("promote", MODEL, 2, "--who", "ana")
    assert "it did not pass the gate: ROC-AUC changes by +0.0000" in message


def test_a_champion_is_watched_since_its_training(lifetime):
    assert lifetime.watched.success
    assert {check: lifetime.watched.checks[check].passed for check in WATCHED} == dict.fromkeys(WATCHED, True)
    assert "Version 1, " in str(lifetime.watched.checks[WATCHED[0]].description)
    metadata = lifetime.watched.metadata(WATCH)
    assert metadata["champion"] == 1
    until = lifetime.trained_until
    with (lifetime.source / "credit_decision.csv").open() as stream:
        decisions = list(csv.DictReader(stream))
    assert metadata["dagster/row_count"] == sum(row["decided_on"] > until for row in decisions)
    assert metadata["outcomes not known"] == sum(row["defaulted"] == "" for row in decisions)
    assert metadata["stability"].startswith("![stability.svg](data:image/svg+xml;base64,")


@pytest.fixture(scope="module")
def drifted(lifetime: Lifetime) -> Ran:
    """A run on files in which the limits of credit lines have shrunk since the champion's training."""
    until = lifetime.trained_until
    source = Path(shutil.copytree(lifetime.source, lifetime.lake.parent / "drifted"))
    with (source / "credit_decision.csv").open() as stream:
        decisions = list(csv.DictReader(stream))
    for row in decisions:
        if row["decided_on"] > until and row["revolving_limit"]:
            row["revolving_limit"] = f"{float(row['revolving_limit']) / 20:.2f}"
    with (source / "credit_decision.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, decisions[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(decisions)
    ingest(lifetime.lake, source, NEXT_DAY)
    return lifetime.run(day=NEXT_DAY)


def test_drift_is_an_error_that_stops_nothing_and_asks_once_for_retraining(lifetime, drifted):
    assert drifted.success
    assert drifted.failed_checks[f"{WATCH} features_stable"] == "ERROR"
    assert "credit_utilization (alert)" in str(drifted.checks[f"{WATCH} features_stable"].description)
    pointer = open_lake(str(lifetime.lake)).get_json("output/ml/latest.json")
    assert pointer["run_id"] == drifted.run_id

    sensor = definitions().resolve_sensor_def("retrain_on_drift")

    def tick(cursor: str | None) -> Any:
        context = dg.build_sensor_context(
            lifetime.instance, cursor=cursor, repository_def=definitions().get_repository_def()
        )
        return sensor.evaluate_tick(context)

    first = tick(None)
    assert [request.tags["refi/drift"].split(":")[0] for request in first.run_requests] == [WATCH]
    assert not tick(first.cursor).run_requests


def test_a_registry_that_is_away_does_not_hold_back_the_features(lifetime, drifted):
    with overridden("REFI_MLFLOW_URI", "http://127.0.0.1:9"):
        ran = lifetime.run(day=NEXT_DAY, selection=["ml/feature_file", WATCH])
        retrained = lifetime.run(selection=[TRAINED])
    assert ran.success, ran.failure
    assert ran.failed_checks == dict.fromkeys(WATCHED, "WARN")
    assert "http://127.0.0.1:9" in str(ran.checks[WATCHED[0]].description)
    assert not retrained.success
    assert "http://127.0.0.1:9" in retrained.failure
    assert retrained.failure.endswith("The champion is unchanged.")


def test_train_prints_the_verdict_and_promotes_only_what_passes(lifetime):
    name_and_policy = (MODEL, "--policy", lifetime.policy, "--run", lifetime.before.run_id)
    answer = lifetime.refi("train", *name_and_policy, "--promote", "--who", "ana")
    assert answer.returncode == 0, answer.stderr
    assert "Gate: ROC-AUC changes by +0.0000" in answer.stdout
    assert "It stays a challenger: the gate refuses it." in answer.stdout
    assert lifetime.registry.alias_version(MODEL, CHAMPION) == 1
    for alias in (CHAMPION, CHALLENGER):
        lifetime.registry.remove_alias(MODEL, alias)
    trained = lifetime.refi("train", *name_and_policy, "--promote", "--who", "ana", "--json").json
    assert (trained["promoted"], trained["gate"]["passed"], trained["kind"]) == (True, True, "logistic_regression")
    assert lifetime.registry.alias_version(MODEL, CHAMPION) == trained["version"]
    lifetime.refi("rollback", MODEL, "--who", "ben")
    assert lifetime.registry.alias_version(MODEL, CHAMPION) == 1


def test_explain_gives_points_and_reasons_with_the_words_of_a_notice_only_where_they_are_declared(lifetime):
    explained = lifetime.refi("explain", "C1", "--version", 1, "--json").json
    assert (explained["customer_id"], explained["model"], explained["version"]) == ("C1", MODEL, 1)
    assert 0 < explained["probability"] < 1
    assert 1 <= len(explained["reasons"]) <= 4
    declared = {"debt_to_income": "Excessive obligations in relation to income"}
    declared |= dict.fromkeys(("loan_to_value", "combined_ltv"), "Value or type of collateral not sufficient")
    for reason in explained["reasons"]:
        assert reason["text"] == declared.get(reason["feature"])
        assert reason["contribution"] > 0
    printed = lifetime.refi("explain", "C1", "--version", 1).stdout
    assert f"{MODEL}, version 1: {explained['probability']:.4f}, {explained['points']} points, as of " in printed
    assert all(reason["feature"] in printed for reason in explained["reasons"])


def test_what_cannot_be_explained_or_trained_is_one_message(lifetime):
    assert "ml/customer_features has no customer 'C0'" in lifetime.refused("explain", "C0", "--version", 1)
    assert "No model is named 'other'" in lifetime.refused("explain", "C1", "--model", "other")
    assert "has no version 99" in lifetime.refused("explain", "C1", "--version", 99)
    assert "No model is named 'other'" in lifetime.refused("train", "other")
    assert json.loads(lifetime.refi("explain", "C1", "--version", 1, "--json").stdout)


CHECKS: list[tuple[str, Change, str, int]] = [
    (f"{TRAINED} gate_passed", record(details={"passed": False, "conditions_failed": 2}), "WARN", 2),
    (f"{TRAINED} leak_guard_is_silent", record(details={"warnings": ["income alone has an AUC of 0.97"]}), "WARN", 1),
    (f"{WATCH} features_stable", record(details={"features": {"income": "alert", "debt": "warn"}}), "ERROR", 2),
    (f"{WATCH} features_stable", record(details={"features": {"income": "warn", "debt": "ok"}}), "WARN", 1),
    (f"{WATCH} scores_stable", record(details={"score": "alert"}), "ERROR", 1),
    (f"{WATCH} outcomes_as_predicted", record(details={"months": {"2025-01": "alert", "2025-02": "ok"}}), "ERROR", 1),
]


@pytest.mark.parametrize(("check", "change", "severity", "number"), CHECKS)
def test_a_check_fails(lifetime, tmp_path, check, change, severity, number):
    asset = check.split(" ", maxsplit=1)[0]
    made_by = lifetime.trained_again if asset == TRAINED else lifetime.watched
    lake = Path(shutil.copytree(lifetime.lake, tmp_path / "lake"))
    change(lake / "runs" / made_by.run_id / f"{asset}.json")
    ran = run_job(lake, DAY, job="checks_of_" + asset.replace("/", "_"), instance=lifetime.instance, memo="off")
    evaluation = ran.checks[check]
    assert (evaluation.passed, evaluation.severity.value) == (False, severity)
    assert evaluation.metadata["number"].value == number
    assert not evaluation.blocking


def test_every_check_of_models_is_tested_failing():
    keys = definitions().resolve_asset_graph().asset_check_keys
    checks = {f"{key.asset_key.to_user_string()} {key.name}" for key in keys}
    assert {check for check, *_ in CHECKS} == {check for check in checks if check.startswith(f"ml/{MODEL}")}
