"""What people decided about pairs of borrowers: decisions/identity.csv in the lake.

The file is for people, too: it may be edited, and what is wrong in it is told by line. Decisions carry over: if A is B
and B is C, then A is C; and if B is not D, then neither A nor C is. Who is asked about which pair is none of this
module's business; what becomes of the decisions in a run belongs to clusters.py.
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
    """The pairs that people decided, the ids of each in the order of text, with the lines that say so.

    `sha256` is the file's, None where there is none.
    """

    sha256: str | None = None
    same_lines: dict[Pair, int] = field(default_factory=dict)
    different_lines: dict[Pair, int] = field(default_factory=dict)

    @property
    def same(self) -> list[Pair]:
        """The pairs that are of one person."""
        return list(self.same_lines)

    def among(self, borrowers: Set[str]) -> dict[Pair, Verdict]:
        """What is decided of these borrowers: what the file says of them, and what follows by way of others."""
        found: dict[Pair, Verdict] = {}
        first: dict[str, str] = {}  # of the borrowers whom a chain of sames joins: by each of the chain
        for one in self._ways:
            if one not in first:
                chain = sorted(_reached(self._ways, one))
                there = [borrower for borrower in chain if borrower in borrowers]
                first |= dict.fromkeys(chain, there[0] if there else "")
                if len(there) < len(chain):
                    found |= dict.fromkeys(((there[0], other) for other in there[1:]), "same")
        for one, other in self.different_lines:
            ends = [end if end in borrowers else first.get(end, "") for end in (one, other)]
            if all(ends):
                found[_in_order(*ends)] = "different"
        return found | {pair: "same" for pair in self.same_lines if borrowers >= {*pair}}

    @cached_property
    def _ways(self) -> dict[str, list[str]]:
        return _neighbours(self.same_lines)

    def verdict(self, one: str, other: str) -> Verdict | None:
        """What was decided of a pair, itself or by what was decided of others; None where nothing was."""
        ours, theirs = _reached(self._ways, one), _reached(self._ways, other)
        if other in ours:
            return "same"
        if any(_in_order(*pair) in self.different_lines for pair in ((a, b) for a in ours for b in theirs)):
            return "different"
        return None


def load_decisions(lake: ObjectStore) -> Decisions:
    """The decisions in a lake. Raises IdentityError for rows that are wrong or contradict one another, by line."""
    data, _ = lake.get_and_etag(DECISIONS)
    return Decisions() if data is None else _read(data)


def append_decision(lake: ObjectStore, pair: Pair, decision: Verdict, *, who: str, why: str) -> Decisions:
    """Add a decision of now to the file, and return all of them.

    What others decide at the same time is kept. Raises IdentityError, and adds nothing, for what contradicts the file.
    """
    row = [*pair, decision, who, datetime.now(UTC).isoformat(timespec="seconds"), why]
    data, _ = lake.get_and_etag(DECISIONS)
    before = _line(COLUMNS) if data is None else data
    # An editor may have left the last line without its end.
    added = (b"" if before.endswith(b"\n") else b"\n") + _line(row)
    _read(before + added)
    lake.append(DECISIONS, added, start=_line(COLUMNS))
    return load_decisions(lake)


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _read(data: bytes) -> Decisions:
    """Raises IdentityError."""
    found = Decisions(hashlib.sha256(data).hexdigest())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(data.count(b"\n", 0, error.start) + 1, "it is not UTF-8. Save the file as UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line, header = 1, None
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if any(row) and header is None:
                header = row
                if tuple(row) != COLUMNS:
                    raise _wrong(line, f"the header must be {','.join(COLUMNS)}")
            elif any(row):
                pair, decision = _row(row, line)
                lines = found.same_lines if decision == "same" else found.different_lines
                lines.setdefault(pair, line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _wrong(line, f"it cannot be read as CSV ({error})") from None
    if header is None:
        raise _wrong(1, f"the header must be {','.join(COLUMNS)}")
    _require_no_contradiction(found)
    return found


def _row(row: list[str], line: int) -> tuple[Pair, str]:
    if len(row) != len(COLUMNS):
        raise _wrong(line, f"it has {len(row)} cells; it must have {len(COLUMNS)}: {','.join(COLUMNS)}")
    one, other, decision, _, when, _ = row
    if not one or not other:
        raise _wrong(line, "a borrower id is missing")
    if one == other:
        raise _wrong(line, "both ids are of one borrower")
    if decision not in ("same", "different"):
        raise _wrong(line, "the decision must be same or different")
    try:
        datetime.fromisoformat(when)
    except ValueError:
        raise _wrong(line, "when must be a time such as 2026-02-20T09:30:00+00:00") from None
    return _in_order(one, other), decision


def _require_no_contradiction(found: Decisions) -> None:
    for (one, other), line in found.different_lines.items():
        before = _reached(found._ways, one)
        if other not in before:
            continue
        lines, at = [line], other
        while at != one:
            lines.append(found.same_lines[_in_order(at, before[at])])
            at = before[at]
        raise IdentityError(
            f"{DECISIONS}: lines {', '.join(map(str, sorted(lines)))} contradict one another: line {line} says that "
            "two borrowers are different, the others that they are the same. Correct or remove one of these lines."
        )


def _neighbours(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    ways: dict[str, list[str]] = {}
    for one, other in pairs:
        ways.setdefault(one, []).append(other)
        ways.setdefault(other, []).append(one)
    return ways


def _reached(ways: dict[str, list[str]], start: str) -> dict[str, str]:
    """Whom a chain of sames joins with a borrower, each with who stands before them in the shortest one."""
    before, waiting = {start: start}, [start]
    for one in waiting:  # which grows meanwhile
        for other in ways.get(one, ()):
            if other not in before:
                before[other] = one
                waiting.append(other)
    return before


def _in_order(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def _wrong(line: int, what: str) -> IdentityError:
    return IdentityError(f"{DECISIONS}, line {line}: {what}. Correct or remove that line.")
