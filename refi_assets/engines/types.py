"""Names of SQL types: those of records, which are DuckDB's, as other engines and catalogs spell them."""

import re

from sqlglot import exp


def to_dialect(sql_type: str, dialect: str) -> str:
    """A record's type (`VARCHAR[]`) as a dialect has it (`array<string>` in Hive's)."""
    return exp.DataType.build(sql_type, dialect="duckdb").sql(dialect).replace(", ", ",").lower()


def from_dialect(sql_type: str, dialect: str) -> str:
    """A dialect's type as a record's. Lengths of texts are dropped: they are what an engine guessed from literals."""
    unbounded = re.sub(r"\b(var)?char\(\d+\)", "varchar", sql_type, flags=re.IGNORECASE)
    named = exp.DataType.build(unbounded, dialect=dialect).sql("duckdb").replace(", ", ",")
    return re.sub(r"\bINT\b", "INTEGER", named.replace("TEXT", "VARCHAR"))
