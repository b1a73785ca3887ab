"""Messages that no contract accepts, made from good ones: a defect each, and the reason that the dead letter has."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]
Value = bytes | None  # null is a tombstone
_NESTING, _TOO_LARGE = 5000, 70_000
_MONEY_FIELDS = ("amount", "balance", "gross_monthly_income")


@dataclass(frozen=True)
class MessageDefect:
    """A way to spoil a message, with the reason that the contracts give for it."""

    reason: str
    spoil: Callable[[Message], Value]


def _as_json(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def _with(**fields: Any) -> Callable[[Message], Value]:
    return lambda message: _as_json({**message, **fields})


def _without(name: str) -> Callable[[Message], Value]:
    return lambda message: _as_json({field: value for field, value in message.items() if field != name})


def _with_money(value: Any) -> Callable[[Message], Value]:
    return lambda message: _as_json({**message, _money_field(message): value})


def _with_end(end: str) -> Callable[[Message], Value]:
    return lambda message: _as_json(message)[:-1] + end.encode()


def _money_field(message: Message) -> str:
    return next(name for name in _MONEY_FIELDS if name in message)


DEFECTS_OF_MESSAGES = {
    "tombstone": MessageDefect("no_value", lambda _: None),
    "too_large": MessageDefect("too_large", _with(note=" " * _TOO_LARGE)),
    "not_utf8": MessageDefect(
        "not_utf8", lambda message: _as_json(message).replace(b'"kind"', b'"note":"caf\xe9","kind"')
    ),
    "nested_deeply": MessageDefect("nested_too_deeply", _with_end(f',"note":{"[" * _NESTING}{"]" * _NESTING}}}')),
    "empty": MessageDefect("not_json", lambda _: b""),
    "cut_off": MessageDefect("not_json", lambda message: _as_json(message)[:-20]),
    "not_a_number": MessageDefect("not_json", _with_end(',"note":NaN}')),
    "list": MessageDefect("not_an_object", lambda message: b"[" + _as_json(message) + b"]"),
    "field_twice": MessageDefect("field_twice", _with_end(',"event_id":"E0"}')),
    "without_event_id": MessageDefect("field_missing", _without("event_id")),
    "without_borrower_id": MessageDefect("field_missing", _without("borrower_id")),
    "without_kind": MessageDefect("field_missing", _without("kind")),
    "without_event_time": MessageDefect("field_missing", _without("event_time")),
    "without_money": MessageDefect("field_missing", lambda message: _without(_money_field(message))(message)),
    "event_id_is_a_number": MessageDefect("wrong_type", _with(event_id=17)),
    "money_is_a_number": MessageDefect("wrong_type", _with_money(12.5)),
    "unknown_kind": MessageDefect("unknown_value", _with(kind="gift")),
    "event_id_with_a_space": MessageDefect("wrong_form", _with(event_id="E 17")),
    "money_is_a_word": MessageDefect("wrong_form", _with_money("ten")),
    "money_in_thousandths": MessageDefect("wrong_form", _with_money("12.345")),
    "money_too_large": MessageDefect("wrong_form", _with_money("1" + 20 * "0" + ".00")),
    "time_without_zone": MessageDefect("wrong_form", _with(event_time="2026-01-31T10:00:00.000")),
    "day_that_does_not_exist": MessageDefect("wrong_form", _with(event_time="2026-02-30T10:00:00.000Z")),
    "key_of_another": MessageDefect("key_differs", _with()),
    "key_missing": MessageDefect("key_differs", _with()),
    "time_ahead": MessageDefect("time_ahead", _with(event_time="2099-01-01T00:00:00.000Z")),
}
_KEYS: dict[str, str | None] = {"key_of_another": "B0", "key_missing": None}


def malformed_message(defect: str, text: str) -> tuple[str | None, Value]:
    """Key and value of a good message with a defect."""
    message = json.loads(text)
    return _KEYS.get(defect, message["borrower_id"]), DEFECTS_OF_MESSAGES[defect].spoil(message)
