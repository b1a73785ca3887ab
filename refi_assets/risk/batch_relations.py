"""Relations of a run over files that Python makes: the stream's events, the scores, and the scores before.

The stream makes its own of these in risk/stream/. The SQL files in sql/risk/ describe the columns.
"""

from datetime import date
from typing import TYPE_CHECKING

from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.engines.duckdb_sql import columns_sql, parquet_sql
from refi_assets.lake import ObjectStore, Relation
from refi_assets.risk.event_columns import EVENT_COLUMNS, EVENT_KEY, PLACE_COLUMNS
from refi_assets.risk.policy import Bands
from refi_assets.risk.scoring import REASON_SEPARATOR, score_table
from refi_assets.risk.stream.lake_files import SCORES as SCORE_FILES
from refi_assets.risk.stream.lake_files import batch_files, checkpoint_ids, event_files
from refi_assets.specs.names import table_of
from refi_assets.specs.sql_models import load_sql_models

if TYPE_CHECKING:
    from refi_assets.ml.registry import RegisteredModel

STREAMED, FEATURES, SCORES, SCORES_BEFORE, STREAMED_SCORES = (
    "risk/streamed_events",
    "risk/features",
    "risk/scores",
    "risk/scores_before",
    "risk/streamed_scores",
)


def streamed_event_files(lake: ObjectStore) -> list[str]:
    """The keys of the files in which the stream kept events, of all checkpoints."""
    return sorted(key for checkpoint_id in checkpoint_ids(lake) for key in event_files(lake, checkpoint_id))


def streamed_score_files(lake: ObjectStore) -> list[str]:
    """The keys of the files in which the stream kept scores, of all checkpoints."""
    return sorted(key for name in checkpoint_ids(lake) for key in batch_files(lake, SCORE_FILES, name).values())


def keep_streamed(
    session: DuckDBSession, lake: ObjectStore, draft: Relation, files: list[str], as_of: date
) -> Relation:
    """Write the events of the stream's files that arrived by the end of a day, each once, the first to arrive."""
    columns = EVENT_COLUMNS | PLACE_COLUMNS
    if not files:
        return session.create(draft, load_sql_models()[STREAMED].bind({}))
    key, order = ", ".join(EVENT_KEY), "received_at, kafka_offset"
    return session.create_from(
        draft,
        f"SELECT {columns_sql(columns)} FROM {parquet_sql(*map(lake.url, files))} "
        f"WHERE CAST(received_at AS DATE) <= DATE '{as_of}' "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {order}) = 1 ORDER BY {key}",
    )


def keep_streamed_scores(
    session: DuckDBSession, lake: ObjectStore, draft: Relation, files: list[str], as_of: date
) -> Relation:
    """Write each borrower's last score of a day in the stream's files."""
    if not files:
        return session.create(draft, load_sql_models()[STREAMED_SCORES].bind({}))
    return session.create_from(
        draft,
        f"SELECT borrower_id, as_of, probability, band, array_to_string(reasons, '{REASON_SEPARATOR}') AS reasons, "
        f"version, CAST(processed_at AS TIMESTAMP) AS processed_at FROM {parquet_sql(*map(lake.url, files))} "
        f"WHERE as_of = DATE '{as_of}' "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY borrower_id ORDER BY processed_at DESC, score_id DESC) = 1 "
        "ORDER BY borrower_id",
    )


def score_borrowers(
    session: DuckDBSession, draft: Relation, champion: "RegisteredModel | None", bands: Bands
) -> Relation:
    """Write the scores of the session's features; without a champion, there is no row.

    Raises ModelError if the champion reads a column that the features do not have.
    """
    if champion is None:
        return session.create(draft, load_sql_models()[SCORES].bind({}))
    from refi_assets.ml.scoring import probability_sql
    from refi_assets.ml.tables import typed_columns

    columns, _ = typed_columns(session.arrays(exp.select("*").from_(table_of(FEATURES)).order_by("borrower_id")))
    scored = score_table(champion.model, columns, bands)
    borrower_ids = {"borrower_id": columns["borrower_id"]}
    session.connection.register(
        "scored", borrower_ids | {"millionths": scored.millionths, "band": scored.bands, "reasons": scored.reasons}
    )
    return session.create_from(
        draft,
        f"SELECT CAST(borrower_id AS VARCHAR) AS borrower_id, DATE '{draft.as_of}' AS as_of, "
        f"{probability_sql('millionths')} AS probability, CAST(band AS VARCHAR) AS band, "
        f"CAST(reasons AS VARCHAR) AS reasons, CAST({champion.version} AS BIGINT) AS version "
        "FROM scored ORDER BY borrower_id",
    )


def copy_scores(session: DuckDBSession, draft: Relation, before: Relation | None) -> Relation:
    """Write the scores of an earlier day's run; without one, there is no row."""
    if before is None:
        return session.create(draft, load_sql_models()[SCORES_BEFORE].bind({}))
    return session.create_from(
        draft, f"SELECT borrower_id, as_of, probability, band FROM ({session.rows_sql(before)}) ORDER BY borrower_id"
    )
