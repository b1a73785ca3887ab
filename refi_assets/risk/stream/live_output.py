"""What a batch leaves in the store: each borrower's last score with its features, and the alerts of the rules.

Both come from the batch's scores in the lake, so a batch that is repeated leaves the same.
"""

from datetime import UTC
from typing import TYPE_CHECKING

import duckdb

from refi_assets.engines.duckdb_sql import quoted, text_literal
from refi_assets.ml.scoring import probability_sql
from refi_assets.risk.live_store import open_alert_outbox, open_live_scores
from refi_assets.risk.scoring import REASON_SEPARATOR
from refi_assets.risk.stream.sink import SCORE_MESSAGE_COLUMNS
from refi_assets.store.alert_outbox import KeyAlert
from refi_assets.store.live_scores import LiveBatch

if TYPE_CHECKING:
    import pyarrow as pa

RULES_COLUMN = "rules"  # a column of the scores: the codes of the rules that report the borrower, a list


class LiveOutput:
    """The store of a lake, and the session of the batches. Methods raise StoreError."""

    def __init__(self, lake_url: str, connection: duckdb.DuckDBPyConnection) -> None:
        self._scores, self._alerts = open_live_scores(lake_url), open_alert_outbox(lake_url)
        self._connection = connection

    def read_scores_before(self) -> None:
        """Make the table risk.scores_before: of the borrowers in risk.subject, the newest score of an earlier day."""
        days = self._connection.execute("SELECT as_of, list(borrower_id) FROM risk.subject GROUP BY as_of").fetchall()
        self._connection.execute(
            "CREATE OR REPLACE TABLE risk.scores_before (borrower_id VARCHAR, as_of DATE, probability DECIMAL(9,6))"
        )
        for day, borrower_ids in days:
            self._connection.register("before", self._scores.scores_before(borrower_ids, day))
            self._connection.execute(
                f"INSERT INTO risk.scores_before SELECT key, as_of, {probability_sql('millionths')} FROM before"
            )
            self._connection.unregister("before")

    def keep(self, checkpoint_id: str, batch: int, scores: "pa.Table") -> None:
        """Keep the scores of a batch, and put the alerts of its rules into the outbox.

        scores: SCORE_MESSAGE_COLUMNS, RULES_COLUMN, and features, which the other columns are. All are of one model.
        """
        if not scores.num_rows:
            return
        features = [name for name in scores.column_names if name not in {*SCORE_MESSAGE_COLUMNS, RULES_COLUMN}]
        self._connection.register("kept", scores)
        live = self._connection.execute(
            "SELECT borrower_id AS key, as_of, CAST(probability * 1000000 AS INTEGER) AS millionths, band, "
            f"array_to_string(reasons, {text_literal(REASON_SEPARATOR)}) AS reasons, newest_event_time, "
            f"CAST(json_array({', '.join(map(quoted, features))}) AS VARCHAR) AS features FROM kept"
        ).to_arrow_table()
        reported = self._connection.execute(f"SELECT borrower_id, unnest({RULES_COLUMN}), as_of FROM kept").fetchall()
        first = self._connection.execute("SELECT model, version, processed_at FROM kept LIMIT 1").fetchall()
        self._connection.unregister("kept")
        ((model, version, processed_at),) = first
        at = processed_at.replace(tzinfo=UTC)
        self._scores.keep(LiveBatch(checkpoint_id, batch, model, version, at, tuple(features)), live)
        self._alerts.add((KeyAlert(*row) for row in reported), at)
