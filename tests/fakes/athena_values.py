"""Values and types as Athena writes them, from values and types as Trino's protocol gives them."""

import base64
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

TYPE_NAMES = {"real": "float", "unknown": "varchar"}


def column_info(column: Mapping[str, Any]) -> dict[str, Any]:
    """A column as GetQueryResults describes it."""
    signature = column["typeSignature"]
    numbers = [argument["value"] for argument in signature["arguments"] if argument["kind"] == "LONG"]
    kind = TYPE_NAMES.get(signature["rawType"], signature["rawType"])
    precision, scale = (*numbers, 0, 0)[:2] if kind == "decimal" else (0, 0)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column["name"],
        "Label": column["name"],
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind in ("varchar", "char"),
    }


def text(value: Any, signature: Mapping[str, Any]) -> str | None:
    """A value as text; None for null. signature: Trino's typeSignature."""
    if value is None:
        return None
    inner = [argument["value"] for argument in signature["arguments"]]
    match signature["rawType"]:
        case "boolean":
            return "true" if value else "false"
        case "double" | "real":
            return _floating(float(value))
        case "varbinary":
            return base64.b64decode(value).hex(" ")
        case "array":
            return "[" + ", ".join(_nested(item, inner[0]) for item in value) + "]"
        case "map":
            return "{" + ", ".join(f"{key}={_nested(item, inner[1])}" for key, item in value.items()) + "}"
        case "row":
            names = [(part.get("fieldName") or {}).get("name") or f"field{at}" for at, part in enumerate(inner)]
            parts = zip(names, value, (part["typeSignature"] for part in inner), strict=True)
            return "{" + ", ".join(f"{name}={_nested(item, kind)}" for name, item, kind in parts) + "}"
    return str(value)


def _nested(value: Any, signature: Mapping[str, Any]) -> str:
    written = text(value, signature)
    return "null" if written is None else written


def _floating(value: float) -> str:
    """As Java writes a double: plain from 0.001 to 10,000,000, else with an exponent, always with a point."""
    if math.isnan(value) or math.isinf(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = format(Decimal(repr(value)), "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    rest = "".join(map(str, digits[1:])) or "0"
    return f"{'-' * sign}{digits[0]}.{rest}E{exponent + len(digits) - 1}"
