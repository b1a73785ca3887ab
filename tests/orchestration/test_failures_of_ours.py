"""Bugs of the platform: their message, their log, and the failures that must not stop a run."""

import inspect
import re
from pathlib import Path

import pytest

from refi_assets.identity import report
from refi_assets.publishing import publish
from refi_assets.refi import diff
from tests.support.lender import lender, write
from tests.support.running import ingest, run_job

NEXT_DAY = "2026-02-21"


class Wrong:
    """A constant that breaks the code; its error quotes a borrower and clears a terminal."""

    def __iter__(self):
        raise UnicodeError("Given1 Family1 \x1b[2J")


@pytest.fixture
def source(tmp_path) -> Path:
    return write(lender(), tmp_path / "source")


def test_a_bug_is_reported_with_its_step_type_place_and_the_command_that_shows_the_log(
    refi, source, tmp_path, monkeypatch
):
    """It said only: failed; see it in the UI."""
    monkeypatch.setattr(publish, "SOURCE_FIELDS", Wrong())
    lines, first = inspect.getsourcelines(publish._inputs_behind)
    place = first + next(n for n, line in enumerate(lines) if "SOURCE_FIELDS" in line)

    printed = refi("run", "--source", source, "--lake", tmp_path / "lake", "--as-of", "2026-02-20", check=1).stderr

    last = printed.strip().splitlines()[-1]
    match = re.fullmatch(
        rf"refi: activation/audience_file failed: UnicodeError at {re.escape(publish.__name__)}:{place}\. "
        r"The last published audience is unchanged\. See: refi log ([0-9a-f-]{36})",
        last,
    )
    assert match, last
    assert "Given1" not in printed

    log = refi("log", match[1]).stdout
    assert log.startswith(f"Run {match[1]}, job refi: FAILURE\n")
    assert "STEP_FAILURE activation/audience_file" in log
    assert f"line {place}, in" in log
    assert r"Given1 Family1 \x1b[2J" in log
    assert "\x1b" not in log


def test_the_log_of_an_unknown_run_is_a_message(refi):
    printed = refi("log", "none-such", check=1).stderr
    assert re.fullmatch(r"refi: Dagster's instance in \S+ has no run none-such\.\n", printed)


def test_a_page_that_cannot_be_drawn_is_a_warning_and_the_audience_is_published(tmp_path, source, monkeypatch):
    """An error in a picture's axis ended the run."""
    monkeypatch.setattr(report, "SIZES", None)
    ingest(tmp_path / "lake", source)

    ran = run_job(tmp_path / "lake", identity="splink")

    assert ran.success
    assert ran.failed_checks["identity/resolved_borrower report_written"] == "WARN"
    check = ran.checks["identity/resolved_borrower report_written"]
    assert re.search(rf"TypeError at {re.escape(report.__name__)}:\d+\.$", check.description or "")
    assert not list((tmp_path / "lake").glob("runs/*/identity/*.html"))


def test_an_audience_that_cannot_be_compared_with_the_last_is_published_with_a_warning(
    refi, source, tmp_path, monkeypatch
):
    refi("run", "--source", source, "--lake", tmp_path / "lake", "--as-of", "2026-02-20")
    monkeypatch.setattr(diff, "tables_read", None)

    result = refi("run", "--lake", tmp_path / "lake", "--as-of", NEXT_DAY, "--json").json

    (warning,) = [warning for warning in result["warnings"] if "compared" in warning]
    reason = rf"Not compared with the day before: TypeError at {re.escape(diff.__name__)}:\d+\."
    assert re.fullmatch(rf"activation/run_numbers numbers_complete \(1; 0 problems\. {reason}\)", warning)
