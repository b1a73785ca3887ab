"""The accepted rows of the program's sources, read independently: plain bytes, one cell at a time.

It uses nothing of refi_assets. The columns are those of the issue; a test compares them with the contracts.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """What a column's cells must be. A bad cell in a required column costs the row; in any other, it is empty."""

    kind: str
    required: bool = False
    key: bool = False
    low: Decimal | None = None
    high: Decimal | None = None
    scale: int = 0
    values: tuple[str, ...] = ()
    any_word: bool = False  # no word for nothing applies
    wide: bool = False  # an integer of 64 bits


_KEY = Cell("string", required=True, key=True)
_COUNT, _MONEY, _TEXT, _FLAG = Cell("integer", low=Decimal(0)), Cell("number", scale=2), Cell("string"), Cell("boolean")
_R_FLAG, _ZERO = Cell("boolean", required=True), Decimal(0)
_EMPLOYMENT = ("full_time", "part_time", "self_employed", "retired", "public_assistance", "unemployed", "other")
COLUMNS = {
    "customer_credit_profiles": {
        "customer_id": _KEY,
        "credit_score": Cell("integer", required=True, low=Decimal(300), high=Decimal(850)),
        "income": Cell("number", required=True, low=_ZERO, scale=2),
        "debt_to_income_ratio": Cell("number", required=True, low=_ZERO, high=Decimal(10), scale=6),
        "account_age": Cell("integer", required=True, low=_ZERO),
        "deposit_balance": Cell("number", required=True, scale=2),
        "existing_loans": Cell("integer", required=True, low=_ZERO),
        "payment_history": Cell("string", required=True, any_word=True),
        **dict.fromkeys(("first_name", "last_name", "email", "phone", "state", "postcode", "time_zone"), _TEXT),
        "identity_verified": _FLAG,
        "account_status": _TEXT,
        "employment_status": Cell("string", values=_EMPLOYMENT),
        "income_variation": Cell("number", low=_ZERO, scale=6),
        "savings_rate": Cell("number", scale=6),
        "transaction_history": Cell("string", any_word=True),
        "transactions_90d": _COUNT,
        "overdrafts_12m": _COUNT,
        "covered_borrower": _FLAG,
    },
    "contact_preferences": {
        "customer_id": _KEY,
        "email_opt_out": _R_FLAG,
        "sms_consent": _R_FLAG,
        "in_app_opt_out": _R_FLAG,
        "call_consent": _FLAG,
        "do_not_contact": _R_FLAG,
        "changed_on": Cell("date"),
    },
    "offer_history": {
        "customer_id": _KEY,
        "program_id": _KEY,
        "offered_on": Cell("date", required=True, key=True),
    },
    "offer_log": {
        "program_id": _KEY,
        "sequence": Cell("integer", required=True, key=True, wide=True),
        "customer_id": _KEY,
        "offer_id": _KEY,
        "kind": Cell("string", required=True, key=True, values=("sent", "displayed")),
        "offered_on": Cell("date", required=True, key=True),
    },
}

_WORDS_FOR_NOTHING = {
    *("null", "n/a", "na", "n.a.", "nan", "none", "unknown", "nil", "-", "--", "."),
    *("#n/a", "#value!", "#div/0!", "#ref!", "#name?"),
}
_TRUE, _FALSE = {"true", "t", "yes", "y", "1"}, {"false", "f", "no", "n", "0"}
_UNSEEN = dict.fromkeys([0, 0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065)])
_UNSEEN |= dict.fromkeys([*range(0x2066, 0x206A), 0xFEFF])
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_WHOLE = re.compile(r"[+-]?(?:[0-9]+(?:\.0*)?|\.0+)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIELD = rb'(?:"(?:[^"]|"")*+"|[^",\n]*+)'
_RECORD = re.compile(rb"%s(?:,%s)*+(?:\r?\n|\r?\Z)" % (_FIELD, _FIELD))
_FIELDS = re.compile(rb'(?:\A|,)("(?:[^"]|"")*+"|[^",]*+)')
_LARGEST = {"integer": Decimal(2**31), "number": Decimal(10) ** 16}


class Absent(Exception):  # noqa: N818
    """A column that is needed is not in the file."""


@dataclass(frozen=True)
class Staged:
    """The accepted rows of a source, typed, and the contract's columns that its file has."""

    rows: list[Row]
    columns: frozenset[str]


def staged(folder: Path, source: str) -> Staged:
    """Judge all rows of <source>.csv. A source without a file has no rows. Raises Absent for a required column."""
    file, contract = folder / f"{source}.csv", COLUMNS[source]
    if not file.exists():
        return Staged([], frozenset(contract))
    records = _records(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    header = next(records, None)
    by_folded_name = {_folded(name): name for name in contract}
    names = [by_folded_name.get(_folded(_trimmed(cell)), _trimmed(cell)) for cell in header or ()]
    if absent := [name for name, cell in contract.items() if cell.required and name not in names]:
        raise Absent(f"{file.name}: missing column {', '.join(absent)}")
    by_key: dict[tuple[Any, ...], list[tuple[list[str], Row]]] = defaultdict(list)
    for record in records:
        if record is None or len(record) != len(names):
            continue
        cells = list(map(_trimmed, record))
        row = _typed(dict(zip(names, cells, strict=True)), contract)
        if row is not None:
            by_key[tuple(row[name] for name, cell in contract.items() if cell.key)].append((cells, row))
    agreeing = [rows for rows in by_key.values() if all(cells == rows[0][0] for cells, _ in rows)]
    return Staged([rows[0][1] for rows in agreeing], frozenset(names) & contract.keys())


def _records(data: bytes) -> Iterator[list[str] | None]:
    """The records, the header first; None for one with broken quoting, which is a line long, or that is not UTF-8."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        line, after = (data[at:], len(data)) if end < 0 else (data[at:end], end + 1)
        line = line.removesuffix(b"\r")
        fields: list[bytes] | None = line.split(b",")
        if b'"' in line:
            match = _RECORD.match(data, at)
            after = match.end() if match else after
            fields = _unquoted(match.group().removesuffix(b"\n").removesuffix(b"\r")) if match else None
        at = after
        if line:
            yield _decoded(fields)


def _unquoted(record: bytes) -> list[bytes]:
    fields = [match.group(1) for match in _FIELDS.finditer(record)]
    return [field[1:-1].replace(b'""', b'"') if field[:1] == b'"' else field for field in fields]


def _decoded(fields: list[bytes] | None) -> list[str] | None:
    try:
        return None if fields is None else [field.decode() for field in fields]
    except UnicodeDecodeError:
        return None


def _folded(name: str) -> str:
    return re.sub("[ _-]", "", name).lower()


def _trimmed(cell: str) -> str:
    return cell.strip(" \t\r\n\u00a0\ufeff")


def _typed(cells: dict[str, str], contract: dict[str, Cell]) -> Row | None:
    """The row's values, None for an empty cell; None if the row goes to quarantine."""
    row: Row = {}
    for name, cell in contract.items():
        try:
            row[name] = _value(cells.get(name, ""), cell)
        except ValueError:
            if cell.required:
                return None
            row[name] = None
        if cell.key and row[name] is None:
            return None
    return row


def _value(text: str, cell: Cell) -> Any:
    """The cell's value, None if it is empty. Raises ValueError for a bad cell."""
    if cell.kind == "string":
        text = text if text.isascii() and "\0" not in text else _trimmed(text.translate(_UNSEEN))
    if not text or (not cell.any_word and text.lower() in _WORDS_FOR_NOTHING):
        return None
    if cell.kind == "string":
        if cell.values and text.lower() not in cell.values:
            raise ValueError
        return text.lower() if cell.values else text
    if cell.kind == "boolean":
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError
        return text.lower() in _TRUE
    if cell.kind == "date":
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    if not (_WHOLE if cell.kind == "integer" else _NUMBER).fullmatch(text):
        raise ValueError
    number = Decimal(text)
    if (cell.low is not None and number < cell.low) or (cell.high is not None and number > cell.high):
        raise ValueError
    number = number.quantize(Decimal(1).scaleb(-cell.scale), ROUND_HALF_UP, context=Context(prec=len(text) + 10))
    if abs(number) >= (Decimal(2**63) if cell.wide else _LARGEST[cell.kind] if cell.scale < 6 else Decimal(1000)):
        raise ValueError
    return int(number) if cell.kind == "integer" else number
