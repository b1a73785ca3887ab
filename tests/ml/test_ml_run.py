"""The domain ml from generated files to published features: as known by construction, and as for rows in memory."""

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import numpy as np
import pytest

from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import RunFolder, open_lake
from refi_assets.lake.relations import readable
from refi_assets.lineage.graph import lineage_graph
from refi_assets.ml.feature_session import FeatureSession, declared_features, input_columns
from refi_assets.orchestration.jobs import source_keys
from refi_assets.sample.customers import DRIVERS, generate_customers
from refi_assets.specs.contracts import contracts_of
from refi_assets.specs.sql_models import load_sql_models, parsed
from tests.orchestration.doctored import Change, parquet, replaced
from tests.support.commands import refi_here
from tests.support.lakes import PublishedLake
from tests.support.running import ingest, run_job

DAY = date(2026, 2, 28)
CUSTOMERS = 400
RELATIONS = ("ml/subject", "ml/subject_features", "ml/credit_decision_features", "ml/customer_features")
NAMES = ", ".join(declared_features())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("customers")
    generate_customers(CUSTOMERS, 7, folder)
    return folder


@pytest.fixture(scope="module")
def published(files: Path, tmp_path_factory: pytest.TempPathFactory) -> PublishedLake:
    lake = tmp_path_factory.mktemp("lake")
    ingest(lake, files, DAY)
    instance = dg.DagsterInstance.ephemeral()
    ran = run_job(lake, DAY, selection=[*source_keys("ml"), *RELATIONS, "ml/feature_file"], instance=instance)
    assert ran.success, ran.failure
    return PublishedLake(lake, ran, instance)


def query(published: PublishedLake, sql: str) -> list[dict[str, Any]]:
    """Rows of a query on the run's relations."""
    lake = open_lake(str(published.lake))
    folder = RunFolder(lake, published.run_id)
    relations = [folder.load(key) for key in (*(f"staging/{source}" for source in contracts_of("ml")), *RELATIONS)]
    with open_duckdb(lake).session(readable(lake, relations)) as session:
        return session.query(parsed(sql))


def test_a_run_publishes_the_features_of_every_customer(published: PublishedLake, files: Path) -> None:
    truth = json.loads((files / "truth.json").read_text())
    assert published.ran.failed_checks == {}
    (pointer,) = (published.lake / "output" / "ml").glob("latest.json")
    manifest = json.loads((published.lake / json.loads(pointer.read_text())["manifest"]).read_text())
    file = published.lake / "output" / "ml" / f"{manifest['run_id']}.csv"
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["customer_id", "as_of", *_in_file_order()]
    ids = [row["customer_id"] for row in rows]
    assert ids == sorted(ids)
    assert len(set(ids)) == CUSTOMERS
    assert published.ran.metadata("ml/credit_decision_features")["dagster/row_count"] == truth["decisions"]


def _in_file_order() -> list[str]:
    return [name for name in load_sql_models()["ml/feature_file"].tree.named_selects if name in declared_features()]


def test_every_feature_is_in_both_relations_and_the_file() -> None:
    for relation in ("subject_features", "credit_decision_features", "customer_features", "feature_file"):
        assert set(load_sql_models()[f"ml/{relation}"].tree.named_selects) > declared_features().keys()


def test_the_features_of_past_decisions_are_those_that_decided_the_outcome(
    published: PublishedLake, files: Path
) -> None:
    """The generator computes them by NumPy from the history that it draws."""
    rows = query(
        published,
        f"SELECT decision.decision_id, {', '.join(f'known.{name}' for name in DRIVERS)} "
        "FROM staging.credit_decision AS decision INNER JOIN ml.subject_features AS known "
        "ON known.customer_id = decision.customer_id AND known.as_of = decision.decided_on",
    )
    with (files / "expected_probabilities.csv").open(newline="") as stream:
        expected = {row["decision_id"]: row for row in csv.DictReader(stream)}
    assert len(rows) == len(expected) > CUSTOMERS
    for name in DRIVERS:
        got = np.array([np.nan if row[name] is None else row[name] for row in rows])
        wanted = np.array([float(expected[row["decision_id"]][name] or "nan") for row in rows])
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12, err_msg=name)
        assert np.isnan(wanted).sum() < 0.6 * len(rows)
        assert len(set(wanted)) > 3


def test_a_decision_without_a_known_outcome_has_no_label(published: PublishedLake, files: Path) -> None:
    (row,) = query(
        published,
        "SELECT MAX(known.outcome_known_on) AS newest, COUNT(*) AS decisions, COUNT(known.defaulted) AS labeled "
        "FROM ml.credit_decision_features AS known",
    )
    truth = json.loads((files / "truth.json").read_text())
    assert row["newest"] <= DAY
    assert (row["decisions"], row["labeled"]) == (truth["decisions"], truth["outcomes_known"])
    assert 0 < row["labeled"] < row["decisions"]


def test_the_rows_of_a_customer_in_memory_give_the_values_of_the_batch(published: PublishedLake) -> None:
    models = load_sql_models()
    inputs = {
        name: query(published, models[f"ml/input/{name}"].tree.sql("athena"))
        for name in input_columns().keys() - {"subject"}
    }
    session = FeatureSession()
    batch = query(published, f"SELECT customer_id, as_of, {NAMES} FROM ml.subject_features")
    for expected in batch[::97]:
        own = {
            name: [row for row in rows if row["customer_id"] == expected["customer_id"]]
            for name, rows in inputs.items()
        }
        subject = [{name: expected[name] for name in ("customer_id", "as_of")}]
        assert session.compute({"subject": subject, **own}) == [expected]


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "again", "other")]
    for folder, seed in zip(folders, (3, 3, 4), strict=True):
        generate_customers(50, seed, folder)
    first, again, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == again
    assert all(other[name] != content for name, content in first.items() if name.endswith(".csv"))


def test_generated_defaults_follow_the_probabilities(files: Path) -> None:
    """Decisions by fifths of their probability: as many default as that says, within four standard errors."""
    rows = duckdb.sql(
        f"SELECT COUNT(*), SUM(probability), SUM(defaulted::INT), SQRT(SUM(probability * (1 - probability))) FROM ("
        f"SELECT *, NTILE(5) OVER (ORDER BY probability) AS fifth FROM '{files / 'expected_probabilities.csv'}' "
        f"JOIN '{files / 'credit_decision.csv'}' USING (decision_id) WHERE defaulted IS NOT NULL) GROUP BY fifth"
    ).fetchall()
    assert [expected for _, expected, defaults, error in rows if abs(defaults - expected) > 4 * error] == []
    assert json.loads((files / "truth.json").read_text())["best_possible_auc"] > 0.7


def test_no_feature_is_derived_from_the_group_file_or_the_outcome() -> None:
    columns = lineage_graph()["ml.subject_features"].columns
    seen: set[str] = set()
    queue = list(columns.values())
    while queue:
        column = queue.pop()
        seen.add(column.id)
        queue += column.made_from
    assert "customer_payment.due_on" in seen
    assert {
        name for name in seen if name.startswith("customer_group") or "outcome" in name or "defaulted" in name
    } == set()


CHECKS: list[tuple[str, str, Change, int]] = [
    ("ml/subject_features every_subject_has_features", "ml/subject_features", parquet("FROM it LIMIT 30"), -1),
    (
        "ml/credit_decision_features outcome_follows_decision",
        "staging/credit_decision",
        replaced("CASE WHEN decision_id = 'D1' THEN decided_on ELSE outcome_known_on END", "outcome_known_on"),
        1,
    ),
]


@pytest.mark.parametrize(("check", "doctored", "change", "number"), CHECKS, ids=[check for check, *_ in CHECKS])
def test_a_check_fails(
    published: PublishedLake, tmp_path: Path, check: str, doctored: str, change: Change, number: int
) -> None:
    lake = published.copy(tmp_path / "lake")
    change(lake / "runs" / published.run_id / f"{doctored}.json")
    asset = check.split(" ", maxsplit=1)[0]
    ran = run_job(lake, DAY, job="checks_of_" + asset.replace("/", "_"), instance=published.instance, memo="off")
    evaluation = ran.checks[check]
    assert not evaluation.passed
    subjects = published.ran.metadata("ml/subject")["dagster/row_count"]
    assert evaluation.metadata["number"].value == (number if number > 0 else subjects - 30)


def test_the_command_generates_the_files(files: Path, tmp_path: Path) -> None:
    answer = refi_here("ml", "generate", tmp_path, "--customers", CUSTOMERS, "--seed", 7)
    assert answer.stdout.startswith(f"{CUSTOMERS} customers, ")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in files.iterdir()
    }


def test_too_few_customers_and_a_file_instead_of_a_folder_are_refused_in_words(tmp_path: Path) -> None:
    refused = refi_here("ml", "generate", tmp_path, "--customers", 9)
    assert "9 customers cannot be generated; ask for 10 to 100,000." in " ".join(refused.stderr.split())
    (tmp_path / "file").touch()
    refused = refi_here("ml", "generate", tmp_path / "file" / "folder", "--customers", 10)
    assert "cannot be written to as a folder" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
