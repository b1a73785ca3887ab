"""Runs that published nothing: their messages, and answers about them.

The runs are like those of the daemon, except in tests of the command itself.
"""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from refi_assets.lake import FolderStore
from refi_assets.publishing.retention import clean_up
from tests.support.lender import Rows, lender, write
from tests.support.running import DAY, ingest, latest, run_job

CHECK = "staging/loan_information quarantine_is_small"
WHY = f"blocked by {CHECK}"


def percent_signs() -> Rows:
    rows = lender()
    for row in rows["loan_information"]:
        row["current_interest_rate"] += "%"
    return rows


@pytest.fixture(scope="module")
def blocked(tmp_path_factory) -> tuple[Path, str]:
    """A lake in which nothing was published, and the run that was blocked."""
    folder = tmp_path_factory.mktemp("blocked")
    ingest(folder / "lake", write(percent_signs(), folder / "source"))
    ran = run_job(folder / "lake")
    assert not ran.success
    return folder / "lake", ran.run_id


@pytest.fixture(scope="module")
def blocked_later(published, tmp_path_factory) -> tuple[Path, str]:
    """A lake with an audience, and a run of the next day that published nothing."""
    folder = tmp_path_factory.mktemp("blocked_later")
    lake = Path(shutil.copytree(published.lake, folder / "lake"))
    later = DAY + timedelta(days=1)
    ingest(lake, write(percent_signs(), folder / "source"), later)
    return lake, run_job(lake, later).run_id


def test_the_message_names_source_reason_column_count_shape_fix_and_command(refi, tmp_path) -> None:
    source, lake = write(percent_signs(), tmp_path / "source"), tmp_path / "lake"

    done = refi("run", "--source", source, "--lake", lake, "--as-of", DAY, "--json", check=1)

    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    run_id = result["run_id"]
    assert f"refi: Blocked by {CHECK} (100; warns above 1 %, blocks above 10 %)." in done.stderr
    assert "- not_a_number in column current_interest_rate: 40, such as 9.999%. Likely fix: Export the" in done.stderr
    command = f"refi quarantine --run {run_id} --source loan_information --reason not_a_number --lake {lake}"
    assert f"See the rows: {command}\n" in done.stderr
    assert done.stderr.endswith("The last published audience is unchanged.\n")
    assert "6.500%" not in done.stderr + done.stdout

    assert (result["status"], result["as_of"]) == ("blocked", DAY.isoformat())
    assert [(check["asset"], check["check"], check["blocks"], check["number"]) for check in result["checks"]] == [
        ("staging/loan_information", "quarantine_is_small", True, 100)
    ]
    assert "9.999%" in result["checks"][0]["description"]
    clean = {"rows": 40, "accepted": 40, "quarantined": {}, "nulled": {}, "emptied": {}, "invisible": {}}
    assert result["counts"] == {
        "sources": {
            "borrower_engagement": clean,
            "borrower_information": clean,
            "loan_information": {**clean, "accepted": 0, "quarantined": {"not_a_number": 40}},
            "market_equity": clean,
        }
    }
    assert f"refi: {result['error']}\n" == done.stderr
    assert "40 rows in quarantine" in refi(*command.split()[1:]).stdout


def test_a_failed_run_and_a_refused_file_also_print_an_object(refi, tmp_path) -> None:
    source, lake = write(lender(), tmp_path / "source"), tmp_path / "lake"
    (source / "market_equity.csv").write_text("property_id,ltv\n1,2\n")
    run = ("run", "--source", source, "--lake", lake, "--as-of", DAY, "--json")

    failed = refi(*run, check=1).json

    assert (failed["status"], failed["checks"]) == ("failed", [])
    assert "lacks" in failed["error"] or "is missing" in failed["error"]
    assert failed["counts"]["sources"].keys() == {"borrower_engagement", "borrower_information", "loan_information"}
    shown = refi("runs", "--lake", lake, "--json").json
    assert (shown["run_id"], shown["status"]) == (failed["run_id"], "failed")
    assert [stop["asset"] for stop in shown["stopped_by"]] == ["catalog/market_equity"]
    assert shown["stopped_by"][0]["reason"] in failed["error"]
    answer = refi("explain", "B001", "--lake", lake)
    assert "published nothing: failed at catalog/market_equity" in answer.stdout
    assert "B001 was not judged" in answer.stdout

    (source / "market_equity.csv").write_text("property_id,ltv\n1,3\n")
    refused = refi(*run, check=1).json
    assert (refused["run_id"], refused["status"], refused["counts"]) == (None, "failed", {"sources": {}})
    assert "already has other content" in refused["error"]


def test_without_any_publication_the_blocked_run_is_shown(refi, blocked) -> None:
    lake, run_id = blocked
    warning = f"The last run, {run_id} as of {DAY}, published nothing: {WHY}; nothing was published before.\n"
    for command, text in {
        ("quarantine",): f"40 rows in quarantine as of {DAY} (run {run_id})",
        ("explain", "B001"): "B001 was not judged",
        ("query", "SELECT COUNT(*) AS n FROM borrower_information"): "40",
        ("runs",): f"{run_id}                                   {WHY}",
    }.items():
        answer = refi(*command, "--lake", lake)
        assert text in answer.stdout, command
        assert answer.stderr == warning


def test_the_relations_of_a_blocked_run_can_be_queried(refi, blocked) -> None:
    lake, run_id = blocked
    options = ("--run", run_id, "--lake", lake)

    rows = [json.loads(line) for line in refi("quarantine", *options, "--json").stdout.splitlines()]
    assert [row["record_number"] for row in rows] == [*range(1, 41)]
    assert json.loads(rows[0]["original_cells"])["current_interest_rate"] == "6.500%"
    assert refi("quarantine", *options, "--reason", "missing_key", "--json").stdout == ""
    query = "SELECT reason, COUNT(*) AS amount FROM quarantine GROUP BY reason"
    assert refi("query", query, *options, "--json").json == {"reason": "not_a_number", "amount": 40}
    assert "no relation refi_audience" in refi("query", "SELECT * FROM refi_audience", *options, check=1).stderr

    explained = refi("explain", "B001", *options, "--json").json
    assert explained["why_unpublished"] == WHY
    not_reached = [
        f"refi/{name}" for name in ("judged_offer", "refi_audience", "refi_eligibility", "unmatched_borrowers")
    ]
    assert explained["not_reached"] == not_reached
    assert [row["record_number"] for row in explained["quarantined"]] == [1]
    text = refi("explain", "B001", *options).stdout
    assert f"stopped before it materialized {', '.join(not_reached)}." in text
    assert "has a borrower 'B999'" in refi("explain", "B999", *options, check=1).stderr

    entry = refi("runs", *options, "--json").json
    assert (entry["run_id"], entry["as_of"], entry["status"]) == (run_id, DAY.isoformat(), "blocked")
    assert "such as 9.999%" in refi("runs", *options).stdout
    assert "Run other is not in " in refi("runs", "--run", "other", "--lake", lake, check=1).stderr
    assert "is not a valid run id" in refi("quarantine", "--run", "../x", "--lake", lake, check=1).stderr


def test_answers_warn_that_a_later_run_published_nothing(refi, published, blocked_later) -> None:
    lake, run_id = blocked_later
    warning = f"The last run, {run_id} as of 2026-02-21, published nothing: {WHY}; this is the audience of {DAY} (run "
    for command, text in {
        ("quarantine",): f"0 rows in quarantine as of {DAY}",
        ("explain", "B001"): f"B001 is in the audience as of {DAY}",
        ("query", "SELECT COUNT(*) AS n FROM refi_audience"): "10",
        ("runs",): "published, latest",
    }.items():
        answer = refi(*command, "--lake", lake)
        assert text in answer.stdout, command
        assert answer.stderr == f"{warning}{published.run_id}).\n"
    assert refi("explain", "B001", "--run", published.run_id, "--lake", lake).stderr == ""
    assert "40 rows in quarantine" in refi("quarantine", "--run", run_id, "--lake", lake).stdout
    shown = [json.loads(line) for line in refi("runs", "--lake", lake, "--json").stdout.splitlines()]
    assert [(entry["run_id"], entry["status"]) for entry in shown] == [
        (published.run_id, "published"),
        (run_id, "blocked"),
    ]


def test_after_the_next_publication_there_is_no_warning_and_an_old_stop_is_cleaned_up(
    refi, blocked_later, tmp_path
) -> None:
    lake = Path(shutil.copytree(blocked_later[0], tmp_path / "lake"))
    ingest(lake, write(lender(), tmp_path / "source"), date(2026, 2, 22))
    assert run_job(lake, date(2026, 2, 22)).run_id == latest(lake)["run_id"]
    assert refi("explain", "B001", "--lake", lake).stderr == ""

    clean_up(FolderStore(str(lake)), 400, timedelta(0))
    assert [folder.name for folder in (lake / "runs").iterdir() if (folder / "stopped_by").exists()] == []


def test_an_empty_audience_shows_why_nobody_is_eligible_and_is_explained(refi, tmp_path) -> None:
    lake = tmp_path / "lake"
    ingest(lake, write(lender(eligible=0), tmp_path / "source"))
    ran = run_job(lake)

    check = ran.checks["refi/refi_audience audience_not_empty"].description or ""
    assert check.splitlines()[1].startswith("- spread_below_min: 40. Likely fix: ")
    command = check.splitlines()[2].removeprefix("See the rows: refi ")
    query = command.split('"')[1]
    assert "spread_below_min" in refi("query", "--run", ran.run_id, query, "--lake", lake, "--json").stdout
    text = refi("explain", "B001", "--run", ran.run_id, "--lake", lake).stdout
    assert "B001 is not in the audience" in text
    assert "rate_spread" in text


def test_borrowers_that_do_not_match_are_counted_by_reason(refi, tmp_path) -> None:
    rows = lender()
    for row in rows["loan_information"][:25]:
        row["borrower_id"] = "0" + row["borrower_id"]
    del rows["market_equity"][30:]
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    ran = run_job(tmp_path / "lake")

    lines = (ran.checks["refi/unified_refi_dataset borrowers_match"].description or "").splitlines()
    assert lines[0] == (
        "12.5; warns below 95 %, blocks below 50 %. 25 of 40 loans differ from a borrower's id only by leading zeros"
    )
    assert lines[1].startswith("- no_loan: 25. Likely fix: Is borrower_id written the same way")
    assert lines[2].startswith("- no_market_data: 10. Likely fix: Is property_id written the same way")
    query = lines[3].split('"')[1]
    rows_shown = refi("query", "--run", ran.run_id, query, "--lake", tmp_path / "lake", "--json").stdout
    assert json.loads(rows_shown.splitlines()[0])["borrower_id"].startswith("B0")


def test_a_run_that_was_killed_is_named(refi, published_lake) -> None:
    shown = refi("runs", "--lake", published_lake).stdout
    assert "Killed" not in shown
    (published_lake / "runs" / "killed-run" / "raw").mkdir(parents=True)
    (published_lake / "runs" / "killed-run" / "raw" / "loan_information.json").write_text("{}")
    assert "Killed, under way, or not meant to publish: killed-run." in refi("runs", "--lake", published_lake).stdout
