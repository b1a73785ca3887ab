"""Athena's forms of values and types, from those of Trino's protocol."""

import base64
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

TYPE_NAMES = {"real": "float", "unknown": "varchar"}


def column_info(column: Mapping[str, Any]) -> dict[str, Any]:
    """A column in the form of GetQueryResults."""
    signature = column["typeSignature"]
    numbers = [argument["value"] for argument in signature["arguments"] if argument["kind"] == "LONG"]
    type_name = TYPE_NAMES.get(signature["rawType"], signature["rawType"])
    precision, scale = (*numbers, 0, 0)[:2] if type_name == "decimal" else (0, 0)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column["name"],
        "Label": column["name"],
        "Type": type_name,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": type_name in ("varchar", "char"),
    }


def text(value: Any, signature: Mapping[str, Any]) -> str | None:
    """A value as text; None for null. signature: Trino's typeSignature."""
    if value is None:
        return None
    match signature["rawType"]:
        case "boolean":
            return "true" if value else "false"
        case "double" | "real":
            return _floating(float(value))
        case "varbinary":
            return base64.b64decode(value).hex(" ")
        case "array":
            items = [text(item, signature["arguments"][0]["value"]) for item in value]
            return "[" + ", ".join("null" if item is None else item for item in items) + "]"
    return str(value)


def _floating(value: float) -> str:
    """Java's form of a double: plain from 0.001 to 10,000,000, else with an exponent, always with a point."""
    if math.isnan(value) or math.isinf(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = format(Decimal(repr(value)), "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    rest = "".join(map(str, digits[1:])) or "0"
    return f"{'-' * sign}{digits[0]}.{rest}E{exponent + len(digits) - 1}"
