"""Athena's statements translated to Trino's: only the two kinds that the engine sends, SELECT and CREATE TABLE AS.

Text in, text out; athena_queries.py runs the statements. Anything else is left to Trino's parser to refuse.
"""

import re
from dataclasses import dataclass, field

TABLE_AS = re.compile(
    r"\s*CREATE\s+TABLE\s+(?P<name>\S+)\s+(?:WITH\s*\((?P<properties>[^()]*)\)\s*)?(?=AS\b)", re.IGNORECASE
)
PROPERTY = re.compile(r"(\w+)\s*=\s*'([^']*)'")
DEFAULT_COMPRESSION = "GZIP"  # Athena's, for Parquet


class MalformedQueryError(Exception):
    """Athena would not start this statement."""


@dataclass
class Translated:
    """A statement for Trino. For a CREATE TABLE AS: the table's name, and Trino's session properties."""

    sql: str
    table: str | None = None
    session: dict[str, str] = field(default_factory=dict)

    @property
    def is_ctas(self) -> bool:
        return self.table is not None


def translate(sql: str, location: str) -> Translated:
    """The statement for Trino. location: of a new table. Raises MalformedQueryError."""
    head = TABLE_AS.match(sql)
    if head is None:
        return Translated(sql)
    properties = dict(PROPERTY.findall(head["properties"] or ""))
    compression = properties.pop("write_compression", DEFAULT_COMPRESSION)
    table_format = properties.pop("format", "PARQUET")
    if properties:
        raise MalformedQueryError(f"line 1:1: Table properties [{', '.join(sorted(properties))}] are not supported.")
    trino_head = f"CREATE TABLE {head['name']} WITH (format = '{table_format}', external_location = '{location}') "
    session = {"awsdatacatalog.compression_codec": compression}
    return Translated(trino_head + sql[head.end() :], head["name"], session)
