"""The same files give the same published files, relations and verdicts on Spark as on DuckDB, byte for byte."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import open_lake
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun
from refi_assets.sample.bank import generate_bank
from refi_assets.sample.generate import generate_files
from tests.engines.deployments import Deployment, in_force, outcome, run_whole_job
from tests.engines.offer_outcomes import (
    NO_SETTINGS,
    OFFERS,
    everything_in,
    folder_lake,
    offer_source,
    plain,
    require_same,
)
from tests.support.running import DAY, ingest, run_job

pytestmark = pytest.mark.usefixtures("spark")

ENGINES = ("duckdb", "spark")


def test_messy_files_give_the_same_audience(tmp_path: Path) -> None:
    generate_files(2000, 7, tmp_path / "source")
    outcomes = {}
    for engine in ENGINES:
        deployment = Deployment(str(tmp_path / engine), {"REFI_ENGINE": engine})
        ran = run_whole_job(deployment, tmp_path / "source", DAY)
        assert ran.success, ran.failure
        outcomes[engine] = outcome(deployment), verdicts(ran.checks)
        assert outcomes[engine][0].engine == engine
    (expected, checks), (actual, checks_on_spark) = outcomes.values()
    assert replace(actual, engine="") == replace(expected, engine="")
    assert checks_on_spark == checks
    assert actual.audience.count(b"\n") > 10, "there is an audience"


def test_customers_get_the_same_offers(tmp_path: Path) -> None:
    source = offer_source(tmp_path, customers=500)
    expected = source.run_in(folder_lake(source, "duckdb"), NO_SETTINGS)
    actual = source.run_in(folder_lake(source, "spark", engine="spark"), NO_SETTINGS)
    require_same(actual, expected, "spark")
    assert len(expected.rows[OFFERS]) > 50, "there are offers"


@dataclass(frozen=True)
class BankOutcome:
    """The published file, the rows and columns of all relations, their counts, and the verdicts of all checks."""

    file: bytes
    rows: dict[str, list[str]]
    columns: dict[str, dict[str, str]]
    counts: dict[str, dict[str, int]]
    checks: dict[str, tuple[bool, str]]


def bank_outcome(lake_folder: Path, source: Path, engine: str) -> BankOutcome:
    with in_force(Deployment(str(lake_folder), {"REFI_ENGINE": engine, "REFI_LAKE_URL": str(lake_folder)})):
        ingest(lake_folder, source)
        ran = run_job(lake_folder, job="banking")
        assert ran.success, ran.failure
        lake = open_lake(str(lake_folder))
        run = PublishedRun.find(Publication("banking"), lake, open_duckdb(lake))
        relations = {each.key: each for each in run.relations if each.kind != "files"}
        with run.engine.session(run.relations) as session, lake.open(run.manifest["file"]["key"]) as file:
            return BankOutcome(
                file.read(),
                {key: plain(session.query(everything_in(relation))) for key, relation in relations.items()},
                {key: relation.columns for key, relation in relations.items()},
                {key: relation.counts for key, relation in relations.items()},
                verdicts(ran.checks),
            )


def verdicts(checks: dict[str, Any]) -> dict[str, tuple[bool, str]]:
    """Whether each check passed, and what it says."""
    return {name: (check.passed, check.description or "") for name, check in checks.items()}


def test_a_bank_gets_the_same_silver_and_gold(tmp_path: Path) -> None:
    generate_bank(1000, 7, tmp_path / "source", as_of=DAY, months=24)
    expected, actual = (bank_outcome(tmp_path / engine, tmp_path / "source", engine) for engine in ENGINES)
    assert actual == expected
    assert len(expected.rows["gold/account_month"]) > 100
