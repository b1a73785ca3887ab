"""Decisions of people: the format of the file, contradictions, and several writers at once."""

import hashlib
import re
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import pytest

from refi_assets.errors import IdentityError
from refi_assets.identity.decisions import DECISIONS, Decisions, append_decision, load_decisions
from refi_assets.lake import ObjectStore, open_lake

HEADER = "borrower_id_1,borrower_id_2,decision,who,when,why\n"
WHEN = "2026-02-20T09:30:00+00:00"


@pytest.fixture
def lake(tmp_path: Path) -> ObjectStore:
    return open_lake(str(tmp_path / "lake"))


def read(lake: ObjectStore, text: str | bytes) -> Decisions:
    lake.put(DECISIONS, text.encode() if isinstance(text, str) else text)
    return load_decisions(lake)


def row(one: str, other: str, decision: str) -> str:
    return f"{one},{other},{decision},ann,{WHEN},\n"


def test_without_a_file_there_are_no_decisions(lake: ObjectStore) -> None:
    decisions = load_decisions(lake)
    assert (decisions.same, list(decisions.different_lines), decisions.sha256) == ([], [], None)


def test_a_file_from_any_editor_is_read(lake: ObjectStore) -> None:
    text = f'\ufeff{HEADER}B2, B1 ,same,ann,{WHEN},"moved,\nsee letter"\n\nB3,B4,different,bob,2026-02-20,\n'
    decisions = read(lake, text.replace("\n", "\r\n"))
    assert (decisions.same, list(decisions.different_lines)) == ([("B1", "B2")], [("B3", "B4")])
    assert decisions.sha256 == hashlib.sha256(text.replace("\n", "\r\n").encode()).hexdigest()


def test_decisions_carry_over(lake: ObjectStore) -> None:
    decisions = read(lake, HEADER + row("A", "B", "same") + row("B", "C", "same") + row("D", "C", "different"))
    assert decisions.verdict("C", "A") == "same"
    assert decisions.verdict("A", "D") == "different"
    assert decisions.verdict("A", "E") is None


def test_decisions_carry_over_by_way_of_absent_borrowers(lake: ObjectStore) -> None:
    decided = [("B1", "B2", "same"), ("B2", "B3", "same"), ("B2", "B9", "different"), ("B7", "B8", "different")]
    decisions = read(lake, HEADER + "".join(row(*decision) for decision in decided))

    assert decisions.among({"B1", "B2", "B3", "B9"}) == {
        ("B1", "B2"): "same",
        ("B2", "B3"): "same",
        ("B2", "B9"): "different",
    }
    assert decisions.among({"B1", "B3", "B7", "B9"}) == {("B1", "B3"): "same", ("B1", "B9"): "different"}
    assert decisions.among({"B2", "B8"}) == {}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (b"", 1, "the header must be"),
        ("who,why\n", 1, "the header must be"),
        (HEADER + "B1,B2,same\n", 2, "3 cells"),
        (HEADER + row("B1", "B2", "same") + row("B1", "", "same"), 3, "a borrower id is missing"),
        (HEADER + row("B1", " B1", "same"), 2, "both ids are of one borrower"),
        (HEADER + row("B1", "B2", "maybe"), 2, "same or different"),
        (HEADER + f'B1,B2,same,ann,{WHEN},"two\nlines"\n' + row("B3", "B4", "Same"), 4, "same or different"),
        (HEADER + "B1,B2,same,ann,yesterday,\n", 2, "when must be a time"),
        (HEADER + '\nB1,B2,same,ann,"2026-02-20', 3, "cannot be read as CSV"),
        (HEADER.encode() + b"B1,B2,same,Ren\xe9," + WHEN.encode() + b",\n", 2, "not UTF-8"),
    ],
)
def test_a_wrong_row_is_reported_by_its_line_and_not_quoted(
    lake: ObjectStore, text: str | bytes, line: int, problem: str
) -> None:
    with pytest.raises(IdentityError, match=re.escape(problem)) as failure:
        read(lake, text)
    assert f"{DECISIONS}, line {line}: " in str(failure.value)
    assert "B1" not in str(failure.value)


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([("A", "B", "same"), ("B", "A", "different")], "2, 3"),
        (
            [("A", "D", "different"), ("A", "B", "same"), ("X", "Y", "same"), ("B", "C", "same"), ("D", "C", "same")],
            "2, 3, 5, 6",
        ),
    ],
)
def test_a_contradiction_is_reported_by_its_lines(
    lake: ObjectStore, rows: list[tuple[str, str, str]], lines: str
) -> None:
    with pytest.raises(IdentityError, match=f"lines {lines} contradict one another"):
        read(lake, HEADER + "".join(row(*decision) for decision in rows))


def test_a_decision_is_added_with_who_when_and_why(lake: ObjectStore) -> None:
    append_decision(lake, ("B1", "B2"), "same", who="ann", why='said so, on the "phone"')
    decisions = append_decision(lake, ("B1", "B3"), "different", who="bob", why="")

    assert (decisions.same, list(decisions.different_lines)) == ([("B1", "B2")], [("B1", "B3")])
    header, first, second = lake.open(DECISIONS).read().decode().splitlines()
    assert header + "\n" == HEADER
    assert first.startswith("B1,B2,same,ann,")
    assert first.endswith(',"said so, on the ""phone"""')
    assert datetime.fromisoformat(second.split(",")[4]).tzinfo is not None


def test_a_decision_is_added_after_a_last_line_without_a_line_end(lake: ObjectStore) -> None:
    lake.put(DECISIONS, (HEADER + row("B1", "B2", "same")).rstrip("\n").encode())
    assert append_decision(lake, ("B3", "B4"), "same", who="ann", why="").same == [("B1", "B2"), ("B3", "B4")]


def test_a_decision_that_contradicts_the_file_is_not_added(lake: ObjectStore) -> None:
    append_decision(lake, ("B1", "B2"), "same", who="ann", why="")
    before = lake.get_and_etag(DECISIONS)[0]
    with pytest.raises(IdentityError, match="lines 2, 3 contradict"):
        append_decision(lake, ("B1", "B2"), "different", who="bob", why="")
    assert lake.get_and_etag(DECISIONS)[0] == before


def decide_often(folder: str, who: int) -> None:
    for n in range(25):
        append_decision(open_lake(folder), (f"{who}-{n}-a", f"{who}-{n}-b"), "same", who=str(who), why="")


def test_decisions_added_at_the_same_time_are_all_kept(lake: ObjectStore) -> None:
    # Spawned: a forked process has no copy of the threads that obstore waits for.
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as processes:
        list(processes.map(decide_often, [lake.name] * 4, range(4)))
    assert sorted(load_decisions(lake).same) == sorted(
        (f"{who}-{n}-a", f"{who}-{n}-b") for who in range(4) for n in range(25)
    )
