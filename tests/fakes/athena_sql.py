"""Athena's statements in the words of Trino: what kind each is, table properties of CTAS, and names in DROP TABLE.

Text in, text out; nothing here is run (athena_queries.py). Hive's DDL (CREATE EXTERNAL TABLE, MSCK, UNLOAD, …) is not
put into Trino's words: Trino's parser refuses it, and so does this Athena.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
COMMENTS = re.compile(rf"({QUOTED})|--[^\n]*|/\*.*?\*/", re.DOTALL)
TABLE_AS = re.compile(r"\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>[^\s(]+)\s+(?=WITH\b|AS\b)", re.I)
PROPERTY = re.compile(r"\s*(\w+)\s*=\s*(.+?)\s*", re.DOTALL)

KINDS = (  # first words, StatementType, SubstatementType
    (TABLE_AS, "DDL", "CREATE_TABLE_AS_SELECT"),
    (re.compile(r"\s*(SELECT|WITH|VALUES|\()", re.I), "DML", "SELECT"),
    (re.compile(r"\s*INSERT\b", re.I), "DML", "INSERT"),
    (re.compile(r"\s*CREATE\s+(OR\s+REPLACE\s+)?VIEW\b", re.I), "DDL", "CREATE_VIEW"),
    (re.compile(r"\s*DROP\s+VIEW\b", re.I), "DDL", "DROP_VIEW"),
    (re.compile(r"\s*DROP\s+TABLE\b", re.I), "DDL", "DROP_TABLE"),
    (re.compile(r"\s*(CREATE|ALTER|DROP)\b", re.I), "DDL", ""),
)
PASSED_ON = ("format", "external_location", "partitioned_by", "bucketed_by", "bucket_count")
COMPRESSIONS = ("write_compression", "parquet_compression", "orc_compression")
DEFAULT_COMPRESSION = "GZIP"  # Athena's, for Parquet


class MalformedQueryError(Exception):
    """Athena would not begin this statement."""


@dataclass
class Translated:
    """A statement for Trino. location: where a CTAS puts its data; is_location_given: by the statement itself."""

    sql: str
    statement_type: str
    substatement_type: str
    session: dict[str, str] = field(default_factory=dict)
    location: str | None = None
    is_location_given: bool = False
    table: str | None = None

    @property
    def is_ctas(self) -> bool:
        return self.substatement_type == "CREATE_TABLE_AS_SELECT"


def translate(sql: str, default_location: str) -> Translated:
    """The statement for Trino. default_location: of a CTAS that gives none. Raises MalformedQueryError."""
    plain = COMMENTS.sub(lambda found: found.group(1) or " ", sql).strip().rstrip(";").rstrip()
    statement_type, substatement_type = next(
        ((kind, sub) for pattern, kind, sub in KINDS if pattern.match(plain)), ("UTILITY", "")
    )
    translated = Translated(plain, statement_type, substatement_type)
    if translated.is_ctas:
        return _translate_ctas(translated, default_location)
    if substatement_type == "DROP_TABLE":
        if '"' in plain:
            raise MalformedQueryError(f"line 1:{plain.index(chr(34)) + 1}: mismatched input '\"'. Use backticks.")
        translated.sql = plain.replace("`", '"')
    return translated


def _translate_ctas(translated: Translated, default_location: str) -> Translated:
    head = TABLE_AS.match(translated.sql)
    assert head is not None
    rest = translated.sql[head.end() :]
    inside = ""
    if opening := re.match(r"WITH\s*\(", rest, re.I):
        length = _length_to_closing(rest[opening.end() :])
        inside, rest = rest[opening.end() :][:length], rest[opening.end() + length + 1 :]
    properties = dict(_properties(inside))

    if properties.pop("table_type", "'HIVE'").upper() != "'HIVE'" or properties.pop("is_external", "true") != "true":
        raise MalformedQueryError("Only external tables of table_type HIVE are known here.")
    named = [properties.pop(name) for name in COMPRESSIONS if name in properties]
    compression = (named[0].strip("'") if named else DEFAULT_COMPRESSION).upper()
    unknown = properties.keys() - set(PASSED_ON)
    if unknown:
        raise MalformedQueryError(f"line 1:1: Table properties [{', '.join(sorted(unknown))}] are not supported.")

    translated.is_location_given = "external_location" in properties
    properties.setdefault("format", "'PARQUET'")
    properties.setdefault("external_location", f"'{default_location}'")
    translated.location = properties["external_location"].strip("'")
    translated.session = {"awsdatacatalog.compression_codec": compression}
    translated.table = head.group("name")
    written = ", ".join(f"{name} = {value}" for name, value in properties.items())
    translated.sql = f"{head.group()}WITH ({written}) {rest.lstrip()}"
    return translated


def _length_to_closing(text: str) -> int:
    """How far it is to the parenthesis that closes one opened before the text."""
    depth = 1
    for found in re.finditer(rf"{QUOTED}|[()]", text):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if depth == 0:
            return found.start()
    raise MalformedQueryError("line 1:1: mismatched input '<EOF>'. Expecting: ')'")


def _properties(inside: str) -> Iterator[tuple[str, str]]:
    """name = value, divided by commas that are in no quotes, brackets or parentheses."""
    parts, depth = [""], 0
    for token in re.findall(rf"{QUOTED}|.", inside, re.DOTALL):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token, 0)
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    for part in filter(str.strip, parts):
        found = PROPERTY.fullmatch(part)
        if found is None:
            raise MalformedQueryError(f"line 1:1: mismatched input '{part.strip()}'. Expecting: property = value")
        yield found.group(1).lower(), found.group(2)
