"""Messages that no contract accepts, made from good ones: a defect each, whose name says what is wrong."""

import json
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
Bytes = bytes | None  # null is a tombstone
_NESTING = 5000
_MONEY_FIELDS = ("amount", "balance", "gross_monthly_income")


def _edited(**fields: Any) -> Callable[[Message], Bytes]:
    return lambda message: _json({**message, **fields})


def _without(name: str) -> Callable[[Message], Bytes]:
    return lambda message: _json({field: value for field, value in message.items() if field != name})


def _with_money(value: Any) -> Callable[[Message], Bytes]:
    return lambda message: _json({**message, next(name for name in _MONEY_FIELDS if name in message): value})


def _ended_by(text: str) -> Callable[[Message], Bytes]:
    return lambda message: _json(message)[:-1] + text.encode()


def _json(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


# Defect -> the message's bytes. The key is the borrower's, except for the defects of _KEYS.
DEFECTS_OF_MESSAGES: dict[str, Callable[[Message], Bytes]] = {
    "tombstone": lambda _: None,
    "empty": lambda _: b"",
    "not_utf8": lambda message: _json(message).replace(b'"kind"', b'"note":"caf\xe9","kind"'),
    "cut_off": lambda message: _json(message)[:-20],
    "list": lambda message: b"[" + _json(message) + b"]",
    "field_twice": _ended_by(',"event_id":"E0"}'),
    "nested_deeply": _ended_by(',"note":' + "[" * _NESTING + "]" * _NESTING + "}"),
    "not_a_number": _ended_by(',"note":NaN}'),
    "without_event_id": _without("event_id"),
    "without_borrower_id": _without("borrower_id"),
    "without_kind": _without("kind"),
    "without_event_time": _without("event_time"),
    "unknown_kind": _edited(kind="gift"),
    "event_id_is_a_number": _edited(event_id=17),
    "event_id_with_spaces": _edited(event_id="E 17"),
    "money_is_a_number": _with_money(12.5),
    "money_is_a_word": _with_money("ten"),
    "money_in_thousandths": _with_money("12.345"),
    "money_too_large": _with_money("1" + 20 * "0" + ".00"),
    "time_without_zone": _edited(event_time="2026-01-31T10:00:00.000"),
    "day_that_does_not_exist": _edited(event_time="2026-02-30T10:00:00.000Z"),
    "time_ahead": _edited(event_time="2999-01-01T00:00:00.000Z"),
    "key_of_another": _edited(),
    "key_missing": _edited(),
}
_KEYS: dict[str, str | None] = {"key_of_another": "B0", "key_missing": None}


def malformed_message(defect: str, text: str) -> tuple[str | None, Bytes]:
    """Key and bytes of a good message with a defect."""
    message = json.loads(text)
    return _KEYS.get(defect, message["borrower_id"]), DEFECTS_OF_MESSAGES[defect](message)
