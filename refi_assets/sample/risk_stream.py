"""The stream of a made-up portfolio: its messages in the order in which they are received.

They are in a table of DuckDB on disk, so that memory does not grow with their number.
"""

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.sample.draws import select_items
from refi_assets.sample.risk_arrivals import ORIGINAL, Arrivals
from refi_assets.sample.risk_events import RiskEvents
from refi_assets.sample.risk_malformed import DEFECTS_OF_MESSAGES, malformed_message
from refi_assets.sample.risk_messages import BORROWER_ID_SQL, SOURCE_OF_TOPIC, TOPIC_SQL, source_columns, value_sql
from refi_assets.sample.written_tables import Array

StreamMessage = tuple[str, str | None, bytes | str | None, int]  # topic, key, value, received at (ms since 1970)
SHARE_OF_MALFORMED = 0.01
_MESSAGES_A_BATCH = 10_000
_MOST_MS_UNTIL_MALFORMED = 60_000
_EVENT_COLUMNS = [column.name for column in fields(RiskEvents)]
_ARRIVAL_COLUMNS = ["row", "original", "received", "copy", *_EVENT_COLUMNS]
_MALFORMED_TYPES = {
    **{"row": "BIGINT", "template": "BIGINT", "wait": "BIGINT"},
    **{"defect": "VARCHAR", "key": "VARCHAR", "content": "VARCHAR"},
}
_KEY_SQL = f"CASE WHEN defect IS NULL THEN {BORROWER_ID_SQL} ELSE key END"


class RiskStream:
    """A stream in the making: arrivals are added, then put in order, then read. Ids of events begin with `prefix`."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder, self._prefix = folder, prefix
        self._text_sql = f"CASE WHEN defect IS NULL THEN {value_sql(prefix)} END"
        self._connection = duckdb.connect(
            folder / "stream.duckdb", config={"memory_limit": "1GB", "temp_directory": str(folder)}
        )
        columns = ", ".join(f"{name} BIGINT" for name in _ARRIVAL_COLUMNS)
        self._connection.execute(f"CREATE TABLE arrival ({columns}, key VARCHAR, bytes BLOB, defect VARCHAR)")

    def close(self) -> None:
        """Close the tables."""
        self._connection.close()

    def add(self, arrivals: Arrivals) -> None:
        """Add arrivals of the stream."""
        self._connection.register("arrays", arrival_arrays(arrivals))
        columns = ", ".join(_ARRIVAL_COLUMNS)
        self._connection.execute(f"INSERT INTO arrival ({columns}) SELECT {columns} FROM arrays")
        self._connection.unregister("arrays")

    def add_malformed(self, rng: np.random.Generator, first_row: int) -> None:
        """Add malformed messages, each made from another event's message and received within a minute of it."""
        originals: Array = self._connection.execute(
            f"SELECT row FROM arrival WHERE copy = {ORIGINAL} ORDER BY row"
        ).fetchnumpy()["row"]
        number = min(len(originals), max(len(DEFECTS_OF_MESSAGES), round(SHARE_OF_MALFORMED * len(originals))))
        if not number:
            return
        chosen = np.sort(rng.choice(originals, number, replace=False))
        self._connection.register("chosen", {"row": chosen})
        texts = self._connection.execute(
            f"SELECT {value_sql(self._prefix)} FROM arrival SEMI JOIN chosen USING (row) ORDER BY row"
        ).fetchall()
        self._connection.unregister("chosen")
        defects = rng.permutation(np.resize(np.array(list(DEFECTS_OF_MESSAGES)), number)).tolist()
        waits = rng.integers(0, _MOST_MS_UNTIL_MALFORMED, number).tolist()
        path = self._folder / "malformed.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for place, (template, (text,), defect, wait) in enumerate(
                zip(chosen.tolist(), texts, defects, waits, strict=True)
            ):
                key, value = malformed_message(defect, text)
                content = None if value is None else b64encode(value).decode()
                line = {"row": first_row + place, "template": template, "wait": wait, "defect": defect}
                file.write(json.dumps(line | {"key": key, "content": content}) + "\n")
        types = ", ".join(f"{name}: '{sql_type}'" for name, sql_type in _MALFORMED_TYPES.items())
        columns = ", ".join(f"arrival.{name}" for name in ("copy", *_EVENT_COLUMNS))
        self._connection.execute(
            f"""INSERT INTO arrival BY NAME
            SELECT malformed.row, malformed.row AS original, malformed.key, malformed.defect,
                FROM_BASE64(malformed.content) AS bytes,
                LEAST(received + wait, (SELECT MAX(received) FROM arrival)) AS received, {columns}
            FROM READ_JSON({text_literal(str(path))}, format = 'newline_delimited', columns = {{{types}}}) AS malformed
            JOIN arrival ON arrival.row = malformed.template"""
        )

    def put_in_order(self, live_rate: float | None) -> None:
        """Number the messages by their arrival.

        If they are to be sent live, so many a second or all at once (0), they arrive from now on, and their events keep
        their delay.
        """
        self._connection.execute(
            "CREATE TABLE numbered AS SELECT ROW_NUMBER() OVER (ORDER BY received, row) - 1 AS number, * FROM arrival"
        )
        self._connection.execute("DROP TABLE arrival")
        if live_rate is None:
            self._connection.execute("CREATE TABLE stream AS SELECT * FROM numbered ORDER BY number")
        else:
            step = 1000 / live_rate if live_rate else 0.0
            sent = f"{time.time_ns() // 1_000_000} + CAST({{}}.number * {step} AS BIGINT)"
            self._connection.execute(
                f"""CREATE TABLE stream AS
                SELECT numbered.* REPLACE (
                    {sent.format("numbered")} AS received,
                    {sent.format("original")} - original.received + numbered.happened_at AS happened_at
                )
                FROM numbered JOIN numbered AS original ON original.row = numbered.original
                ORDER BY numbered.number"""
            )
        self._connection.execute("DROP TABLE numbered")

    def messages(self) -> Iterator[StreamMessage]:
        """All messages, in order."""
        cursor = self._connection.cursor()
        cursor.execute(
            f"SELECT {TOPIC_SQL}, {_KEY_SQL}, COALESCE(ENCODE({self._text_sql}), bytes), received FROM stream"
        )
        while rows := cursor.fetchmany(_MESSAGES_A_BATCH):
            yield from rows

    def write_messages(self, folder: Path) -> None:
        """Write the messages of each topic as JSON Lines: number, key, timestamp, and value or value_base64."""
        columns = {
            "number": "number",
            "key": _KEY_SQL,
            "timestamp": "received",
            "value": self._text_sql,
            "value_base64": "TO_BASE64(bytes)",
        }
        for topic in SOURCE_OF_TOPIC:
            self._copy(
                f"SELECT {select_items(columns)} FROM stream WHERE {TOPIC_SQL} = '{topic}'",
                folder / f"{topic}.jsonl",
                "FORMAT json",
            )

    def write_sources(self, folder: Path) -> None:
        """Write the well-formed messages as source files, copies and what is too late included."""
        for topic, source in SOURCE_OF_TOPIC.items():
            items = select_items(source_columns(topic, self._prefix))
            query = f"SELECT {items} FROM stream WHERE defect IS NULL AND {TOPIC_SQL} = '{topic}'"
            self._copy(query, folder / source / "streamed.csv", "FORMAT csv, HEADER true")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the table `stream`."""
        return self._connection.execute(query).fetchall()

    def _copy(self, query: str, path: Path, options: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection.execute(f"COPY ({query}) TO {text_literal(str(path))} ({options})")


def arrival_arrays(arrivals: Arrivals) -> dict[str, Array]:
    """The columns of arrivals, of their events, too."""
    own = {name: getattr(arrivals, name) for name in ("row", "original", "received", "copy")}
    return own | {name: getattr(arrivals.events, name) for name in _EVENT_COLUMNS}


def stored_messages(folder: Path) -> Iterator[StreamMessage]:
    """The messages that write_messages() wrote, of all topics in their order."""
    types = "{number: 'BIGINT', key: 'VARCHAR', timestamp: 'BIGINT', value: 'VARCHAR', value_base64: 'VARCHAR'}"
    selects = [
        f"SELECT number, '{topic}' AS topic, key, value, FROM_BASE64(value_base64) AS bytes, timestamp FROM "
        f"READ_JSON({text_literal(str(folder / f'{topic}.jsonl'))}, format = 'newline_delimited', columns = {types})"
        for topic in SOURCE_OF_TOPIC
    ]
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        rows = connection.execute(
            f"SELECT topic, key, value, bytes, timestamp FROM ({' UNION ALL '.join(selects)}) ORDER BY number"
        )
        while batch := rows.fetchmany(_MESSAGES_A_BATCH):
            for topic, key, value, content, timestamp in batch:
                yield topic, key, content if value is None else value, timestamp
