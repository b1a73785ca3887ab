"""Messages by their contract: each reason, and the same verdict as the library jsonschema on messages of all kinds."""

import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refi_assets.risk.topics import LOAN_EVENTS, SOURCE_TOPICS, TRANSACTIONS, topic_schema
from refi_assets.risk.validation import DEAD_LETTER_REASONS, PARSED_COLUMNS, MessageJudge, MessageParser

RECEIVED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PAYMENT: dict[str, Any] = {
    "event_id": "E1",
    "borrower_id": "B1",
    "kind": "payment",
    "event_time": "2026-03-01T11:59:58.25Z",
    "payment_id": "P1",
    "due_on": "2026-02-28",
    "paid_on": None,
    "amount": "120.5",
}
OTHER_KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "balance", "balance": "-12.34"},
    {"kind": "limit", "credit_line_id": "C1", "balance": "10", "credit_limit": "9999999999999999.99"},
    {"kind": "income", "amount": "0"},
    {"kind": "statement", "gross_monthly_income": "5000.00", "monthly_debt": "0.01"},
)
TRANSACTION: dict[str, Any] = {
    "event_id": "E1",
    "borrower_id": "B1",
    "kind": "transaction",
    "event_time": "2026-03-01T11:59:58Z",
    "amount": "-3000.00",
    "payee_id": "X:1",
}
PARSER = MessageParser.of_contracts(prefix="", ahead_minutes=5)
JUDGES = {topic: MessageJudge(topic_schema(topic)) for topic in SOURCE_TOPICS}


def encoded(message: object) -> bytes:
    return json.dumps(message).encode()


def changed(**fields: object) -> bytes:
    return encoded(PAYMENT | fields)


def without(field: str) -> bytes:
    return encoded({name: value for name, value in PAYMENT.items() if name != field})


def ended_by(text: str) -> bytes:
    return encoded(PAYMENT)[:-1] + text.encode() + b"}"


def rows_of(
    values: Iterable[bytes | None],
    *,
    keys: Iterable[bytes | None] | None = None,
    topic: str = LOAN_EVENTS,
    parser: MessageParser = PARSER,
    batch_rows: int = 1000,
) -> list[dict[str, Any]]:
    """The rows of messages at the offsets 100, 101, …, which came in Arrow batches."""
    values = list(values)
    count = len(values)
    table = pa.table(
        {
            "key": pa.array(list(keys) if keys is not None else [b"B1"] * count, pa.binary()),
            "value": pa.array(values, pa.binary()),
            "timestamp": pa.array([RECEIVED] * count, pa.timestamp("us", "UTC")),
            "partition": pa.array([3] * count, pa.int32()),
            "offset": pa.array(range(100, 100 + count), pa.int64()),
        }
    )
    batches = table.to_batches(batch_rows) or [pa.RecordBatch.from_pylist([], table.schema)]
    return [row for batch in parser(topic, iter(batches)) for row in batch.to_pylist()]


def test_a_valid_message_is_a_row_with_its_place() -> None:
    [row] = rows_of([encoded(PAYMENT)])
    assert list(row) == list(PARSED_COLUMNS)
    assert {name: value for name, value in row.items() if value is not None} == {
        "topic": "loan-events",
        "event_id": "E1",
        "borrower_id": "B1",
        "kind": "payment",
        "event_time": datetime.fromisoformat("2026-03-01T11:59:58.25"),
        "received_at": RECEIVED.replace(tzinfo=None),
        "payment_id": "P1",
        "due_on": date(2026, 2, 28),
        "amount": Decimal("120.50"),
        "kafka_partition": 3,
        "kafka_offset": 100,
    }


@pytest.mark.parametrize("fields", OTHER_KINDS, ids=lambda fields: fields["kind"])
def test_each_kind_needs_its_own_fields_only(fields: dict[str, str]) -> None:
    common = {name: PAYMENT[name] for name in ("event_id", "borrower_id", "event_time")}
    [row] = rows_of([encoded(common | fields)])
    amounts = {name: Decimal(value) for name, value in fields.items() if name not in ("kind", "credit_line_id")}
    assert row["reason"] is None
    assert {name: row[name] for name in amounts} == amounts
    for name in fields.keys() - {"kind"}:
        [row] = rows_of([encoded(common | {field: value for field, value in fields.items() if field != name})])
        assert (row["reason"], row["field"]) == ("field_missing", name)


def test_a_transaction_is_a_row_of_its_topic() -> None:
    [row] = rows_of([encoded(TRANSACTION)], topic=TRANSACTIONS)
    assert (row["topic"], row["amount"], row["payee_id"]) == ("transactions", Decimal("-3000.00"), "X:1")
    [row] = rows_of([encoded(PAYMENT)], topic=TRANSACTIONS)
    assert (row["reason"], row["field"]) == ("unknown_value", "kind")


INVALID: list[tuple[bytes | None, str, str | None]] = [
    (None, "no_value", None),
    (ended_by(f',"note":"{"x" * 65_536}"'), "too_large", None),
    (encoded(PAYMENT)[:-1] + b',"note":"caf\xe9"}', "not_utf8", None),
    (ended_by(',"note":' + "[" * 64 + "]" * 64), "nested_too_deeply", None),
    (ended_by(',"note":' + "[" * 5000 + "]" * 5000), "nested_too_deeply", None),
    (b"", "not_json", None),
    (b"hello", "not_json", None),
    (b'"' + b'\\"' * 32_000, "not_json", None),
    (encoded(PAYMENT)[:-20], "not_json", None),
    (ended_by(',"note":NaN'), "not_json", None),
    (ended_by(',"note":1e999'), "not_json", None),
    (ended_by(',"note":"\\ud800"'), "not_json", None),
    (encoded(PAYMENT) + encoded(PAYMENT), "not_json", None),
    (encoded([PAYMENT]), "not_an_object", None),
    (b"null", "not_an_object", None),
    (ended_by(',"event_id":"E2"'), "field_twice", None),
    (ended_by(',"\\u0061mount":"120.5"'), "field_twice", None),
    (ended_by(',"note":{"x":1,"x":1}'), "field_twice", None),
    (without("event_id"), "field_missing", "event_id"),
    (without("borrower_id"), "field_missing", "borrower_id"),
    (without("kind"), "field_missing", "kind"),
    (without("event_time"), "field_missing", "event_time"),
    (without("paid_on"), "field_missing", "paid_on"),
    (changed(kind="gift"), "unknown_value", "kind"),
    (changed(kind=None), "unknown_value", "kind"),
    (changed(event_id=17), "wrong_type", "event_id"),
    (changed(amount=12.5), "wrong_type", "amount"),
    (changed(amount=None), "wrong_type", "amount"),
    (changed(paid_on=20260301), "wrong_type", "paid_on"),
    (changed(balance=1), "wrong_type", "balance"),
    (changed(event_id="E 1"), "wrong_form", "event_id"),
    (changed(event_id="E1\n"), "wrong_form", "event_id"),
    (changed(borrower_id="B" * 65), "wrong_form", "borrower_id"),
    (changed(amount="12.345"), "wrong_form", "amount"),
    (changed(amount="1e3"), "wrong_form", "amount"),
    (changed(amount="10000000000000000"), "wrong_form", "amount"),
    (changed(amount="NaN"), "wrong_form", "amount"),
    (changed(due_on="2026-02-29"), "wrong_form", "due_on"),
    (changed(due_on="0001-01-01"), "wrong_form", "due_on"),
    (changed(event_time="2026-02-30T10:00:00Z"), "wrong_form", "event_time"),
    (changed(event_time="2026-03-01T10:00:00"), "wrong_form", "event_time"),
    (changed(event_time="2026-03-01T10:00:00+01:00"), "wrong_form", "event_time"),
    (changed(event_time="2026-03-01T10:00:00.1234Z"), "wrong_form", "event_time"),
    (changed(event_time="2026-03-01T23:59:60Z"), "wrong_form", "event_time"),
    (changed(event_time="1970-01-01T00:00:00Z"), "wrong_form", "event_time"),
    (changed(borrower_id="B2"), "key_differs", None),
    (changed(event_time="2999-12-31T23:59:59Z"), "time_ahead", "event_time"),
    (changed(event_time="2026-03-01T12:05:00.001Z"), "time_ahead", "event_time"),
]


@pytest.mark.parametrize(("value", "reason", "field"), INVALID)
def test_an_invalid_message_has_a_reason_and_its_place_only(
    value: bytes | None, reason: str, field: str | None
) -> None:
    [row] = rows_of([value])
    assert {name: content for name, content in row.items() if content is not None} == {
        "topic": "loan-events",
        "borrower_id": "\x00loan-events/3/100",
        "received_at": RECEIVED.replace(tzinfo=None),
        "kafka_partition": 3,
        "kafka_offset": 100,
        "reason": reason,
        **({"field": field} if field else {}),
    }


def test_every_reason_is_tried() -> None:
    assert {reason for _, reason, _ in INVALID} == DEAD_LETTER_REASONS.keys()


@pytest.mark.parametrize(
    "value",
    [
        changed(event_time="2026-03-01T12:05:00Z"),
        changed(event_time="2000-02-29T00:00:00.5Z"),
        changed(paid_on="2026-03-01", amount="-9999999999999999.99"),
        changed(note="never seen", numbers=[1, {"x": "1"}], version=3, empty=None),
        changed(note='said "pay" {[\\'),
        ended_by(',"note":' + "[" * 63 + "]" * 63),
        ended_by(f',"note":{10**40}'),
        changed(note="é\U0001f600\x00"),
        b" \n" + json.dumps(PAYMENT, indent=4).encode() + b"\t",
        changed(amount="1").replace(b'"amount"', b'"\\u0061mount"'),
    ],
)
def test_unusual_messages_that_keep_the_contract_are_rows(value: bytes) -> None:
    [row] = rows_of([value])
    assert row["reason"] is None


@pytest.mark.parametrize("key", [None, b"", b"b1", b"B1 ", b"\xff"])
def test_the_key_is_the_borrower(key: bytes | None) -> None:
    [row] = rows_of([encoded(PAYMENT)], keys=[key])
    assert (row["reason"], row["event_id"]) == ("key_differs", None)


def test_the_first_message_of_an_event_counts_also_across_arrow_batches() -> None:
    values = [changed(amount="1"), b"", b"", changed(amount="2"), changed(event_id="E2"), changed(amount="3")]
    rows = rows_of(values, batch_rows=2)
    assert [(row["kafka_offset"], row["amount"]) for row in rows] == [
        (100, Decimal(1)),
        (101, None),
        (102, None),
        (104, Decimal("120.50")),
    ]


def test_an_invalid_first_message_leaves_the_event_to_the_next() -> None:
    rows = rows_of([changed(amount="x"), changed(amount="2")])
    assert [(row["reason"], row["amount"]) for row in rows] == [("wrong_form", None), (None, Decimal(2))]


def test_names_in_kafka_may_have_a_prefix_and_a_partition_may_have_no_messages() -> None:
    parser = MessageParser.of_contracts(prefix="test.", ahead_minutes=5)
    [row] = rows_of([encoded(PAYMENT)], topic="test.loan-events", parser=parser)
    assert row["topic"] == "loan-events"
    assert rows_of([]) == []
    assert list(PARSER(LOAN_EVENTS, iter([]))) == []


# The oracle: Python's own JSON reader, made strict, and the library jsonschema.


class RefusedError(Exception):
    pass


def strict_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise RefusedError
    return dict(pairs)


def finite(text: str) -> float:
    if not math.isfinite(float(text)):
        raise RefusedError
    return float(text)


def refuse_constant(_: str) -> float:
    raise RefusedError


def with_ends(schema: Any) -> Any:
    """A schema whose patterns end where a text ends: for Python's `re`, $ also matches before a last line break."""
    if isinstance(schema, dict):
        ends = {name: with_ends(value) for name, value in schema.items()}
        return ends | {"pattern": schema["pattern"].replace("$", r"\Z")} if "pattern" in schema else ends
    return [with_ends(value) for value in schema] if isinstance(schema, list) else schema


def oracle_of(topic: str) -> jsonschema.Draft202012Validator:
    formats = jsonschema.FormatChecker(formats=())
    formats.checks("date", raises=ValueError)(lambda text: not isinstance(text, str) or date.fromisoformat(text))
    formats.checks("date-time", raises=ValueError)(
        lambda text: not isinstance(text, str) or datetime.fromisoformat(text)
    )
    return jsonschema.Draft202012Validator(with_ends(topic_schema(topic)), format_checker=formats)


ORACLES = {topic: oracle_of(topic) for topic in SOURCE_TOPICS}


def oracle_accepts(value: bytes, topic: str) -> bool:
    try:
        message = json.loads(
            value.decode(),
            object_pairs_hook=strict_object,
            parse_int=finite,
            parse_float=finite,
            parse_constant=refuse_constant,
        )
        json.dumps(message, ensure_ascii=False).encode()  # refuses half a character
    except (ValueError, RefusedError):
        return False
    return bool(ORACLES[topic].is_valid(message))


WORDS = ["", "E1", "E1\n", "a b", "-12.34", "12.", ".5", "01", "1" * 16, "1" * 17, "-0", "1.234", "٣", "payment"]
DAYS = ["2026-02-28", "2026-02-30", "2024-02-29", "2023-02-29", "1899-01-01", "2026-13-01"]
TIMES = ["00:00:00Z", "24:00:00Z", "00:00:00.123Z", "00:00:00.Z", "00:00:00+00:00", "23:59:60Z"]
FORMS = st.sampled_from([*WORDS, *DAYS, *(f"{day}T{time}" for day in DAYS for time in TIMES), "2026-01-01t00:00:00z"])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | FORMS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
COMMON = {name: PAYMENT[name] for name in ("event_id", "borrower_id", "event_time")}
VALID = [PAYMENT, TRANSACTION, *(COMMON | fields for fields in OTHER_KINDS)]
FIELDS = sorted({name for message in VALID for name in message})


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A valid message with a few fields changed, added or left out, as JSON of several styles, with bytes changed."""
    message: dict[str, Any] = dict(draw(st.sampled_from(VALID)))
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=3)):
        message[name] = draw(JSON_VALUES)
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=1)):
        message.pop(name, None)
    message |= draw(st.dictionaries(st.text(max_size=3), JSON_VALUES, max_size=2))
    value = json.dumps(message, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    text = bytearray(value.encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.sampled_from([start, start + 1, start + 2, len(text)]))
        text[start:end] = draw(st.sampled_from([b"", b'"', b",", b"}", b"\\", b"0", b"1e999", b"\xff", b"\x00", b"[{"]))
    return bytes(text)


@settings(max_examples=500)
@given(messages(), st.sampled_from(SOURCE_TOPICS))
def test_the_verdict_is_that_of_the_library_jsonschema(value: bytes, topic: str) -> None:
    assert (JUDGES[topic].problem(value) is None) == oracle_accepts(value, topic)


@given(st.lists(messages() | st.binary(max_size=20) | st.none(), max_size=5), st.sampled_from(SOURCE_TOPICS))
def test_each_message_is_a_row_or_a_duplicate_and_none_is_an_error(values: list[bytes | None], topic: str) -> None:
    rows = rows_of(values, topic=topic)
    judged = [value is not None and oracle_accepts(value, topic) for value in values]
    invalid = {row["kafka_offset"] - 100 for row in rows if row["reason"]}
    assert {number for number, is_valid in enumerate(judged) if not is_valid} <= invalid
    assert all(
        row["reason"] in (None, "key_differs", "time_ahead") for row in rows if judged[row["kafka_offset"] - 100]
    )


@given(st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, 26 * 365 * 24 * 60 * 60 * 1000))
def test_amounts_and_times_are_read_exactly(cents: int, milliseconds: int) -> None:
    moment = datetime.fromisoformat("2000-01-01") + timedelta(milliseconds=milliseconds)
    sign, digits = "-" * (cents < 0), f"{abs(cents):03d}"
    text = f"{moment.isoformat(timespec='milliseconds')}Z"
    [row] = rows_of([changed(amount=f"{sign}{digits[:-2]}.{digits[-2:]}", event_time=text)])
    assert (row["amount"], row["event_time"]) == (Decimal(cents) / 100, moment)


def test_patterns_of_the_contracts_are_anchored() -> None:
    for topic in SOURCE_TOPICS:
        patterns = re.findall(r'"pattern": "(.*?)"[,}]', json.dumps(topic_schema(topic)))
        assert patterns
        assert all(pattern.startswith("^") and pattern.endswith("$") for pattern in patterns)
