"""Runs of the domain risk and files of a stream, written by hand into a lake."""

from collections.abc import Mapping
from datetime import date

import duckdb

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.lake import FolderStore, Relation, RunFolder
from refi_assets.publishing.publication import Publication
from refi_assets.risk.event_columns import EVENT_COLUMNS
from refi_assets.risk.stream.lake_files import batch_key, put_table

EMPTY = {
    "risk/events": {**EVENT_COLUMNS, "is_too_late": "BOOLEAN"},
    "risk/features": {"borrower_id": "VARCHAR", "as_of": "DATE"},
    "risk/scores": {
        **{"borrower_id": "VARCHAR", "as_of": "DATE", "probability": "DECIMAL(9,6)"},
        **{"band": "VARCHAR", "reasons": "VARCHAR"},
    },
    "risk/high_risk": {"borrower_id": "VARCHAR", "as_of": "DATE", "rule": "VARCHAR", "probability": "DECIMAL(9,6)"},
    "risk/possible_fraud": {"borrower_id": "VARCHAR", "as_of": "DATE", "rule": "VARCHAR", "event_id": "VARCHAR"},
}


def publish(lake: FolderStore, run_id: str, as_of: date, relations: Mapping[str, str]) -> None:
    """Publish a run whose relations have the rows of these queries, and no others; a column may be left out."""
    publication, engine = Publication("risk"), DuckDBEngine(lake)
    with engine.session() as session:
        for key, columns in EMPTY.items():
            nulls = ", ".join(f"CAST(NULL AS {sql_type}) AS {name}" for name, sql_type in columns.items())
            query = f"SELECT {nulls} WHERE FALSE"
            if key in relations:
                query += f" UNION ALL BY NAME FROM ({relations[key]})"
            draft = Relation(key=key, run_id=run_id, as_of=as_of, kind="table")
            RunFolder(lake, run_id).save(session.create_from(draft, query))
    run = {"run_id": run_id, "as_of": as_of.isoformat()}
    lake.put_json(publication.manifest_key(run_id), {**run, "relations": {key: {"run_id": run_id} for key in EMPTY}})
    lake.put_json(publication.latest_key, run)


def put_batch(lake: FolderStore, kind: str, batch: int, query: str) -> None:
    """Put a file of the stream: the rows of a query in DuckDB's SQL; columns of events may be left out."""
    if kind != "scores":
        nulls = ", ".join(f"CAST(NULL AS {sql_type}) AS {name}" for name, sql_type in EVENT_COLUMNS.items())
        query = f"SELECT {nulls} WHERE FALSE UNION ALL BY NAME FROM ({query})"
    put_table(lake, batch_key(kind, "c", batch), duckdb.sql(query).to_arrow_table())
