"""The input columns of a model: their sentinels and levels, learned from training rows, and their encoding for trees.

A sentinel, such as 999, is a number that stands for something else. A category has levels; rarer and unknown ones share
one. Bins and points of a scorecard belong to scorecard.py.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from refi_assets.errors import ModelError
from refi_assets.ml.column_names import name_matches
from refi_assets.ml.policy import Reading
from refi_assets.ml.tables import Bools, Column, Floats, Table, Texts, is_missing, is_number

Value = float | str | bool | None

_LARGEST = 1e30  # trees read, and add up, numbers of 32 bits

# Numbers that files write for missing ones, if they are far from the others.
_HIGH_SENTINELS = {float(number) for digits in (2, 3, 4, 5, 6, 7) for number in range(10**digits - 4, 10**digits)}
_LOW_SENTINELS = {-1.0, -7.0, -8.0, -9.0, *(-float("9" * digits) for digits in range(2, 8))}


class InputColumn(BaseModel):
    """One input of a model. `direction` 1: the probability never falls if the number rises; -1: it never rises."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Literal["number", "category"]
    levels: tuple[str, ...] = ()
    sentinels: tuple[float, ...] = ()
    direction: Literal[-1, 0, 1] = 0

    def require_kind(self, column: Column) -> None:
        """Raise ModelError if a column is not of this input's kind."""
        if is_number(column) != (self.kind == "number"):
            there = "numbers" if is_number(column) else "texts"
            raise ModelError(f"{self.name}: the model reads a {self.kind}, but the column has {there}.")

    @property
    def encoded(self) -> int:
        """The number of columns that encode it for trees."""
        return 1 + bool(self.sentinels) if self.kind == "number" else len(self.levels) + 1


def learn_columns(
    table: Table, rules: Reading, directions: Mapping[str, Literal[-1, 0, 1]] | None = None
) -> tuple[tuple[InputColumn, ...], list[str]]:
    """The inputs that a table's columns can be, and a sentence for each that cannot: constant, empty, or an id."""
    inputs, dropped = [], []
    for name, column in table.items():
        values = column[~is_missing(column)]
        distinct = len(set(values.tolist()))
        if distinct == 0:
            dropped.append(f"{name} has no value in the training part")
        elif distinct == 1 and len(values) == len(column):
            dropped.append(f"{name} has one value in the whole training part")
        elif _is_identifier(column, values, distinct, rules):
            dropped.append(f"{name} is different in nearly every row, as an id is")
        elif is_number(column) and distinct > rules.most_levels and _is_numbered(name, values, rules):
            dropped.append(f"{name} is an id by its name")
        elif is_number(column):
            direction = (directions or {}).get(name, 0)
            sentinels = sentinels_of(values, rules.sentinel_gap)
            inputs.append(InputColumn(name=name, kind="number", sentinels=sentinels, direction=direction))
        elif (levels := _levels(values, len(column), rules)) or len(values) < len(column):
            inputs.append(InputColumn(name=name, kind="category", levels=levels))
        else:
            dropped.append(f"{name} has {distinct:,} values, none of them in enough rows")
    return tuple(inputs), dropped


def _is_identifier(column: Column, values: Column, distinct: int, rules: Reading) -> bool:
    """Whether values are texts of which nearly all are different, or the numbers of the file's rows.

    Those rise by one from row to row, and the training part has more than half of them.
    """
    if not is_number(column):
        return distinct * 100 > len(column) * int(rules.identifier_share_pct)
    rises_by_whole_numbers = np.all(values % 1 == 0) and np.all(np.diff(values) > 0)
    return distinct == len(column) > 2 and bool(rises_by_whole_numbers) and bool(np.ptp(values) < 2 * len(column))


def _is_numbered(name: str, values: Floats, rules: Reading) -> bool:
    return bool(np.all(values % 1 == 0)) and name_matches(name, rules.identifiers)


def sentinels_of(values: Floats, gap: float) -> tuple[float, ...]:
    """The repeated values, such as 999 or -9, that stand for something else: far above the others, or alone below 0.

    A high one is far if its distance from the largest other value is more than `gap` times the distance of that value
    from the median of the others.
    """
    numbers, counts = np.unique(values, return_counts=True)
    repeated = set(numbers[counts > 1].tolist())
    negative = numbers[numbers < 0]
    low = set(negative.tolist()) & _LOW_SENTINELS & repeated if len(negative) == 1 else set()
    candidates = repeated & _HIGH_SENTINELS
    others = values[~np.isin(values, [*candidates, *low])]
    if not len(others) or np.ptp(others) == 0:
        return tuple(sorted(low))
    largest = float(others.max())
    far = largest + gap * max(largest - float(np.median(others)), 1e-9)
    return tuple(sorted(low | {value for value in candidates if value > far}))


def _levels(values: Texts, rows: int, rules: Reading) -> tuple[str, ...]:
    """The levels that enough rows have, the most frequent first."""
    least = max(2, rows * float(rules.least_level_share_pct) / 100)
    counts = sorted(Counter(values.tolist()).items(), key=lambda item: (-item[1], item[0]))
    return tuple(level for level, count in counts[: rules.most_levels] if count >= least)


def encode(inputs: Sequence[InputColumn], table: Table) -> Floats:
    """The matrix that trees read, a row for each row. Raises ModelError for a missing column, or one of another kind.

    A number is a column, NaN if it is missing or a sentinel, and a column that marks sentinels, if there are any. A
    category is a column for each level, and one that marks missing ones.
    """
    parts: list[Floats | Bools] = []
    for column_input in inputs:
        column = column_of(table, column_input)
        if column_input.kind == "category":
            parts += [column == level for level in column_input.levels]
            parts.append(is_missing(column))
        elif column_input.sentinels:
            is_sentinel = np.isin(column, column_input.sentinels)
            parts += [np.where(is_sentinel, np.nan, column), is_sentinel]
        else:
            parts.append(column)
    return np.column_stack(parts).astype(np.float64)


def directions_of(inputs: Sequence[InputColumn]) -> list[int]:
    """The direction of each column of the matrix; 0 is free."""
    return [
        direction
        for column_input in inputs
        for direction in [column_input.direction, *[0] * (column_input.encoded - 1)]
    ]


def column_of(table: Table, column_input: InputColumn) -> Column:
    """The column of an input. Raises ModelError if the table lacks it, or has another kind of column."""
    if column_input.name not in table:
        raise ModelError(f"The column {column_input.name}, which the model reads, is missing.")
    column = table[column_input.name]
    column_input.require_kind(column)
    return np.clip(column, -_LARGEST, _LARGEST) if column_input.kind == "number" else column


def one_row(inputs: Sequence[InputColumn], values: Mapping[str, Value]) -> dict[str, Column]:
    """A table of one row. Raises ModelError for a missing or unknown name, and for a value of another kind."""
    names = {column_input.name for column_input in inputs}
    if unknown := sorted(values.keys() - names):
        raise ModelError(f"The model does not read {', '.join(unknown)}. It reads {', '.join(sorted(names))}.")
    if missing := sorted(names - values.keys()):
        raise ModelError(f"The model also reads {', '.join(missing)}; give null for an unknown value.")
    return {column_input.name: _cell(column_input, values[column_input.name]) for column_input in inputs}


def _cell(column_input: InputColumn, value: Value) -> Column:
    if column_input.kind == "category":
        if isinstance(value, bool):
            value = str(value).lower()
        if value is not None and not isinstance(value, str):
            raise ModelError(f"{column_input.name}: a text is needed, not a number.")
        return np.array([value], dtype=object)
    if value is None:
        return np.array([np.nan])
    if isinstance(value, bool | str) or not np.isfinite(value):
        raise ModelError(f"{column_input.name}: a finite number is needed.")
    return np.array([value], dtype=np.float64)
