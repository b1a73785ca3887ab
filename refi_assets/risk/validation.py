"""Kafka's messages as rows: an event that keeps its contract, or the reason why it does not.

The contracts are in contracts/risk/topics/. Nothing that a message contains raises an error, and the same bytes always
give the same row. Fields go from bytes to Arrow in DuckDB, because an object for each takes most of the time.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from refi_assets.errors import needs_packages
from refi_assets.risk.event_columns import EVENT_COLUMNS, PLACE_COLUMNS
from refi_assets.risk.topics import SOURCE_TOPICS, topic_schema

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# Reason -> what is wrong. The codes are in dead letters: they are not renamed.
DEAD_LETTER_REASONS = {
    "no_value": "The message has no value (a tombstone).",
    "too_large": "It has more than 65,536 bytes.",
    "not_utf8": "It is not UTF-8.",
    "nested_too_deeply": "Its arrays and objects are nested more than 64 deep.",
    "not_json": "It is not JSON.",
    "not_an_object": "It is not a JSON object.",
    "field_twice": "An object has a field twice.",
    "field_missing": "A field is missing that an event of this kind must have.",
    "wrong_type": "A field has another type; amounts are strings.",
    "unknown_value": "A field has none of its values, such as an unknown kind.",
    "wrong_form": "A field does not have the form of its contract, or is not in the calendar.",
    "key_differs": "Kafka's key is not the borrower_id.",
    "time_ahead": "The event is further ahead of its receipt than the policy allows.",
}
MOST_BYTES, MOST_NESTING = 65_536, 64

PARSED_COLUMNS = EVENT_COLUMNS | PLACE_COLUMNS | {"reason": "VARCHAR", "field": "VARCHAR"}

_REASON_OF_KEYWORD = {
    "required": "field_missing",
    "type": "wrong_type",
    "enum": "unknown_value",
    "pattern": "wrong_form",
    "format": "wrong_form",
}
_SEVERITY = list(DEAD_LETTER_REASONS)
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)  # one that is not closed goes to the end: no second look
_IN_MESSAGE = [name for name in EVENT_COLUMNS if name not in ("topic", "received_at")]

# The borrower_id of an invalid message is its place, which no borrower's is: it is a group of its own.
_ROWS = """
WITH parsed AS (
    SELECT messages.*, TRY(from_json(messages.value, $form)) AS event
    FROM messages
), judged AS (
    SELECT
        *,
        CASE
            WHEN reason IS NOT NULL THEN reason
            WHEN event IS NULL THEN 'not_json'
            WHEN key IS DISTINCT FROM encode(event.borrower_id) THEN 'key_differs'
            WHEN event.event_time > received_at + $ahead_minutes * INTERVAL 1 MINUTE THEN 'time_ahead'
        END AS verdict
    FROM parsed
)
SELECT {columns}
FROM judged
QUALIFY verdict IS NOT NULL
    OR row_number() OVER (PARTITION BY verdict, event.borrower_id, event.event_id ORDER BY kafka_offset) = 1
ORDER BY kafka_offset
"""


class Problem(NamedTuple):
    """Why a message is invalid: the code, and the field if one is to blame."""

    reason: str
    field: str | None = None


@dataclass(frozen=True)
class MessageParser:
    """Parses messages of source topics, in a process of Spark as well: all that it needs is in it.

    `schemas` are by topic; in Kafka, the topics' names begin with `prefix`.
    """

    schemas: Mapping[str, dict[str, Any]]
    prefix: str
    ahead_minutes: int

    @classmethod
    def of_contracts(cls, prefix: str, ahead_minutes: int) -> "MessageParser":
        """A parser by the contracts in force. Raises SettingError if one cannot be read."""
        return cls({topic: topic_schema(topic) for topic in SOURCE_TOPICS}, prefix, ahead_minutes)

    def __call__(self, name: str, batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        """Rows of PARSED_COLUMNS, in the order of their offsets, of messages of a partition of a topic.

        `name` is the topic's name in Kafka. A batch has the columns key, value, timestamp, partition, offset of Spark's
        Kafka source. Of several messages with the same event, the first counts, and the others give no row.
        """
        import pyarrow as pa

        topic = name.removeprefix(self.prefix)
        judge = MessageJudge(self.schemas[topic])
        parts = [_judged(batch, judge) for batch in batches]
        if parts:
            yield from _rows(pa.Table.from_batches(parts), topic, self.ahead_minutes).to_batches()


class MessageJudge:
    """Judges messages by the JSON Schema of their topic."""

    def __init__(self, schema: dict[str, Any]) -> None:
        with needs_packages("The stream", ("jsonschema_rs", "orjson"), "stream", "make stream"):
            import jsonschema_rs
            import orjson
        self._validator = jsonschema_rs.validator_for(schema, validate_formats=True)
        self._loads = orjson.loads
        self._json_error = orjson.JSONDecodeError

    def problem(self, value: bytes | None) -> Problem | None:
        """What is wrong with a message; None if nothing is."""
        if value is not None and len(value) <= MOST_BYTES:
            try:
                message = self._loads(value)
            except self._json_error:
                pass
            else:
                if _is_plain(message, value) and self._validator.is_valid(message):
                    return None
        return self._first_problem(value)

    def _first_problem(self, value: bytes | None) -> Problem | None:
        if value is None:
            return Problem("no_value")
        if len(value) > MOST_BYTES:
            return Problem("too_large")
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            return Problem("not_utf8")
        if _nesting(value) > MOST_NESTING:
            return Problem("nested_too_deeply")
        try:
            message = self._loads(value)
        except self._json_error:
            return Problem("not_json")
        if not isinstance(message, dict):
            return Problem("not_an_object")
        if _has_field_twice(text):
            return Problem("field_twice")
        problems = [_problem_of(error) for error in self._validator.iter_errors(message)]
        return min(problems, key=lambda problem: (_SEVERITY.index(problem.reason), problem.field or ""), default=None)


def _is_plain(message: Any, value: bytes) -> bool:
    """Whether a message is surely an object without a field that is there twice, and without much nesting.

    Each field, and each of their texts, takes two quotes. A second field of the same name would take more.
    """
    if type(message) is not dict or value.count(b"{") + value.count(b"[") > MOST_NESTING:
        return False
    texts = sum([type(content) is str for content in message.values()])
    return value.count(b'"') == 2 * (len(message) + texts)


def _nesting(value: bytes) -> int:
    depth = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", _STRINGS.sub(b"", value)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _has_field_twice(text: str) -> bool:
    class FieldTwiceError(Exception):
        pass

    def once(pairs: list[tuple[str, Any]]) -> None:
        if len({name for name, _ in pairs}) < len(pairs):
            raise FieldTwiceError

    try:
        json.loads(text, object_pairs_hook=once, parse_int=str, parse_float=str)
    except FieldTwiceError:
        return True
    return False


def _problem_of(error: Any) -> Problem:
    keyword = error.schema_path[-1]
    field = error.kind.property if keyword == "required" else error.instance_path[0]
    return Problem(_REASON_OF_KEYWORD[keyword], field)


def _judged(batch: "pa.RecordBatch", judge: MessageJudge) -> "pa.RecordBatch":
    """A batch with reasons and fields, and with the text of valid messages only."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = batch.column("value")
    problems = [judge.problem(value) for value in values.to_pylist()]
    is_valid = pa.array([problem is None for problem in problems], pa.bool_())
    return pa.RecordBatch.from_pydict(
        {
            "key": batch.column("key").cast(pa.binary()),
            "value": pc.if_else(is_valid, values, pa.scalar(None, values.type)).cast(pa.string()),
            "received_at": batch.column("timestamp").cast(pa.timestamp("us")),
            "kafka_partition": batch.column("partition"),
            "kafka_offset": batch.column("offset"),
            "reason": pa.array([problem and problem.reason for problem in problems], pa.string()),
            "field": pa.array([problem and problem.field for problem in problems], pa.string()),
        }
    )


@cache
def _database() -> "duckdb.DuckDBPyConnection":
    import duckdb

    return duckdb.connect(config={"threads": 1, "enable_external_access": False})


def _rows(messages: "pa.Table", topic: str, ahead_minutes: int) -> "pa.Table":
    """Messages with their verdicts as rows of PARSED_COLUMNS."""
    form = {name: EVENT_COLUMNS[name] for name in _IN_MESSAGE}
    selected = {name: f"CASE WHEN verdict IS NULL THEN event.{name} END" for name in _IN_MESSAGE}
    selected |= {
        "topic": "$topic",
        "borrower_id": "CASE WHEN verdict IS NULL THEN event.borrower_id"
        " ELSE concat_ws('/', chr(0) || $topic, kafka_partition, kafka_offset) END",
        "reason": "verdict",
        "field": "CASE verdict WHEN 'time_ahead' THEN 'event_time' ELSE field END",
    }
    columns = [f"({selected.get(name, name)})::{sql_type} AS {name}" for name, sql_type in PARSED_COLUMNS.items()]
    parameters = {"form": json.dumps(form), "topic": topic, "ahead_minutes": ahead_minutes}
    with _database().cursor() as connection:
        connection.register("messages", messages)
        return connection.execute(_ROWS.format(columns=", ".join(columns)), parameters).to_arrow_table()
