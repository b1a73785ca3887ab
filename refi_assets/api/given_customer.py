"""A customer whose values are in a request: the columns of the contract that a program's rules read, as JSON.

A value is judged by the contract's type, range and words. A number is rounded half up to the column's decimals, as in a
file; it has at most 15 digits, up to which numbers in JSON are exact.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from refi_assets.api.customer_features import Values
from refi_assets.api.fields import FieldError
from refi_assets.api.problems import invalid_request
from refi_assets.engines.base import Row
from refi_assets.ingestion.headers import trim
from refi_assets.ml.columns import Value
from refi_assets.specs.columns import Column

_EXACT_DIGITS = 15
_LARGEST_INTEGER = 2**31 - 1


def given_row(columns: Sequence[Column], given: Values, place: str = "customer") -> Row:
    """The values by column, null if they are unknown. Raises ProblemError, which quotes no value."""
    row: Row = {}
    messages = dict.fromkeys(given.keys() - {column.name for column in columns}, "the rules read no such column")
    for column in columns:
        if column.present and column.name not in given:
            messages[column.name] = "it is missing; send null if it is unknown"
            continue
        try:
            row[column.name] = _typed(column, given.get(column.name))
        except ValueError as error:
            messages[column.name] = str(error)
    if messages:
        raise invalid_request(
            [FieldError(field=f"{place}.{name}", message=messages[name]) for name in sorted(messages)]
        )
    return row


def _typed(column: Column, value: Value) -> Decimal | str | bool | None:
    """A value of the column's type. Raises ValueError, which does not quote it."""
    if value is None:
        return None
    if column.is_numeric:
        return _number(column, value)
    if column.logical_type == "boolean":
        if not isinstance(value, bool):
            raise ValueError("it must be true, false or null")
        return value
    if not isinstance(value, str):
        raise ValueError("it must be a text or null")
    if column.values and value not in column.values:
        raise ValueError(f"it must be one of {', '.join(column.values)}, or null")
    return trim(value) or None


def _number(column: Column, value: float | str | bool) -> Decimal:
    if isinstance(value, bool | str):
        raise ValueError("it must be a number or null")
    number = Decimal(repr(value))
    if column.logical_type == "integer" and number != int(number):
        raise ValueError("it must be a whole number or null")
    bounds = _bounds(column)
    if not bounds["minimum"] <= number <= bounds["maximum"]:
        raise ValueError(f"it must be from {bounds['minimum']:,f} to {bounds['maximum']:,f}, or null")
    if number == bounds.get("exclusiveMinimum"):
        raise ValueError(f"it must be above {bounds['minimum']:,f}, or null")
    if number == bounds.get("exclusiveMaximum"):
        raise ValueError(f"it must be below {bounds['maximum']:,f}, or null")
    return number.quantize(_unit(column), ROUND_HALF_UP)


def _bounds(column: Column) -> dict[str, Decimal]:
    """The bounds of a number by their names in JSON Schema: those of the contract, within those of the type."""
    unit = _unit(column)
    largest = Decimal(_LARGEST_INTEGER) if column.sql_type == "INTEGER" else unit * (10 ** _digits(column) - 1)
    lows, highs = (column.minimum, column.exclusive_minimum), (column.maximum, column.exclusive_maximum)
    bounds = {
        "minimum": max([-largest, *(bound for bound in lows if bound is not None)]),
        "maximum": min([largest, *(bound for bound in highs if bound is not None)]),
        "exclusiveMinimum": column.exclusive_minimum,
        "exclusiveMaximum": column.exclusive_maximum,
    }
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _digits(column: Column) -> int:
    """The digits of a column's largest number: 9 of a DECIMAL(9,6)."""
    precision = column.sql_type.partition("(")[2].partition(",")[0]
    return min(_EXACT_DIGITS, int(precision or _EXACT_DIGITS))


def _unit(column: Column) -> Decimal:
    """The smallest step of a column's numbers: 0.01 of a DECIMAL(18,2)."""
    scale = column.sql_type.rstrip(")").partition(",")[2]
    return Decimal(1).scaleb(-int(scale or 0))


def customer_schema(columns: Sequence[Column]) -> dict[str, Any]:
    """The JSON Schema of a customer that given_row() accepts."""
    return {
        "type": "object",
        "properties": {column.name: _schema(column) for column in columns},
        "required": [column.name for column in columns if column.present],
        "additionalProperties": False,
    }


def _schema(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"description": column.description}
    if column.is_numeric:
        number = int if column.logical_type == "integer" else float
        bounds = {name: number(bound) for name, bound in _bounds(column).items()}
        return {"type": [column.logical_type, "null"], **bounds, **described}
    if column.values:
        return {"enum": [*column.values, None], **described}
    return {"type": [column.logical_type, "null"], **described}
