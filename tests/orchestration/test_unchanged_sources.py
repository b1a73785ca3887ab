"""Unchanged sources are not staged again, and the audience is the same."""

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from refi_assets.errors import SourceError
from refi_assets.ingestion.raw_zone import find_snapshot
from refi_assets.ingestion.snapshots import require_unchanged
from refi_assets.lake import FolderStore, Relation, RunFolder
from tests.support.lender import lender, write
from tests.support.running import Ran, ingest, run_job

SOURCES = ("borrower_information", "loan_information", "market_equity", "borrower_engagement")
NEXT_DAY = date(2026, 2, 21)


@dataclass(frozen=True)
class FirstRun:
    lake: Path
    run: Ran


@pytest.fixture(scope="module")
def first_run(tmp_path_factory) -> FirstRun:
    """A lake with a messy file in it, after a first run."""
    folder = tmp_path_factory.mktemp("unchanged")
    source = write(lender(), folder / "source")
    with (source / "loan_information.csv").open("a") as stream:
        stream.write("\nL900,B901\nL901,B001,7.9%,300000,Fixed\n")
    ingest(folder / "lake", source)
    return FirstRun(folder / "lake", run_job(folder / "lake"))


@pytest.fixture
def first(first_run) -> Ran:
    return first_run.run


@pytest.fixture
def lake(first_run, tmp_path) -> Path:
    """A copy of the lake."""
    return Path(shutil.copytree(first_run.lake, tmp_path / "lake"))


def staged_relation(lake: Path, run: Ran, source: str) -> Relation:
    return RunFolder(FolderStore(str(lake)), run.result.run_id).load(f"staging/{source}")


def staged_by(lake: Path, run: Ran) -> dict[str, str]:
    """Source -> the run whose folder holds its rows."""
    return {source: str(staged_relation(lake, run, source).parquet).split("/")[1] for source in SOURCES}


def audience(lake: Path, run: Ran) -> bytes:
    return (lake / "output" / f"{run.result.run_id}.csv").read_bytes()


def test_the_next_run_reads_the_rows_that_the_first_one_staged(lake, first):
    second = run_job(lake, NEXT_DAY)
    assert staged_by(lake, second) == dict.fromkeys(SOURCES, first.result.run_id)
    assert audience(lake, second) == audience(lake, first)
    assert all(staged_relation(lake, second, s).counts == staged_relation(lake, first, s).counts for s in SOURCES)
    assert staged_relation(lake, second, "loan_information").run_id == second.result.run_id


def test_a_changed_source_is_staged_again_and_no_other(lake, first, tmp_path):
    rows = lender()
    rows["market_equity"][0]["ltv_ratio"] = "95"
    ingest(lake, write(rows, tmp_path / "changed"), NEXT_DAY)
    second = run_job(lake, NEXT_DAY)
    assert staged_by(lake, second)["market_equity"] == second.result.run_id
    assert audience(lake, first).count(b"\n") == audience(lake, second).count(b"\n") + 1


def test_the_same_rows_under_another_load_date_are_staged_again(lake, first_run):
    """Their quarantine names another file."""
    ingest(lake, first_run.lake.parent / "source", NEXT_DAY)
    second = run_job(lake, NEXT_DAY)
    assert staged_by(lake, second) == dict.fromkeys(SOURCES, second.result.run_id)


@pytest.mark.parametrize(
    "pattern",
    ["staging/*/data.parquet", "staging/*.deletes.parquet", "staging/*.quarantine.parquet", "staging/*.json", "raw/*"],
)
def test_lost_files_are_made_again(lake, first, pattern):
    for path in (lake / "runs" / first.result.run_id).glob(pattern):
        path.unlink()
    second = run_job(lake, NEXT_DAY)
    assert second.success
    assert audience(lake, second) == audience(lake, first)


def test_a_file_that_changes_while_it_is_read_is_refused(lake):
    store = FolderStore(str(lake))
    snapshot = find_snapshot(store, "market_equity", NEXT_DAY)
    assert snapshot is not None
    require_unchanged(store, snapshot.objects)
    (lake / snapshot.objects[0].key).open("a").write("P999,5,70,1\n")
    with pytest.raises(SourceError, match="changed while it was read"):
        require_unchanged(store, snapshot.objects)
    (lake / snapshot.objects[0].key).unlink()
    with pytest.raises(SourceError, match="changed while it was read"):
        require_unchanged(store, snapshot.objects)


@pytest.mark.parametrize("rows", [40, 39], ids=["as many rows", "other rows"])
def test_a_file_that_changes_between_scan_and_staging_is_refused(lake, rows):
    instance = dg.DagsterInstance.ephemeral()
    run_job(lake, instance=instance, selection=["raw/market_equity", "catalog/market_equity"])
    shutil.rmtree(lake / "memo")
    (file,) = (lake / "raw" / "market_equity").rglob("*.csv")
    file.write_text("".join(file.read_text().replace("P001", "P999").splitlines(keepends=True)[: rows + 1]))
    by_hand = run_job(lake, instance=instance, selection=["staging/market_equity"])
    assert "market_equity.csv changed while it was read. Run again when it is complete." in by_hand.failure
