"""The whole job on real files, against known answers and against an independent computation."""

import csv
import hashlib
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from refi_assets.specs.sql_models import load_sql_models
from tests.support.oracle import expected
from tests.support.policy_files import changed_policy
from tests.support.running import SHARED_TOOLS

COLUMNS = list(load_sql_models()["activation/audience_file"].tree.named_selects)


def audience(path: str) -> list[list[str]]:
    with Path(path).open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def test_the_ten_refi_ready_borrowers_of_the_proof_of_concept(shared_data, run):
    result = run(shared_data / "poc", "2026-02-20")

    header, *rows = audience(result["audience"])
    with (shared_data / "poc" / "expected_refi_ready.csv").open(newline="") as stream:
        expected_rows = list(csv.DictReader(stream))
    assert header == COLUMNS
    assert {row[0]: row[4] for row in rows} == {row["borrower_id"]: row["marketing_category"] for row in expected_rows}
    for row in expected_rows:
        (actual,) = [cells for cells in rows if cells[0] == row["borrower_id"]]
        assert actual[1] == row["full_name"]
        assert Decimal(actual[2]) == round(Decimal(row["rate_spread"]), 6), "the original's spreads are doubles"
    assert result["counts"]["unified"] == 51
    assert result["counts"]["eligible"] == 10


@pytest.mark.parametrize(
    "as_of",
    ["2009-06-04", *(pytest.param(day, marks=pytest.mark.long) for day in ("2010-10-14", "2012-11-21", "2008-01-24"))],
)
def test_real_mortgages_against_an_independent_computation(shared_data, run, tmp_path, as_of):
    source = tmp_path / "source"
    subprocess.run(
        [sys.executable, SHARED_TOOLS / "real_refi_case.py", source, "--as-of", as_of], check=True, capture_output=True
    )
    # At some dates rates fell so far that nearly everybody is eligible; this test is not about the share.
    policy = changed_policy(tmp_path, ("block_above: 95", "block_above: 100"))

    result = run(source, as_of, "--policy", policy)

    oracle = expected(source)
    counts = result["counts"]
    assert counts["unified"] == oracle.unified
    assert counts["eligible"] == oracle.eligible
    assert counts["tiers"] == dict(oracle.tiers)
    header, *rows = audience(result["audience"])
    assert header == COLUMNS
    assert [tuple(row) for row in rows] == oracle.audience
    assert all(source["rows"] == source["accepted"] for source in counts["sources"].values())


def test_the_manifest_proves_the_audience(shared_data, run):
    result = run(shared_data / "poc", "2026-02-20")

    manifest = json.loads(Path(result["manifest"]).read_text())
    latest = json.loads(Path(result["audience"]).with_name("latest.json").read_text())
    sha256 = hashlib.sha256(Path(result["audience"]).read_bytes()).hexdigest()
    lake = Path(result["audience"]).parents[1]
    assert latest == {
        "run_id": result["run_id"],
        "as_of": "2026-02-20",
        "audience": f"output/{result['run_id']}.csv",
        "manifest": f"output/{result['run_id']}.manifest.json",
        "sha256": sha256,
    }
    assert manifest["audience"]["sha256"] == sha256
    assert {file["source"] for file in manifest["inputs"]} == set(result["counts"]["sources"])
    for file in manifest["inputs"]:
        assert hashlib.sha256((lake / file["key"]).read_bytes()).hexdigest() == file["sha256"]
    assert manifest["counts"] == result["counts"]


def test_the_same_inputs_give_the_same_bytes_with_any_number_of_threads(shared_data, refi, tmp_path):
    source = tmp_path / "source"
    subprocess.run([sys.executable, SHARED_TOOLS / "real_refi_case.py", source], check=True, capture_output=True)

    hashes = set()
    for threads in ("1", "2", "5"):
        lake = tmp_path / f"lake{threads}"
        done = refi("run", "--source", source, "--lake", lake, "--as-of", "2009-06-04", "--json", REFI_THREADS=threads)
        hashes.add(hashlib.sha256(Path(json.loads(done.stdout)["audience"]).read_bytes()).hexdigest())
    assert len(hashes) == 1
