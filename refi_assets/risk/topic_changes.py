"""Changes of a topic's contract that break those who already send or read its messages.

A message that the released contract accepts must be accepted by the next one, or it is a dead letter that its sender
does not expect; and no field may vanish. A field may be added if no message needs it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from refi_assets.errors import SettingError
from refi_assets.risk.topics import RELEASED_DIR, TOPICS, topic_schema

Schema = Mapping[str, Any]

_ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "examples", "unit", "pii", "contentEncoding"}
_COMPARED = {"type", "enum", "const", "required", "properties", "items", "additionalProperties", "allOf"}
_FORMS = ("pattern", "format")  # whether one contains another cannot be decided: they may only go
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


def check_topic_changes() -> None:
    """Compare each contract with the released one. Raises SettingError with all changes that break somebody."""
    changes = [
        f"{topic}: {change}"
        for topic in TOPICS
        for change in breaking_changes(topic_schema(topic, RELEASED_DIR), topic_schema(topic))
    ]
    if changes:
        raise SettingError(
            f"The contracts of topics break what is released: {'; '.join(changes)}. Make the change compatible, or "
            "send the messages to a new topic."
        )


def breaking_changes(released: Schema, current: Schema) -> list[str]:
    """What a contract no longer accepts, or no longer has: the field, and the change."""
    return list(_changes("message", _expanded(released, released), _expanded(current, current)))


def _expanded(schema: Any, root: Schema) -> Any:
    """A schema in which each reference is replaced by what it refers to."""
    if isinstance(schema, list):
        return [_expanded(part, root) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    parts = {name: _expanded(part, root) for name, part in schema.items() if name not in ("$ref", "$defs")}
    if "$ref" in schema:
        return _expanded(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root) | parts
    return parts


def _changes(place: str, old: Schema, new: Schema) -> Iterator[str]:
    if new.get("type") != old.get("type"):
        yield f"{place}: the type was {old.get('type', 'any')}, and is {new.get('type', 'any')}"
    if (values := _values(new)) is not None:
        gone = "any" if (before := _values(old)) is None else ", ".join(sorted(before - values))
        if gone:
            yield f"{place}: no longer accepts the value {gone}"
    yield from _narrowed_bounds(place, old, new)
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{_field(place, name)}: newly required"
    yield from _property_changes(place, old, new)
    if "items" in new:
        yield from _changes(f"{place}: items", old.get("items", {}), new["items"])
    yield from _condition_changes(place, old, new)
    for keyword in sorted((old.keys() | new.keys()) - _ANNOTATIONS - _COMPARED - {*_FORMS, *_LOWER, *_UPPER}):
        if old.get(keyword) != new.get(keyword):
            yield f"{place}: {keyword} changed"


def _values(schema: Schema) -> set[str] | None:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if values is None else set(map(json.dumps, values))


def _narrowed_bounds(place: str, old: Schema, new: Schema) -> Iterator[str]:
    for keyword in _FORMS:
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{place}: the {keyword} changed"
    for keyword in (*_LOWER, *_UPPER):
        before, bound = old.get(keyword), new.get(keyword)
        is_lower = keyword in _LOWER
        if bound is not None and (before is None or (bound > before if is_lower else bound < before)):
            yield f"{place}: {keyword} is narrowed to {bound}"


def _property_changes(place: str, old: Schema, new: Schema) -> Iterator[str]:
    before, now = old.get("properties", {}), new.get("properties", {})
    for name, schema in before.items():
        if name in now:
            yield from _changes(_field(place, name), schema, now[name])
        else:
            yield f"{_field(place, name)}: removed"
    others_before, others = old.get("additionalProperties", True), new.get("additionalProperties", True)
    if others is False and others_before is not False:
        yield f"{place}: no longer accepts other fields"
    elif isinstance(others, Mapping) and others_before is not False:
        yield from _changes(f"{place}: other fields", {} if others_before is True else others_before, others)


def _condition_changes(place: str, old: Schema, new: Schema) -> Iterator[str]:
    """Conditions are of the form: if a field has a value, then fields are required. A new value may have a new one."""
    before, now = (
        {json.dumps(part.get("if"), sort_keys=True): part for part in schema.get("allOf", ())} for schema in (old, new)
    )
    for condition, part in now.items():
        if part.keys() != {"if", "then"}:
            if part not in old.get("allOf", ()):
                yield f"{place}: allOf changed"
        elif condition in before or not _is_of_new_value(part["if"], old):
            yield from _changes(place, before.get(condition, {}).get("then", {}), part["then"])


def _is_of_new_value(condition: Schema, old: Schema) -> bool:
    for name in condition.get("required", ()):
        asked = _values(condition.get("properties", {}).get(name, {}))
        before = _values(old.get("properties", {}).get(name, {}))
        if asked is not None and before is not None and not asked & before:
            return True
    return False


def _field(place: str, name: str) -> str:
    return name if place == "message" else f"{place}.{name}"
