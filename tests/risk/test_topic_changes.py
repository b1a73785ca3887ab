"""Contracts of topics: a change that breaks what is released is named; any other keeps old messages valid."""

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refi_assets.errors import SettingError
from refi_assets.risk import topic_changes
from refi_assets.risk.topic_changes import breaking_changes, check_topic_changes
from refi_assets.risk.topics import RELEASED_DIR, TOPICS, topic_schema
from refi_assets.risk.validation import DEAD_LETTER_REASONS

Schema = dict[str, Any]
Change = Callable[[Schema], object]

RELEASED: Schema = {
    "type": "object",
    "required": ["id", "kind"],
    "properties": {
        "id": {"$ref": "#/$defs/identifier"},
        "kind": {"enum": ["a", "b", "c"]},
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "marks": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "place": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "allOf": [{"if": {"properties": {"kind": {"const": "b"}}, "required": ["kind"]}, "then": {"required": ["size"]}}],
    "$defs": {"identifier": {"type": "string", "pattern": "^[a-z]+$"}},
}


def needs(kind: str, *fields: str) -> Schema:
    return {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": {"required": [*fields]}}


def properties(schema: Schema) -> Schema:
    result: Schema = schema["properties"]
    return result


COMPATIBLE: dict[str, Change] = {
    "a new field": lambda schema: properties(schema).update(note={"type": "string", "default": ""}),
    "a description": lambda schema: properties(schema)["size"].update(description="Its size.", unit="inches"),
    "a wider bound": lambda schema: properties(schema)["size"].update(minimum=0, maximum=10),
    "no bound": lambda schema: properties(schema)["size"].pop("maximum"),
    "no pattern": lambda schema: schema["$defs"]["identifier"].pop("pattern"),
    "a new value": lambda schema: properties(schema)["kind"]["enum"].append("d"),
    "a new value with its own fields": lambda schema: (
        properties(schema)["kind"]["enum"].append("d"),
        schema["allOf"].append(needs("d", "marks")),
    ),
    "a field that is no longer required": lambda schema: schema["required"].remove("kind"),
    "a condition that is gone": lambda schema: schema.pop("allOf"),
    "a type that is written in place": lambda schema: properties(schema).update(
        id={"type": "string", "pattern": "^[a-z]+$"}
    ),
}
BREAKING: dict[str, tuple[Change, str]] = {
    "removed": (lambda schema: properties(schema).pop("marks"), "marks: removed"),
    "retyped": (
        lambda schema: properties(schema)["size"].update(type="string"),
        "size: the type was integer, and is string",
    ),
    "retyped by reference": (
        lambda schema: schema["$defs"]["identifier"].update(type="integer"),
        "id: the type was string, and is integer",
    ),
    "newly required": (lambda schema: schema["required"].append("size"), "size: newly required"),
    "new and required": (
        lambda schema: (schema["required"].append("note"), properties(schema).update(note={"type": "string"})),
        "note: newly required",
    ),
    "a value less": (
        lambda schema: properties(schema)["kind"]["enum"].remove("a"),
        'kind: no longer accepts the value "a"',
    ),
    "values for what had any": (
        lambda schema: properties(schema)["size"].update(enum=[1, 2]),
        "size: no longer accepts the value any",
    ),
    "another pattern": (
        lambda schema: schema["$defs"]["identifier"].update(pattern="^[a-c]+$"),
        "id: the pattern changed",
    ),
    "a new format": (
        lambda schema: properties(schema)["marks"]["items"].update(format="date"),
        "marks: items: the format changed",
    ),
    "a higher minimum": (lambda schema: properties(schema)["size"].update(minimum=2), "size: minimum is narrowed to 2"),
    "a new maximum": (
        lambda schema: properties(schema)["id"].update(maxLength=10),
        "id: maxLength is narrowed to 10",
    ),
    "no other fields": (
        lambda schema: schema.update(additionalProperties=False),
        "message: no longer accepts other fields",
    ),
    "retyped other fields": (
        lambda schema: properties(schema)["place"].update(additionalProperties={"type": "string"}),
        "place: other fields: the type was integer, and is string",
    ),
    "a condition for an old value": (lambda schema: schema["allOf"].append(needs("a", "size")), "size: newly required"),
    "a condition that asks for more": (
        lambda schema: schema["allOf"][0]["then"]["required"].append("marks"),
        "marks: newly required",
    ),
    "a word that is not compared": (
        lambda schema: properties(schema)["marks"].update(uniqueItems=True),
        "marks: uniqueItems changed",
    ),
    "another form of condition": (lambda schema: schema["allOf"].append({"not": {}}), "message: allOf changed"),
}


def changed(*changes: Change) -> Schema:
    schema = copy.deepcopy(RELEASED)
    for change in changes:
        change(schema)
    return schema


@pytest.mark.parametrize("change", COMPATIBLE.values(), ids=COMPATIBLE)
def test_a_change_that_accepts_all_old_messages_is_fine(change: Change) -> None:
    assert breaking_changes(RELEASED, changed(change)) == []


@pytest.mark.parametrize(("change", "reported"), BREAKING.values(), ids=BREAKING)
def test_a_change_that_breaks_somebody_is_named_with_its_field(change: Change, reported: str) -> None:
    assert reported in breaking_changes(RELEASED, changed(change))


FIELDS = {
    "id": st.sampled_from(["a", "b", "abc", "abcdefghijk"]),
    "kind": st.sampled_from(["a", "b", "c"]),
    "size": st.integers(1, 9),
    "marks": st.lists(st.sampled_from(["a", "2026-01-01"]), max_size=2),
    "place": st.dictionaries(st.sampled_from(["x", "y"]), st.integers(), max_size=2),
}
MESSAGES = st.fixed_dictionaries({}, optional=FIELDS).filter(jsonschema.Draft202012Validator(RELEASED).is_valid)
ALL_CHANGES = st.sampled_from([*COMPATIBLE.values(), *(change for change, _ in BREAKING.values())])


@settings(max_examples=500)
@given(st.lists(ALL_CHANGES, min_size=1, max_size=3, unique=True), MESSAGES)
def test_what_was_valid_stays_valid_unless_a_change_is_reported(changes: list[Change], message: Schema) -> None:
    try:
        schema = changed(*changes)
    except (KeyError, ValueError):  # the changes exclude each other
        return
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    assert breaking_changes(RELEASED, schema) or validator.is_valid(message)


def test_the_contracts_are_json_schema_and_break_nothing_that_is_released() -> None:
    for topic in TOPICS:
        jsonschema.Draft202012Validator.check_schema(topic_schema(topic))
        assert breaking_changes(topic_schema(topic, RELEASED_DIR), topic_schema(topic)) == []
    check_topic_changes()


def test_all_that_is_broken_is_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for topic in TOPICS:
        schema = json.loads(json.dumps(topic_schema(topic)))
        if topic == "transactions":
            schema["properties"]["city"] = {"type": "string"}
            schema["required"].append("payee_id")
        (tmp_path / f"{topic}.json").write_text(json.dumps(schema))
    monkeypatch.setattr(topic_changes, "RELEASED_DIR", tmp_path)
    with pytest.raises(SettingError, match="transactions: city: removed") as refused:
        check_topic_changes()
    assert "payee_id" not in str(refused.value), "a field that is no longer required breaks nobody"


def test_every_field_has_a_description_and_amounts_have_a_unit() -> None:
    for topic in TOPICS:
        schema = topic_schema(topic)
        assert schema["title"] == topic
        for name, field in schema["properties"].items():
            assert field["description"].endswith("."), (topic, name)
            assert field.get("unit") == ("USD" if field.get("$ref") == "#/$defs/money" else field.get("unit"))


def test_dead_letters_have_the_reasons_of_the_validation() -> None:
    assert topic_schema("dead-letters")["properties"]["reason"]["enum"] == list(DEAD_LETTER_REASONS)
