"""Staging of market_equity by the guide, one row at a time: slow, short, obviously right.

It uses nothing of refi_assets. Tests and the fuzzer compare the fast staging with it.
"""

from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from tests.support import reference_csv

# Decimals, what is in range, and what of that is plausible.
RANGES: dict[str, tuple[int, Any, Any]] = {
    "market_rate_offer": (6, lambda value: 0 < value <= 30, lambda value: Decimal("0.5") <= value <= 25),
    "ltv_ratio": (6, lambda value: 0 <= value <= 1000, lambda value: value == 0 or Decimal("0.5") <= value <= 200),
    "monthly_savings_est": (2, lambda value: True, lambda value: True),
    "current_home_value": (2, lambda value: True, lambda value: True),
    "estimated_equity_amt": (2, lambda value: True, lambda value: True),
}
WORDS = {
    *("null", "n/a", "na", "n.a.", "#n/a", "nan", "none", "unknown", "nil", "-", "--", "."),
    *("#value!", "#div/0!", "#ref!", "#name?"),
}
UNSEEN = dict.fromkeys(map(ord, "\0\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"))
UNSEEN |= dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
REQUIRED = ("market_rate_offer", "ltv_ratio", "monthly_savings_est")

# File, record number, reason, and what it was: the cells by column, or the bytes of a malformed record.
Quarantined = tuple[str, int, str, dict[str, str] | bytes]


class Refused(Exception):  # noqa: N818
    """The files are no source, as a whole."""


@dataclass
class Judged:
    """The accepted rows, the quarantine in order, and the nulled cells by column."""

    accepted: list[tuple[Any, ...]] = field(default_factory=list)
    quarantine: list[Quarantined] = field(default_factory=list)
    nulled: Counter[str] = field(default_factory=Counter)
    records: int = 0


@dataclass
class _Row:
    """A row that is valid on its own."""

    where: tuple[str, int]
    original: dict[str, str]
    cells: dict[str, str]  # trimmed; of columns without a name, the first is ' 1'
    values: tuple[Any, ...]
    nulled: list[str]


def stage(files: dict[str, bytes]) -> Judged:
    """Judge files of one day, in the order of their names. Raises Refused."""
    result, passed = Judged(), list[_Row]()
    for file, data in sorted(files.items()):
        _judge_file(file, data, result, passed)
    if result.records == 0:
        raise Refused("no rows")
    seen = set()
    for row in passed:
        key = row.values[0]
        if any(rival.cells != row.cells for rival in passed if rival.values[0] == key):
            result.quarantine.append((*row.where, "conflicting_key", row.original))
        elif key in seen:
            result.quarantine.append((*row.where, "duplicate_row", row.original))
        else:
            result.accepted.append(row.values)
            result.nulled.update(row.nulled)
        seen.add(key)
    result.quarantine.sort(key=lambda row: row[:2])
    return result


def _judge_file(file: str, data: bytes, result: Judged, passed: list[_Row]) -> None:
    header, records = reference_csv.read(data)
    if header is None:
        raise Refused("no header")
    names = [_trimmed(name).casefold() for name in header]
    named = [name for name in names if name]
    if len(set(named)) < len(named) or not {"property_id", *REQUIRED} <= set(named):
        raise Refused("its columns")
    own_names = [name or f" {names[: n + 1].count('')}" for n, name in enumerate(names)]
    result.records += len(records)
    for number, record in enumerate(records, 1):
        if record.cells is None:
            result.quarantine.append((file, number, "malformed_row", record.raw))
            continue
        original = dict(zip(names, record.cells, strict=True))
        cells = dict(zip(own_names, map(_trimmed, record.cells), strict=True))
        judged = {name: _judged_cell(name, cells.get(name, "")) for name in RANGES}
        faults = [reason for name in REQUIRED if (reason := judged[name][1])]
        key = _trimmed(cells["property_id"].translate(UNSEEN))
        if key == "" or key.lower() in WORDS:
            result.quarantine.append((file, number, "missing_key", original))
        elif faults:
            result.quarantine.append((file, number, faults[0], original))
        else:
            values = (key, *(value for value, _ in judged.values()))
            nulled = [name for name, (_, reason) in judged.items() if reason]
            passed.append(_Row((file, number), original, {k: v for k, v in cells.items() if v}, values, nulled))


def _trimmed(cell: str) -> str:
    return cell.strip(" \t\r\n\u00a0\ufeff")


def _judged_cell(name: str, text: str) -> tuple[Decimal | None, str | None]:
    """A cell's value, or the reason why it has none."""
    if text == "" or text.lower() in WORDS:
        return None, None
    digits = text[1:] if text[0] in "+-" else text
    if not digits.replace(".", "", 1).isdecimal() or not digits.isascii():
        return None, "not_a_number"
    scale, in_range, is_plausible = RANGES[name]
    with localcontext(prec=len(text) + 10):
        rounded = Decimal(text).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    if not in_range(Decimal(text)) or abs(rounded) >= 10**16:
        return None, "out_of_range"
    if not is_plausible(Decimal(text)):
        return None, "implausible"
    return rounded, None
