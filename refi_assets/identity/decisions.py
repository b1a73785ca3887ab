"""Decisions of people about pairs of borrowers: decisions/identity.csv in the lake.

People may edit the file; errors name the line. Decisions carry over: if A is B and B is C, then A is C; and if B is not
D, then neither A nor C is. A run applies the decisions in clusters.py.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from refi_assets.errors import IdentityError
from refi_assets.lake import ObjectStore

DECISIONS = "decisions/identity.csv"
COLUMNS = ("borrower_id_1", "borrower_id_2", "decision", "who", "when", "why")

Pair = tuple[str, str]
Verdict = Literal["same", "different"]


@dataclass(frozen=True)
class Decisions:
    """The decided pairs, the ids of each in the order of text, with the lines that decide them.

    `sha256` is the file's; None without a file.
    """

    sha256: str | None = None
    same_lines: dict[Pair, int] = field(default_factory=dict)
    different_lines: dict[Pair, int] = field(default_factory=dict)

    @property
    def same(self) -> list[Pair]:
        """The pairs decided to be of one person."""
        return list(self.same_lines)

    def among(self, borrowers: Set[str]) -> dict[Pair, Verdict]:
        """The decisions about these borrowers: those in the file, and those that follow by way of absent borrowers."""
        verdicts: dict[Pair, Verdict] = {}
        first: dict[str, str] = {}  # of each borrower in a chain of sames, the chain's first that is present; or ""
        for start in self._neighbors:
            if start not in first:
                chain = sorted(_reached(self._neighbors, start))
                present = [borrower for borrower in chain if borrower in borrowers]
                first |= dict.fromkeys(chain, present[0] if present else "")
                if len(present) < len(chain):
                    verdicts |= dict.fromkeys(((present[0], borrower) for borrower in present[1:]), "same")
        for pair in self.different_lines:
            ends = [end if end in borrowers else first.get(end, "") for end in pair]
            if all(ends):
                verdicts[_in_order(*ends)] = "different"
        return verdicts | {pair: "same" for pair in self.same_lines if borrowers >= {*pair}}

    @cached_property
    def _neighbors(self) -> dict[str, list[str]]:
        neighbors: dict[str, list[str]] = {}
        for borrower_1, borrower_2 in self.same_lines:
            neighbors.setdefault(borrower_1, []).append(borrower_2)
            neighbors.setdefault(borrower_2, []).append(borrower_1)
        return neighbors

    def verdict(self, borrower_1: str, borrower_2: str) -> Verdict | None:
        """The decision about a pair, direct or by way of other borrowers; None if there is none."""
        chain_1, chain_2 = _reached(self._neighbors, borrower_1), _reached(self._neighbors, borrower_2)
        if borrower_2 in chain_1:
            return "same"
        if any(_in_order(end_1, end_2) in self.different_lines for end_1 in chain_1 for end_2 in chain_2):
            return "different"
        return None

    def require_no_contradiction(self) -> None:
        """Raise IdentityError, naming the lines, if borrowers that are different are also the same."""
        for (borrower_1, borrower_2), line in self.different_lines.items():
            before = _reached(self._neighbors, borrower_1)
            if borrower_2 not in before:
                continue
            lines, borrower = [line], borrower_2
            while borrower != borrower_1:
                lines.append(self.same_lines[_in_order(borrower, before[borrower])])
                borrower = before[borrower]
            raise IdentityError(
                f"{DECISIONS}: lines {', '.join(map(str, sorted(lines)))} contradict one another: line {line} says "
                "that two borrowers are different, the others that they are the same. Correct or remove one of these "
                "lines."
            )


def load_decisions(lake: ObjectStore) -> Decisions:
    """The decisions in a lake. Raises IdentityError, naming the line, for rows that are wrong or contradict another."""
    data, _ = lake.get_and_etag(DECISIONS)
    return Decisions() if data is None else _parse(data)


def append_decision(lake: ObjectStore, pair: Pair, decision: Verdict, *, who: str, why: str) -> Decisions:
    """Add a decision of now to the file, and return all decisions.

    Decisions that others add at the same time are kept. Raises IdentityError, and adds nothing, if it contradicts the
    file.
    """
    row = [*pair, decision, who, datetime.now(UTC).isoformat(timespec="seconds"), why]
    data, _ = lake.get_and_etag(DECISIONS)
    before = _line(COLUMNS) if data is None else data
    # An editor may have left the last line without a line end.
    added = (b"" if before.endswith(b"\n") else b"\n") + _line(row)
    _parse(before + added)
    lake.append(DECISIONS, added, start=_line(COLUMNS))
    return load_decisions(lake)


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _parse(data: bytes) -> Decisions:
    """Raises IdentityError."""
    decisions = Decisions(hashlib.sha256(data).hexdigest())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(data.count(b"\n", 0, error.start) + 1, "it is not UTF-8. Save the file as UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line, has_header = 1, False
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if any(row) and has_header:
                pair, decision = _parse_row(row, line)
                lines = decisions.same_lines if decision == "same" else decisions.different_lines
                lines.setdefault(pair, line)
            elif any(row):
                if tuple(row) != COLUMNS:
                    break
                has_header = True
            line = reader.line_num + 1
    except csv.Error as error:
        raise _wrong(line, f"it cannot be read as CSV ({error})") from None
    if not has_header:
        raise _wrong(line, f"the header must be {','.join(COLUMNS)}")
    decisions.require_no_contradiction()
    return decisions


def _parse_row(row: list[str], line: int) -> tuple[Pair, str]:
    if len(row) != len(COLUMNS):
        raise _wrong(line, f"it has {len(row)} cells; it must have {len(COLUMNS)}: {','.join(COLUMNS)}")
    borrower_1, borrower_2, decision, _, when, _ = row
    if not borrower_1 or not borrower_2:
        raise _wrong(line, "a borrower id is missing")
    if borrower_1 == borrower_2:
        raise _wrong(line, "both ids are of one borrower")
    if decision not in ("same", "different"):
        raise _wrong(line, "the decision must be same or different")
    try:
        datetime.fromisoformat(when)
    except ValueError:
        raise _wrong(line, "when must be a time such as 2026-02-20T09:30:00+00:00") from None
    return _in_order(borrower_1, borrower_2), decision


def _reached(neighbors: dict[str, list[str]], start: str) -> dict[str, str]:
    """The borrowers that a chain of sames joins to `start`, each with the one before it in the shortest chain."""
    before, waiting = {start: start}, [start]
    for borrower in waiting:  # the loop adds to the list
        for neighbor in neighbors.get(borrower, ()):
            if neighbor not in before:
                before[neighbor] = borrower
                waiting.append(neighbor)
    return before


def _in_order(borrower_1: str, borrower_2: str) -> Pair:
    return (borrower_1, borrower_2) if borrower_1 < borrower_2 else (borrower_2, borrower_1)


def _wrong(line: int, problem: str) -> IdentityError:
    return IdentityError(f"{DECISIONS}, line {line}: {problem}. Correct or remove that line.")
