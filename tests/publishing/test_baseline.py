"""The baseline of a snapshot: the newest published snapshot of an earlier load date."""

from datetime import date

import pytest

from refi_assets.ingestion.acceptances import accept_check
from refi_assets.lake import FolderStore, open_lake
from refi_assets.publishing.baseline import baseline_of
from refi_assets.publishing.publication import Publication
from tests.support.lender import lender, write
from tests.support.running import DAY, ingest, run_job

REFI = Publication("refi")


@pytest.fixture
def lake(tmp_path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


def publish(lake: FolderStore, run_id: str, as_of: str, load_date: str, rows: int = 10, *, force: bool = False) -> None:
    """A commit, and its manifest with one file of loans."""
    inputs = [
        {"source": "loan_information", "load_date": load_date, "key": "k", "rows": rows},
        {"source": "market_equity", "load_date": "2020-01-01", "key": "k", "rows": 1},
    ]
    quartiles = dict.fromkeys(("quartile_1", "median", "quartile_3"), "6.5")
    profile = {"rows": rows, "numbers": rows, "zeros": 0, "whole": 0, **quartiles}
    profiles = {"loan_information": {"current_interest_rate": profile}}
    manifest = {"run_id": run_id, "inputs": inputs, "profiles": profiles}
    lake.put_json(REFI.manifest_key(run_id), manifest)
    REFI.commit(lake, {"run_id": run_id, "as_of": as_of}, policy_overridden=False, force_latest=force)


def baseline(lake: FolderStore, load_date: date = DAY) -> str | None:
    snapshot = baseline_of(REFI, lake, "loan_information", load_date)
    return snapshot.run_id if snapshot else None


def test_the_baseline_is_the_newest_published_snapshot_of_an_earlier_load_date(lake):
    assert baseline(lake) is None
    publish(lake, "r1", "2026-02-17", "2026-02-16")
    publish(lake, "r2", "2026-02-18", "2026-02-18", rows=20)
    publish(lake, "r3", "2026-02-19", "2026-02-18", rows=30)
    publish(lake, "r4", "2026-02-20", "2026-02-20")
    snapshot = baseline_of(REFI, lake, "loan_information", DAY)
    assert snapshot is not None
    assert (snapshot.run_id, snapshot.load_date, snapshot.rows) == ("r3", date(2026, 2, 18), 30)
    assert str(snapshot.profiles["current_interest_rate"].median) == "6.5"
    assert baseline(lake, date(2026, 2, 18)) == "r1"
    assert baseline(lake, date(2026, 2, 16)) is None
    assert baseline_of(REFI, lake, "borrower_information", DAY) is None


def test_the_later_of_two_publications_of_a_day_is_the_baseline(lake):
    publish(lake, "r1", "2026-02-19", "2026-02-19", rows=1000)
    publish(lake, "r2", "2026-02-19", "2026-02-19", rows=500)
    assert baseline(lake) == "r2"


def test_publishing_an_earlier_day_again_does_not_make_it_the_baseline(lake):
    publish(lake, "r1", "2026-02-19", "2026-02-19")
    publish(lake, "r2", "2026-02-15", "2026-02-15", force=True)
    assert baseline(lake) == "r1"


def test_a_run_without_a_commit_is_never_the_baseline(lake):
    publish(lake, "r1", "2026-02-17", "2026-02-17")
    lake.put_json(REFI.manifest_key("r2"), {"run_id": "r2", "inputs": [], "profiles": {}})
    assert baseline(lake) == "r1"


def test_lost_rows_block_until_somebody_accepts_them_with_a_reason(published_lake, tmp_path):
    """The manifest keeps the reason, and the accepted snapshot is the next baseline."""
    lake, next_day = published_lake, date(2026, 2, 21)
    rows = lender()
    rows["loan_information"] = rows["loan_information"][:30]
    ingest(lake, write(rows, tmp_path / "source"), next_day)
    blocked = run_job(lake, next_day)
    assert blocked.failed_checks["raw/loan_information rows_not_fallen"] == "ERROR"
    description = blocked.checks["raw/loan_information rows_not_fallen"].description
    assert description is not None
    assert "--accept loan_information:rows_not_fallen --reason TEXT" in description

    store = open_lake(str(lake))
    accept_check(store, "loan_information", next_day, "rows_not_fallen", "A pool was sold.")
    accepted = run_job(lake, next_day)
    assert accepted.success
    assert accepted.failed_checks["raw/loan_information rows_not_fallen"] == "WARN"
    manifest = REFI.manifest(store, accepted.run_id)
    assert manifest is not None
    assert manifest["accepted"] == [
        {
            "source": "loan_information",
            "check": "rows_not_fallen",
            "reason": "A pool was sold.",
            "load_date": "2026-02-21",
        }
    ]
    snapshot = baseline_of(REFI, store, "loan_information", date(2026, 2, 22))
    assert snapshot is not None
    assert (snapshot.run_id, snapshot.rows) == (accepted.run_id, 30)
