"""Relations are reused if nothing that decides them has changed, and --verify computes them again."""

import hashlib
import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from refi_assets.ingestion.details import SnapshotDetails
from refi_assets.lake import FolderStore, Relation, RunFolder
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.code import code_sha256
from tests.support.lender import lender, write
from tests.support.policy_files import changed_policy
from tests.support.running import Ran, ingest, run_job

NEXT_DAY = date(2026, 2, 21)
MADE_BY_SQL = (
    *("refi/judged_offer", "refi/unified_refi_dataset", "refi/unmatched_borrowers"),
    *("refi/refi_eligibility", "refi/refi_audience"),
)


def relation(lake: Path, ran: Ran, key: str) -> Relation:
    return RunFolder(FolderStore(str(lake)), ran.result.run_id).load(key)


def made_by(lake: Path, ran: Ran, *keys: str) -> list[str]:
    """The run that made each relation."""
    relations = [relation(lake, ran, key) for key in keys]
    return [record.made_by or record.run_id for record in relations]


def entries(lake: Path) -> set[str]:
    """The memo's entries of runs, without the hashes of files."""
    paths = {path.relative_to(lake) for path in (lake / "memo").rglob("*.json")}
    return {path.as_posix() for path in paths if path.parts[1] != "hashes"}


def test_the_next_day_reuses_relations_if_nothing_they_depend_on_has_changed(lake):
    first, second = run_job(lake), run_job(lake, NEXT_DAY)
    assert made_by(lake, second, *MADE_BY_SQL) == [first.result.run_id] * 5
    for key in MADE_BY_SQL:
        before, now = relation(lake, first, key), relation(lake, second, key)
        assert (before.fingerprint, before.rows, before.counts) == (now.fingerprint, now.rows, now.counts)
        assert (now.as_of, now.run_id) == (NEXT_DAY, second.result.run_id)


def test_a_changed_policy_recomputes_only_the_relations_that_bind_it_and_those_after_them(lake, tmp_path):
    first = run_job(lake)
    second = run_job(lake, policy=changed_policy(tmp_path, ("letters_per_loan: one", "letters_per_loan: each")))
    assert made_by(lake, second, *MADE_BY_SQL) == [first.result.run_id] * 3 + [second.result.run_id] * 2


def test_the_fingerprint_is_dagsters_data_version(lake):
    ran = run_job(lake)
    (event,) = [
        event
        for event in ran.result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(["refi", "refi_eligibility"])
    ]
    version = (event.materialization.tags or {})["dagster/data_version"]
    assert version == relation(lake, ran, "refi/refi_eligibility").fingerprint
    assert len(version) == 64


def test_checks_are_not_evaluated_again_and_a_failed_one_fails_again(tmp_path):
    lake = tmp_path / "lake"
    ingest(lake, write(lender(eligible=0), tmp_path / "source"))
    first = run_job(lake)
    before = entries(lake)
    second = run_job(lake)

    assert (first.success, second.success) == (False, False)
    assert first.failed_checks == second.failed_checks == {"refi/refi_audience audience_not_empty": "ERROR"}
    assert entries(lake) == before, "nothing was evaluated again"


def test_checks_are_evaluated_again_under_another_limit(tmp_path):
    lake = tmp_path / "lake"
    ingest(lake, write(lender(eligible=20), tmp_path / "source"))
    assert run_job(lake).failed_checks == {}
    strict = run_job(lake, policy=changed_policy(tmp_path, ("warn_above: 60", "warn_above: 40")))
    assert strict.failed_checks == {"refi/refi_audience audience_share_is_plausible": "WARN"}


def test_a_check_that_reads_the_as_of_day_is_evaluated_again_on_another_day(lake):
    run_job(lake)
    later = run_job(lake, date(2026, 2, 27))
    assert "raw/market_equity source_is_current" in later.failed_checks


def test_verify_computes_everything_again_and_agrees(lake):
    first = run_job(lake)
    again = run_job(lake, memo="verify")
    assert again.success, again.failure
    assert made_by(lake, again, *MADE_BY_SQL) == [again.result.run_id] * 5
    files = [lake / "output" / f"{ran.result.run_id}.csv" for ran in (first, again)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_verify_hashes_a_file_whose_remembered_hash_is_forged(lake):
    """Everything else agrees: the record has the version of the stored file."""
    first = run_job(lake)
    (path,) = (lake / "raw" / "market_equity").rglob("*.csv")
    honest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(path.read_text().replace("P001", "P999"))
    store, key = FolderStore(str(lake)), path.relative_to(lake).as_posix()
    info = store.find(key)
    assert info is not None
    name = hashlib.sha256(key.encode()).hexdigest()
    store.put_json(f"memo/hashes/{name}.json", {"of": key, "version": store.version(info).text, "sha256": honest})

    believing, verifying = run_job(lake), run_job(lake, memo="verify")

    scanned = [relation(lake, ran, "raw/market_equity") for ran in (first, believing, verifying)]
    hashes = [record.details_as(SnapshotDetails).snapshot.files[0].sha256 for record in scanned]
    assert hashes == [honest, honest, hashlib.sha256(path.read_bytes()).hexdigest()]
    assert made_by(lake, verifying, "staging/market_equity") == [verifying.result.run_id]


def test_verify_names_a_relation_that_differs_from_the_memo(lake):
    first = run_job(lake)
    parquet = lake / str(relation(lake, first, "refi/judged_offer").parquet)
    changed = "SELECT * REPLACE (CASE borrower_id WHEN 'B007' THEN 99 ELSE ltv_ratio END AS ltv_ratio)"
    duckdb.sql(f"COPY ({changed} FROM '{parquet}') TO '{parquet}.new' (FORMAT parquet)")
    Path(f"{parquet}.new").replace(parquet)

    assert run_job(lake).success, "the memo trusts the stored rows"
    again = run_job(lake, memo="verify")

    assert not again.success
    assert f"refi/judged_offer: run {first.result.run_id} made it" in again.failure
    assert "1 rows then but not now, 1 now but not then" in again.failure


@pytest.mark.parametrize(
    "changed", ["specs/contracts.py", "engines/duckdb.py", "staging/judge.py", "ingestion/cells.sql"]
)
def test_a_fix_anywhere_behind_staging_gives_it_another_fingerprint(tmp_path, changed):
    """The cache of staged sources had read only the code in staging/: old rows stayed in force."""
    package = tmp_path / "refi_assets"
    shutil.copytree(PROJECT_DIR / "refi_assets", package, ignore=shutil.ignore_patterns("__pycache__"))
    with (package / changed).open("a") as stream:
        stream.write("\n-- fixed\n" if changed.endswith(".sql") else "\n# fixed\n")
    printed = subprocess.run(
        [sys.executable, "-c", "import json; from refi_assets.specs.code import code_sha256 as c\n"
         "print(json.dumps([c('refi_assets.staging.stage'), c('refi_assets.observability.alerts')]))"],
        check=True, cwd=tmp_path, capture_output=True, text=True,
    ).stdout  # fmt: skip
    staging, alerts = json.loads(printed)
    assert staging != code_sha256("refi_assets.staging.stage")
    assert alerts == code_sha256("refi_assets.observability.alerts"), "it uses none of this code"
