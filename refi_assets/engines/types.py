"""Names of SQL types, translated between DuckDB's, which records use, and those of other engines and catalogs."""

import re

from sqlglot import exp


def to_dialect(sql_type: str, dialect: str) -> str:
    """A record's type (`VARCHAR[]`) in another dialect (`array<string>` in Hive's)."""
    return exp.DataType.build(sql_type, dialect="duckdb").sql(dialect).replace(", ", ",").lower()


def from_dialect(sql_type: str, dialect: str) -> str:
    """A dialect's type as a record's. Text lengths are dropped: engines guess them from literals."""
    unbounded = re.sub(r"\b(var)?char\(\d+\)", "varchar", sql_type, flags=re.IGNORECASE)
    duckdb_type = exp.DataType.build(unbounded, dialect=dialect).sql("duckdb").replace(", ", ",")
    return re.sub(r"\bINT\b", "INTEGER", duckdb_type.replace("TEXT", "VARCHAR"))
