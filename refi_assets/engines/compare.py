"""Whether two relations are the same: columns, counts, and rows in any order."""

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.lake import Relation

COMPARED = ("kind", "columns", "rows", "counts")


def difference(engine: DuckDBEngine, one: Relation, other: Relation) -> str | None:
    """In what two relations of one key differ, in words; None if they are the same. Raises EngineError."""
    for field in COMPARED:
        if getattr(one, field) != getattr(other, field):
            return f"{field} {getattr(one, field)} then, {getattr(other, field)} now"
    if one.parquet is None or one.parquet == other.parquet:
        return None
    with engine.session() as session:
        then, now = (session.rows_sql(relation) for relation in (one, other))
        only_then = session.value(f"SELECT COUNT(*) FROM ({then} EXCEPT ALL {now})")
        only_now = session.value(f"SELECT COUNT(*) FROM ({now} EXCEPT ALL {then})")
    return (
        f"{only_then:,} rows then that are not there now, {only_now:,} the other way" if only_then or only_now else None
    )
