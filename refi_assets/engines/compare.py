"""Whether two relations are the same: columns, counts, and rows in any order."""

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.lake import Relation

COMPARED_FIELDS = ("kind", "columns", "rows", "counts")


def describe_difference(engine: DuckDBEngine, old: Relation, new: Relation) -> str | None:
    """How two relations of one key differ; None if they are equal. Raises EngineError."""
    for field in COMPARED_FIELDS:
        if getattr(old, field) != getattr(new, field):
            return f"{field} {getattr(old, field)} then, {getattr(new, field)} now"
    if old.parquet is None or old.parquet == new.parquet:
        return None
    with engine.session() as session:
        then, now = (session.rows_sql(relation) for relation in (old, new))
        only_then = session.value(f"SELECT COUNT(*) FROM ({then} EXCEPT ALL {now})")
        only_now = session.value(f"SELECT COUNT(*) FROM ({now} EXCEPT ALL {then})")
    return f"{only_then:,} rows then but not now, {only_now:,} now but not then" if only_then or only_now else None
