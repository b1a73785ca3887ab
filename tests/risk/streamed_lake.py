"""A lake with hand-written files of a stream, in the layout of refi_assets/risk/stream/lake_files.py."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from refi_assets.engines.duckdb_sql import rows_sql
from refi_assets.lake import open_lake
from refi_assets.risk.event_columns import EVENT_COLUMNS, PLACE_COLUMNS

Row = Mapping[str, Any]

SCORE_COLUMNS = {
    **{"score_id": "VARCHAR", "borrower_id": "VARCHAR", "as_of": "DATE", "probability": "DECIMAL(9,6)"},
    **{"band": "VARCHAR", "reasons": "VARCHAR[]", "model": "VARCHAR", "version": "BIGINT"},
    **{"newest_event_time": "TIMESTAMP", "processed_at": "TIMESTAMP", "events": "BIGINT", "late": "BOOLEAN"},
}


def utc(text: str) -> datetime:
    """A time in UTC, such as 2026-02-20 10:00."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class StreamedLake:
    """Puts the files of batches, as a stream would."""

    def __init__(self, folder: Path) -> None:
        self._lake = open_lake(str(folder))

    def decide(self, checkpoint: str, batch: int, processed_at: str) -> None:
        """The decision of a batch."""
        offsets = {"loan-events": {0: 0, 1: 0}, "transactions": {0: 0}}
        decision = {"model": "live_default", "version": 1, "sha256": "f00d", "snapshot": 0}
        times = {"processed_at": utc(processed_at).isoformat(), "start": offsets, "end": offsets}
        self._lake.put_json(f"stream/risk/decisions/checkpoint={checkpoint}/batch={batch}.json", decision | times)

    def put(self, kind: str, checkpoint: str, batch: int, rows: Iterable[Row]) -> None:
        """A file of events, late_events or scores; a row has the columns that matter."""
        types = SCORE_COLUMNS if kind == "scores" else EVENT_COLUMNS | PLACE_COLUMNS
        table = duckdb.sql(rows_sql([dict.fromkeys(types) | dict(row) for row in rows], types)).to_arrow_table()
        with self._lake.new_file(f"stream/risk/{kind}/checkpoint={checkpoint}/batch={batch}.parquet") as file:
            pq.write_table(table, file)
