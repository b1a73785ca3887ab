"""refi replay: the same bytes from the recorded inputs and policy, or the reason why not."""

import json
import shutil
from pathlib import Path

import pytest

from refi_assets.settings import PROJECT_DIR
from tests.support.lender import lender, write
from tests.support.running import ingest, latest, run_job

LOANS = "raw/loan_information/load_date=2026-02-20/loan_information.csv"


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """A lake with an audience under the policy in force, of 9, and one under another policy, of 10."""
    folder = tmp_path_factory.mktemp("published")
    rows = lender()
    rows["market_equity"][9]["ltv_ratio"] = "81"
    ingest(folder / "lake", write(rows, folder / "source"))
    assert run_job(folder / "lake").success
    policy = folder / "lenient.yaml"
    in_force = (PROJECT_DIR / "policies" / "refi" / "refi.yaml").read_text()
    policy.write_text(in_force.replace("max_ltv_pct: 80", "max_ltv_pct: 82"))
    assert run_job(folder / "lake", policy=policy).success
    return folder / "lake"


@pytest.fixture
def lake(published, tmp_path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "lake"))


@pytest.fixture
def run_id(lake) -> str:
    return str(latest(lake)["run_id"])


def change_manifest(lake: Path, run_id: str, part: str, name: str, value: object) -> None:
    path = lake / "output" / f"{run_id}.manifest.json"
    manifest = json.loads(path.read_text())
    manifest[part][name] = value
    path.write_text(json.dumps(manifest))


def state(lake: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in lake.rglob("*") if path.is_file()}


def test_a_replay_writes_the_same_bytes_and_only_reads_the_lake(refi, lake, run_id, tmp_path):
    before = state(lake)
    done = refi("replay", run_id, "--lake", lake, "--out", tmp_path / "again.csv", "--json")

    replayed = json.loads(done.stdout)
    assert (replayed["same"], replayed["rows"], replayed["other_code"]) == (True, 9, [])
    assert (tmp_path / "again.csv").read_bytes() == (lake / "output" / f"{run_id}.csv").read_bytes()
    assert state(lake) == before


def test_a_replay_uses_the_recorded_policy_and_not_the_one_in_force(refi, lake, run_id):
    (overridden,) = {path.stem for path in (lake / "output").glob("*.csv")} - {run_id}
    assert "The same bytes: 10 rows" in refi("replay", overridden, "--lake", lake).stdout


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_changed_or_lost_inputs_are_refused_by_name(refi, lake, run_id, damage):
    path = lake / LOANS
    path.write_bytes(path.read_bytes().replace(b"6.500", b"6.501")) if damage == "changed" else path.unlink()
    done = refi("replay", run_id, "--lake", lake, check=1)
    assert LOANS in done.stderr
    assert "has changed since run" in done.stderr if damage == "changed" else "not in the lake any more" in done.stderr


def test_other_code_is_named_and_refused_without_any_code(refi, lake, run_id):
    change_manifest(lake, run_id, "sql_sha256", "refi/refi_eligibility", "0" * 64)
    done = refi("replay", run_id, "--lake", lake, check=1)
    assert "sql_sha256 refi/refi_eligibility: 000000000000 then" in done.stderr
    assert "--any-code" in done.stderr
    assert "The same bytes" in refi("replay", run_id, "--lake", lake, "--any-code").stdout


def test_different_bytes_are_reported_with_both_hashes(refi, lake, run_id):
    audience = json.loads((lake / "output" / f"{run_id}.manifest.json").read_text())["audience"]
    change_manifest(lake, run_id, "audience", "sha256", "0" * 64)
    done = refi("replay", run_id, "--lake", lake, check=1)
    assert f"Published: 9 rows, SHA-256 {'0' * 64}." in done.stdout
    assert f"Now:       9 rows, SHA-256 {audience['sha256']}." in done.stdout


def test_an_unknown_run_is_one_clear_message(refi, lake):
    assert "has published nothing" in refi("replay", "no-such-run", "--lake", lake, check=1).stderr
