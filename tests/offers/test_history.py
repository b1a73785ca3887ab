"""What the models of loan offers learn from: as known by construction, and learned as well as can be."""

import csv
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import RunFolder, open_lake
from refi_assets.lake.relations import readable
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.sample.offer_customers import generate_offer_customers
from refi_assets.settings import overridden
from refi_assets.specs.sql_models import parsed
from tests.orchestration.doctored import replaced
from tests.support.commands import Answer, refi_here
from tests.support.lakes import PublishedLake
from tests.support.quick_models import write_quick_policy
from tests.support.registries import new_registry_file
from tests.support.running import definitions, ingest, run_job

DAY = date(2026, 3, 2)
HISTORY = ("application_history", "loan_history")
RELATIONS = {"loan_approval": "offers/approval_decisions", "default_risk": "offers/loan_outcomes"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two files of history, and no others."""
    generated, folder = tmp_path_factory.mktemp("generated"), tmp_path_factory.mktemp("history")
    generate_offer_customers(2000, 7, generated)
    for name in (*(f"{source}.csv" for source in HISTORY), "truth.json"):
        shutil.copy(generated / name, folder)
    return folder


@pytest.fixture(scope="module")
def truth(folder: Path) -> Any:
    return json.loads((folder / "truth.json").read_text())["models"]


@pytest.fixture(scope="module")
def made(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> PublishedLake:
    lake, registry = tmp_path_factory.mktemp("lake"), tmp_path_factory.mktemp("registry")
    uri = f"{SQLITE}{new_registry_file(registry, tmp_path_factory.getbasetemp())}"
    ingest(lake, folder, DAY)
    instance = dg.DagsterInstance.ephemeral()
    with overridden("REFI_MLFLOW_URI", uri):
        ran = run_job(lake, DAY, job="offers_history", instance=instance)
    assert ran.success, ran.failure
    return PublishedLake(lake, ran, instance)


def query(made: PublishedLake, sql: str) -> list[dict[str, Any]]:
    lake = open_lake(str(made.lake))
    relations = [RunFolder(lake, made.run_id).load(key) for key in RELATIONS.values()]
    with open_duckdb(lake).session(readable(lake, relations)) as session:
        return session.query(parsed(sql))


def test_history_alone_is_enough_and_every_check_passes(made):
    only_about_files = {f"staging/{source} no_cell_nulled" for source in HISTORY}
    assert made.ran.failed_checks.keys() == only_about_files
    for name in RELATIONS:
        assert "There is no champion to watch yet." in str(
            made.ran.checks[f"ml/{name}_watch scores_stable"].description
        )


@pytest.mark.parametrize(("model", "label"), [("loan_approval", "approved"), ("default_risk", "defaulted")])
def test_the_relation_has_the_known_outcomes(made, truth, model, label):
    (row,) = query(
        made,
        f"SELECT COUNT(*) AS decisions, COUNT({label}) AS outcomes_known, COUNT_IF({label}) AS positive, "
        f"MAX(outcome_known_on) AS newest FROM {RELATIONS[model].replace('/', '.')}",
    )
    assert row.pop("newest") <= DAY
    assert row == {name: truth[model][name] for name in row}


def test_payment_delays_are_read_from_the_text_as_of_the_decision(made, folder):
    with (folder / "application_history.csv").open(newline="") as stream:
        texts = {row["application_id"]: row["payment_history"] for row in csv.DictReader(stream)}
    rows = query(made, "SELECT * FROM offers.approval_decisions")
    assert len(rows) > 20_000
    for row in rows:
        delays = [int(month) for month in texts[row["application_id"]][:12] if month != "."]
        newest = [int(month) for month in texts[row["application_id"]][:3] if month != "."]
        assert row["worst_payment_delay_12m"] == (max(delays) if delays else None)
        assert row["worst_payment_delay_3m"] == (max(newest) if newest else None)
        mean = row["mean_payment_delay_12m"]
        assert mean == (pytest.approx(sum(delays) / len(delays)) if delays else None)


@pytest.mark.parametrize("relation", RELATIONS.values())
def test_an_outcome_that_was_known_on_the_day_of_the_decision_is_an_error(made, tmp_path, relation):
    lake = made.copy(tmp_path / "lake")
    replaced("decided_on", "outcome_known_on")(lake / "runs" / made.run_id / f"{relation}.json")
    ran = run_job(lake, DAY, job="checks_of_" + relation.replace("/", "_"), instance=made.instance, memo="off")
    assert not ran.checks[f"{relation} outcome_follows_decision"].passed
    assert not ran.success


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """The models' training from files in the raw zone, before anything else has run."""
    here = tmp_path_factory.mktemp("trained")
    uri = f"{SQLITE}{new_registry_file(here / 'registry', tmp_path_factory.getbasetemp())}"
    ingest(here / "lake", folder, DAY)
    environment = {"REFI_MLFLOW_URI": uri, "REFI_LAKE_URL": str(here / "lake"), "OPENLINEAGE_DISABLED": "true"}
    options = ("--policy", write_quick_policy(here), "--as-of", DAY, "--promote", "--who", "ana", "--json")
    return {name: refi_here("model", "train", name, *options, environment=environment) for name in RELATIONS}


@pytest.mark.parametrize("model", RELATIONS)
def test_a_model_reaches_the_best_possible_auc_within_a_fiftieth(trained, truth, model):
    answer = trained[model]
    assert answer.returncode == 0, answer.stderr
    assert answer.json["promoted"]
    best = truth[model]["best_possible_auc"]
    assert 0.75 < best < 0.9
    assert abs(answer.json["figures"]["logistic_regression"]["roc_auc"] - best) < 0.02


def test_retraining_of_one_domain_reads_no_file_of_another():
    def sources(job: str) -> set[str]:
        keys = definitions().resolve_job_def(job).asset_layer.executable_asset_keys
        return {key.path[1] for key in keys if key.path[0] == "raw"}

    assert sources("retrain_offers") == sources("offers_history") == set(HISTORY)
    assert "credit_decision" in sources("retrain")
    assert not sources("retrain") & set(HISTORY)
