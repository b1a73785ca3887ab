"""The same files give the same published files, relations and verdicts on Spark as on DuckDB, byte for byte."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import open_lake
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun
from refi_assets.sample.bank import generate_bank
from refi_assets.sample.generate import generate_files
from refi_assets.sample.risk import generated_risk
from refi_assets.settings import PROJECT_DIR
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
from tests.support.running import DAY, Ran, ingest, run_job

pytestmark = pytest.mark.usefixtures("spark")

ENGINES = ("duckdb", "spark")


def test_messy_files_give_the_same_audience(tmp_path: Path) -> None:
    generate_files(2000, 7, tmp_path / "source")
    outcomes = {}
    for engine in ENGINES:
        deployment = Deployment(str(tmp_path / engine), {"REFI_ENGINE": engine})
        ran = run_whole_job(deployment, tmp_path / "source", DAY)
        assert ran.success, ran.failure
        outcomes[engine] = outcome(deployment), verdicts(ran)
        assert outcomes[engine][0].engine == engine
    (expected, checks), (actual, checks_on_spark) = outcomes.values()
    assert replace(actual, engine="") == replace(expected, engine="")
    assert checks_on_spark == checks
    assert actual.audience.count(b"\n") > 10, "there is an audience"


@pytest.mark.long
def test_customers_get_the_same_offers(tmp_path: Path) -> None:
    source = offer_source(tmp_path, customers=500)
    expected = source.run_in(folder_lake(source, "duckdb"), NO_SETTINGS)
    actual = source.run_in(folder_lake(source, "spark", engine="spark"), NO_SETTINGS)
    require_same(actual, expected, "spark")
    assert len(expected.rows[OFFERS]) > 50, "there are offers"


@dataclass(frozen=True)
class JobOutcome:
    """The published file, the rows and columns of all relations, their counts, and the verdicts of all checks."""

    file: bytes
    rows: dict[str, list[str]]
    columns: dict[str, dict[str, str]]
    counts: dict[str, dict[str, int]]
    checks: dict[str, tuple[bool, str]]


def job_outcome(lake_folder: Path, source: Path, engine: str, domain: str, **policies: Path) -> JobOutcome:
    with in_force(Deployment(str(lake_folder), {"REFI_ENGINE": engine, "REFI_LAKE_URL": str(lake_folder)})):
        ingest(lake_folder, source)
        ran = run_job(lake_folder, job=domain, policies=policies, force_latest=True)
        assert ran.success, ran.failure
        lake = open_lake(str(lake_folder))
        run = PublishedRun.find(Publication(domain), lake, open_duckdb(lake))
        relations = {each.key: each for each in run.relations if each.kind != "files"}
        with run.engine.session(run.relations) as session, lake.open(run.manifest["file"]["key"]) as file:
            return JobOutcome(
                file.read(),
                {key: plain(session.query(everything_in(relation))) for key, relation in relations.items()},
                {key: relation.columns for key, relation in relations.items()},
                {key: relation.counts for key, relation in relations.items()},
                verdicts(ran),
            )


def verdicts(ran: Ran) -> dict[str, tuple[bool, str]]:
    """Whether each check passed, and what it says, without the run's id."""
    return {
        name: (check.passed, (check.description or "").replace(ran.run_id, "RUN")) for name, check in ran.checks.items()
    }


@pytest.mark.long
def test_a_bank_gets_the_same_silver_and_gold(tmp_path: Path) -> None:
    generate_bank(100, 7, tmp_path / "source", as_of=DAY, months=12)
    # A fixed number of rows is defective, so a small bank has a large share of them.
    lenient = tmp_path / "banking.yaml"
    lenient.write_text((PROJECT_DIR / "policies" / "banking" / "banking.yaml").read_text().replace(" 10}", " 100}"))
    expected, actual = (
        job_outcome(tmp_path / engine, tmp_path / "source", engine, "banking", banking=lenient) for engine in ENGINES
    )
    for name, content in vars(expected).items():
        assert vars(actual)[name] == content, name
    assert len(expected.rows["gold/account_month"]) > 100


@pytest.mark.long
def test_borrowers_get_the_same_features_and_reports(tmp_path: Path) -> None:
    """Without a champion, nobody is scored; payouts, as times and sums, are judged all the same."""
    with generated_risk(300, 3, tmp_path / "source", as_of=DAY - timedelta(days=2), days=2, months=13):
        pass
    replayed = tmp_path / "source" / "replayed"
    expected, actual = (job_outcome(tmp_path / engine, replayed, engine, "risk") for engine in ENGINES)
    for name, content in vars(expected).items():
        assert vars(actual)[name] == content, name
    assert len(expected.rows["risk/payout"]) > 10
