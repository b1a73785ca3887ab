"""Text from lenders cannot control a terminal, whichever command prints it."""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from refi_assets.settings import PROJECT_DIR
from tests.support.commands import refi_here
from tests.support.lender import lender, write
from tests.support.policy_files import changed_policy

EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"
SHOWN = r"\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"
OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
DAY, NEXT_DAY = "2026-02-20", "2026-02-21"

Refi = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture
def refi(folder) -> Refi:
    """Call a command in this process; returns its exit code, its output and its errors."""
    home = folder / "dagster_home"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())

    def call(*arguments: object) -> tuple[int, str, str]:
        done = refi_here(*arguments, environment={"DAGSTER_HOME": str(home)})
        return done.returncode, done.stdout, done.stderr

    return call


@pytest.fixture
def lake(refi, folder) -> Path:
    """A lake with two days of hostile files, published: cells, a header and a file name hold escapes."""
    lake = folder / "lake"
    if lake.exists():
        return lake
    rows = lender()
    rows["borrower_information"][0]["first_name"] = f"Given{EVIL}"
    rows["borrower_information"][0]["borrower_id"] = rows["loan_information"][0]["borrower_id"] = f"B{EVIL}"
    rows["loan_information"][1]["current_interest_rate"] = f"7.9{EVIL}"
    for row in rows["market_equity"]:
        row[f"branch{EVIL}"] = "7"
    ingested = refi("ingest", "--source", write(rows, folder / "source"), "--lake", lake, "--as-of", DAY)
    assert ingested[0] == 0
    (file,) = (lake / "raw/loan_information" / f"load_date={DAY}").glob("*.csv")
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"L999{EVIL}" + ",x" * 30 + "\n")
    good = file.rename(file.with_name(f"loans{EVIL}.csv"))
    code, out, err = refi("run", "--lake", lake, "--as-of", DAY)
    assert code == 1, "control characters in a file's name are refused"
    assert SHOWN[:7] in err
    assert not OBEYED.search(out + err)
    good.rename(file.with_name("loans\u202e.csv"))  # a change of direction is not refused
    code, out, err = refi("run", "--lake", lake, "--as-of", DAY)
    assert code == 0, err
    assert f"branch{SHOWN}".lower() in out, "a warning names the new column"
    assert not OBEYED.search(out + err)
    rows["loan_information"] = rows["loan_information"][1:]
    refi("ingest", "--source", write(rows, folder / "next"), "--lake", lake, "--as-of", NEXT_DAY)
    assert refi("run", "--lake", lake, "--as-of", NEXT_DAY)[0] == 0
    return lake


def run_ids(lake: Path) -> list[str]:
    return sorted(
        (path.name.split(".")[0] for path in (lake / "output").glob("*.manifest.json")),
        key=lambda run_id: json.loads((lake / f"output/{run_id}.manifest.json").read_text())["as_of"],
    )


def test_no_command_lets_a_terminal_obey_a_file(refi, lake, folder):
    first, strict = run_ids(lake)[0], changed_policy(folder, ("max_ltv_pct: 80", "max_ltv_pct: 1"))
    commands: list[tuple[list[object], str]] = [
        (["quarantine", "--run-id", first], r"\x9b31m\u202e"),
        (["quarantine", "--run-id", first], f"L999{SHOWN}"),
        (["quarantine", "--run-id", first], r"loans\u202e.csv"),
        (["query", "SELECT first_name FROM borrower_information ORDER BY 1 DESC", "--run-id", first], SHOWN[:6]),
        (["query", f'SELECT 1 AS "{EVIL}"'], SHOWN[:6]),
        (["explain", f"B{EVIL}", "--run-id", first], SHOWN),
        (["explain", f"nobody{EVIL}"], f"nobody{SHOWN}"),
        (["explain-match", f"B{EVIL}", "B002", "--run-id", first], SHOWN),
        (["runs"], first[:8]),
        (["diff"], "left"),
        (["diff-policy", strict, "--as-of", DAY], "ltv_above_max"),
        (["replay", first, "--any-code"], "SHA-256"),
    ]
    for arguments, expected in commands:
        code, out, err = refi(*arguments, "--lake", lake)
        assert expected in out + err, (arguments[0], code, out, err)
        assert not OBEYED.search(out + err), arguments[0]
    _, log, _ = refi("log", first)
    assert "audience_file" in log
    assert not OBEYED.search(log)


def test_resolve_names_hostile_files_and_columns_harmlessly(refi, folder):
    file = folder / f"people{EVIL}.csv"
    file.write_text(f"id,first{EVIL}\n1,Ann\n2,Bob\n", encoding="utf-8")
    columns = ("--map", "surname=none", "--map", f"given_name=first{EVIL}")
    code, out, err = refi("resolve", file, *columns, "--id", "nope", "--out", folder / "out.csv")
    assert code == 1
    assert SHOWN in err
    assert not OBEYED.search(out + err)


def test_json_keeps_the_text_in_ascii(refi, lake):
    _, out, _ = refi("quarantine", "--run-id", run_ids(lake)[0], "--lake", lake, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert any("\u202e" in row["file"] for row in rows)
    assert out.isascii()


def test_all_text_of_the_command_line_goes_through_the_terminal():
    """Only terminal.py creates a console; elsewhere print() prints only JSON."""
    for path in sorted((PROJECT_DIR / "refi_assets" / "cli").glob("*.py")):
        if path.name == "terminal.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.module not in ("rich.console", "rich.table"), path.name
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                assert ast.unparse(node.args[0]).startswith(("json.dumps(", "error_line(")), (path.name, node.lineno)
