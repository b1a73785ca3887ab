"""REFI_LOG_FORMAT=json: every line that a run logs is one JSON object that names the run and no borrower."""

import csv
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from refi_assets.orchestration.logs import json_console
from refi_assets.sample.case_model import SOURCES
from refi_assets.settings import PROJECT_DIR
from tests.support.lender import lender, write
from tests.support.running import definitions
from tests.support.serving import REFI

JSON = {"REFI_LOG_FORMAT": "json"}
DAY = "2026-02-20"
SAMPLE = PROJECT_DIR / "data" / "sample"
Line = dict[str, Any]
KEYS = ["time", "level", "run_id", "job", "asset", "event", "message"]


def lines_of(text: str) -> list[Line]:
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines
    for line in lines:
        assert list(line) == KEYS
        assert datetime.fromisoformat(line["time"]).tzinfo == UTC
        assert line["level"] in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    return lines


def test_every_line_of_a_run_is_json_with_run_and_asset_and_names_no_borrower(environment, tmp_path):
    """In a process of its own, whose stdout has only the result and whose stderr has only the log."""
    done = subprocess.run(
        [REFI, "run", "--source", SAMPLE, "--lake", tmp_path / "lake", "--as-of", DAY, "--json"],
        env=environment | JSON,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    result, lines, text = json.loads(done.stdout), lines_of(done.stderr), done.stderr

    assert {line["job"] for line in lines} == {"refi", "clean_up"}
    assert {line["run_id"] for line in lines if line["job"] == "refi"} == {result["run_id"]}
    events = [(line["event"], line["asset"]) for line in lines if line["job"] == "refi"]
    assert ("RUN_SUCCESS", None) in events
    assert events.count(("ASSET_MATERIALIZATION", "activation/audience_file")) == 1
    assert sorted(asset for event, asset in events if event == "ASSET_MATERIALIZATION") == sorted(
        key.to_user_string() for key in definitions().resolve_job_def("refi").asset_layer.executable_asset_keys
    )
    assert all(asset for event, asset in events if event.startswith(("STEP_", "ASSET_")))
    assert [
        (line["asset"], line["level"]) for line in lines if line["message"].startswith("no_cell_nulled failed")
    ] == [(f"staging/{source}", "WARNING") for source in ("borrower_information", "loan_information", "market_equity")]

    with (SAMPLE / "borrower_information.csv").open(newline="", encoding="utf-8") as stream:
        borrowers = list(csv.DictReader(stream))
    personal = {
        (row[column] or "").strip() for row in borrowers for column in ("first_name", "last_name", "email", "phone")
    } - {""}
    assert len(personal) > 300, "the sample has personal data to look for"
    words = set(re.findall(r"[\w@.'-]+", text))
    assert {value for value in personal if value in words or ("@" in value and value in text)} == set()


def test_a_blocked_run_logs_the_reason_as_json_and_quotes_no_cell(refi, tmp_path, monkeypatch):
    monkeypatch.setattr(dg.colored_console_logger, "_logger_fn", json_console)  # as log_runs_as_json() does
    rows = lender(eligible=0)
    for n, row in enumerate(rows["borrower_information"]):
        row.update(first_name=f"Zzgiven{n}", last_name="Zzfamily", email=f"zz{n}@secret.example", phone="+1555zz123")
    rows["loan_information"][22]["current_interest_rate"] = "Zzrate"
    source = write(rows, tmp_path / "source")

    done = refi("run", "--source", source, "--lake", tmp_path / "lake", "--as-of", DAY, check=1, **JSON)

    lines = lines_of(done.stderr)
    errors = [
        (line["event"], line["asset"], line["message"].split("\n")[0]) for line in lines if line["level"] == "ERROR"
    ]
    check = ("ASSET_CHECK_EVALUATION", "refi/refi_audience", "audience_not_empty failed: 0; at least 1 borrower")
    assert check in errors
    assert [event for event, *_ in errors].count("STEP_FAILURE") == 1
    assert lines[0]["run_id"]
    assert {line["run_id"] for line in lines} == {lines[0]["run_id"]}
    assert lines[-1]["message"].startswith("Blocked by refi/refi_audience audience_not_empty")
    assert "zz" not in done.stderr.lower()


def test_an_error_before_the_run_is_a_json_line(refi, tmp_path):
    nothing = tmp_path / "nothing"
    nothing.mkdir()

    (line,) = lines_of(refi("run", "--source", nothing, "--lake", tmp_path / "lake", check=1, **JSON).stderr)

    assert (line["level"], line["run_id"]) == ("ERROR", None)
    assert "borrower_engagement" in line["message"]


def test_warnings_of_libraries_are_json_and_an_exception_is_named_by_its_type():
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            "import logging, warnings\n"
            "from refi_assets.observability.json_logs import log_as_json\n"
            "log_as_json()\n"
            "warnings.warn('this is deprecated')\n"
            "try:\n    int('Given1')\n"
            "except ValueError:\n    logging.getLogger('library').exception('a cell\\nis bad')\n",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT_DIR,
    )

    warning, error = lines_of(process.stderr)
    assert "this is deprecated" in warning["message"]
    assert error["message"] == "a cell\nis bad (ValueError)"
    assert "Given1" not in process.stderr


@pytest.mark.long
def test_a_run_that_dagster_launches_logs_the_same_lines(environment, tmp_path):
    """As the daemon and the UI launch one: with a configuration that names no logger."""
    folder = tmp_path / "lake" / "raw"
    for file in (SAMPLE / f"{source}.csv" for source in SOURCES):
        path = folder / file.stem / f"load_date={DAY}" / file.name
        path.parent.mkdir(parents=True)
        path.write_bytes(file.read_bytes())
    launched = subprocess.run(
        [Path(sys.executable).with_name("dg"), "launch", "--assets", "raw/loan_information", "--partition", DAY],
        env={**environment, **JSON, "REFI_LAKE_URL": str(tmp_path / "lake")},
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert launched.returncode == 0, launched.stderr

    lines = lines_of("\n".join(line for line in launched.stderr.splitlines() if line.startswith("{")))

    assert len({line["run_id"] for line in lines}) == 1
    assert ("ASSET_MATERIALIZATION", "raw/loan_information") in [(line["event"], line["asset"]) for line in lines]
    assert " - dagster - " not in launched.stderr, "nothing is logged as text"
