"""The part of docs/contracts.md about messages: every field of every topic with its rules, from the JSON Schemas.

The schemas are contracts/<domain>/topics/*.json; their domain reads and enforces them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from refi_assets.settings import PROJECT_DIR

Schema = Mapping[str, Any]

_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


def topic_sections(contracts: Path = PROJECT_DIR / "contracts") -> str:
    """The sections of all topics, as Markdown; empty if there are none."""
    files = sorted(contracts.glob("*/topics/*.json"))
    return "\n".join(_section(json.loads(path.read_text("utf-8"))) for path in files)


def _section(schema: Schema) -> str:
    lines = [
        f"## {schema['title']}",
        "",
        f"{schema['description']}",
        "",
        "| Field | Type | Needed | Rules | Meaning |",
        "|---|---|---|---|---|",
    ]
    for name, field in schema["properties"].items():
        rules = {**schema.get("$defs", {}).get(field.get("$ref", "").rpartition("/")[2], {}), **field}
        cells = (name, _type(field), _needed(name, schema), "; ".join(_rules(rules)), field["description"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _type(field: Schema) -> str:
    declared = field.get("type", "string")
    return declared if isinstance(declared, str) else " or ".join(declared)


def _needed(name: str, schema: Schema) -> str:
    """Whether all messages must have a field, or those of which kinds."""
    if name in schema["required"]:
        return "yes"
    conditions = [part for part in schema.get("allOf", ()) if name in part["then"]["required"]]
    values = [field["const"] for part in conditions for field in part["if"]["properties"].values()]
    return f"if {', '.join(values)}" if values else ""


def _rules(field: Schema) -> list[str]:
    values = field.get("enum")
    return [
        *([f"one of {', '.join(values)}"] if values else []),
        *([f"`{field['pattern']}`"] if "pattern" in field else []),
        *(text.format(field[keyword]) for keyword, text in _BOUNDS.items() if keyword in field),
        *([f"unit: {field['unit']}"] if "unit" in field else []),
        *(["personal"] if field.get("pii") else []),
    ]
