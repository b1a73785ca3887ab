"""Outcomes of asset checks, independent of Dagster: a count compared with a limit.

An outcome shows the number, the limit and up to ten keys, never a name. Assets get their checks in
defs/<group>/checks.py; the limits come from the policy and the contracts.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Self

from refi_assets.specs.contracts import Contract
from refi_assets.specs.policies import Above, At, Below, Fall

SHOWN_KEYS = 10


@dataclass(frozen=True)
class Cause:
    """A reason for missing or bad rows, and their number.

    `problem` adds details as text, `shape` is an example with digits and letters masked; neither quotes a cell.
    """

    reason: str
    rows: int
    column: str | None = None
    problem: str | None = None
    shape: str | None = None


def most_frequent(rows_by_reason: Mapping[str, int]) -> tuple[Cause, ...]:
    """Causes with nothing but a reason and a number of rows, the most frequent first."""
    items = sorted(rows_by_reason.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Cause(reason, rows) for reason, rows in items if rows)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a check. `blocks` says whether a failure stops downstream assets or only warns."""

    passed: bool
    number: int | float
    limit: str
    blocks: bool = True
    keys: tuple[str, ...] = ()
    description: str | None = None
    causes: tuple[Cause, ...] = ()

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """An outcome from its fields in JSON."""
        causes = tuple(Cause(**cause) for cause in fields["causes"])
        return cls(**{**fields, "keys": tuple(fields["keys"]), "causes": causes})


def share_pct(part: int, whole: int) -> Decimal:
    """A share in percent, rounded to six decimals; 0 if the whole is 0."""
    if whole == 0:
        return Decimal(0)
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def not_above(
    part: int, whole: int, limits: Above, keys: Iterable[str] = (), causes: tuple[Cause, ...] = ()
) -> Outcome:
    """A share that should stay small."""
    return Outcome(
        passed=part * 100 <= limits.warn_above * whole,
        number=float(share_pct(part, whole)),
        limit=f"warns above {limits.warn_above} %, blocks above {limits.block_above} %",
        blocks=part * 100 > limits.block_above * whole,
        keys=tuple(keys)[:SHOWN_KEYS],
        causes=causes,
    )


def less_than(part: int, whole: int, limits: At) -> Outcome:
    """A share that should stay small and must not reach its limits."""
    block_at = limits.block_at
    return Outcome(
        passed=part == 0 or part * 100 < limits.warn_at * whole,
        number=float(share_pct(part, whole)),
        limit=f"warns at {limits.warn_at} %" + ("" if block_at is None else f", blocks at {block_at} %"),
        blocks=block_at is not None and part > 0 and part * 100 >= block_at * whole,
    )


def not_below(part: int, whole: int, limits: Below, keys: Iterable[str] = ()) -> Outcome:
    """A share that should stay large."""
    return Outcome(
        passed=part * 100 >= limits.warn_below * whole,
        number=float(share_pct(part, whole)),
        limit=f"warns below {limits.warn_below} %, blocks below {limits.block_below} %",
        blocks=part * 100 < limits.block_below * whole,
        keys=tuple(keys)[:SHOWN_KEYS],
    )


def none_of(count: int, keys: Iterable[str] = (), *, blocks: bool = True, unit: str = "rows") -> Outcome:
    """A count that must be zero."""
    return Outcome(count == 0, count, f"0 {unit}", blocks, tuple(keys)[:SHOWN_KEYS])


def equal(number: int, expected: int, unit: str) -> Outcome:
    """Two counts that must be the same."""
    return Outcome(number == expected, number, f"{expected} {unit}")


def columns_equal(columns: Mapping[str, str], declared: Mapping[str, str | None]) -> Outcome:
    """Whether columns have the declared names and, if declared, the declared SQL types."""
    missing = [f"{name} is missing" for name in declared if name not in columns]
    undeclared = [f"{name} is not declared" for name in columns if name not in declared]
    mistyped = [
        f"{name} is {columns[name]}, not {sql_type}"
        for name, sql_type in declared.items()
        if sql_type is not None and columns.get(name, sql_type) != sql_type
    ]
    differences = [*missing, *undeclared, *mistyped]
    return Outcome(not differences, len(differences), "0 columns", description="; ".join(differences) or None)


def not_fallen(rows: int, rows_before: int | None, limits: Fall) -> Outcome:
    """The number of rows of a snapshot against that of the snapshot published before."""
    if rows_before is None:
        return Outcome(True, rows, "no published snapshot of an earlier load date to compare with")
    change = share_pct(rows - rows_before, rows_before)
    limit = f"warns at {limits.warn_at} %, blocks at {limits.block_at} %"
    return Outcome(
        passed=rows >= rows_before or (rows - rows_before) * 100 > limits.warn_at * rows_before,
        number=float(change),
        limit=f"{limit} of the {rows_before} rows before",
        blocks=rows < rows_before and (rows - rows_before) * 100 <= limits.block_at * rows_before,
        description=f"{rows} rows now" if rows < rows_before else None,
    )


def current(contract: Contract, load_date: date, as_of: date) -> Outcome:
    """The age of a snapshot in days by its load date, since a file that is read again would look fresh."""
    age = (as_of - load_date).days
    return Outcome(
        passed=age < contract.due_every_days,
        number=age,
        limit=f"younger than {contract.due_every_days} days",
        blocks=False,
        description=f"load date {load_date}, as of {as_of}",
    )


def nothing_unread(unread: Collection[str], copies: Collection[str]) -> Outcome:
    """Files and folders of the raw zone that seem to belong to a source and are not read."""
    shown = [*unread, *(f"{key} (a copy, byte for byte; it is read once)" for key in copies)]
    listed = ", ".join(shown[:SHOWN_KEYS]) + (", …" if len(shown) > SHOWN_KEYS else "")
    return Outcome(not shown, len(shown), "0 files and folders", blocks=False, description=listed or None)


def not_respelled(respelled: Mapping[str, str]) -> Outcome:
    """Columns that are read although the files spell their names differently from the contract."""
    listed = ", ".join(f"{written!r} is read as {name}" for written, name in respelled.items())
    return Outcome(not respelled, len(respelled), "0 columns", blocks=False, description=listed or None)


def no_column_lost(contract: Contract, columns: Collection[str], before: Collection[str] | None) -> Outcome:
    """Missing columns of the contract that the files had before or must always have."""
    needed = {column.name for column in contract.columns if column.present or column.name in (before or ())}
    lost = sorted(needed - set(columns))
    return Outcome(not lost, len(lost), "0 columns", description=", ".join(lost) or None)


def no_column_new(contract: Contract, columns: Collection[str], before: Collection[str] | None) -> Outcome:
    """Columns that are neither in the contract nor in the files before."""
    expected = {column.name for column in contract.columns} | set(before or ())
    new = sorted(set(columns) - expected)
    return Outcome(not new, len(new), "0 columns", blocks=False, description=", ".join(new) or None)


def types_unchanged(inferred: dict[str, str], before: dict[str, str] | None) -> Outcome:
    """Inferred types against those of the snapshot before. A column without values has no type to compare."""
    changed = [
        f"{name}: {before[name]} -> {kind}"
        for name, kind in inferred.items()
        if before is not None and "unknown" not in (kind, before.get(name, "unknown")) and before[name] != kind
    ]
    limit = "0 columns" if before is not None else "no earlier snapshot to compare with"
    return Outcome(not changed, len(changed), limit, blocks=False, description="; ".join(changed) or None)
