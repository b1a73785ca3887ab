"""Dates in a format that the contract declares, such as yyMMdd, as SQL. Other dates are ISO dates, see cells.sql.

Each part has a fixed number of digits, so the text is cut by position. A time of day is required if the format has one,
must be valid, and is not kept.
"""

import re

from refi_assets.engines.duckdb_sql import text_literal

_PATTERNS = {
    "%Y": "[0-9]{4}",
    "%y": "[0-9]{2}",
    "%m": "[0-9]{2}",
    "%d": "[0-9]{2}",
    "%H": "(?:[01][0-9]|2[0-3])",
    "%M": "[0-5][0-9]",
    "%S": "[0-5][0-9]",
}


def declared_date_sql(text: str, date_format: str, two_digit_years_from: int) -> str:
    """SQL for the date of a text in a format (of strptime's directives); null for any other text.

    Two digits mean one of the hundred years from `two_digit_years_from` on.
    """
    pattern, at = "", 1
    parts: dict[str, str] = {}
    for directive in re.findall(r"%.|[^%]", date_format):
        width = 4 if directive == "%Y" else len(directive)
        pattern += _PATTERNS.get(directive) or re.escape(directive)
        parts[directive] = f"SUBSTRING({text}, {at}, {width})"
        at += width
    century, first = divmod(two_digit_years_from, 100)
    year = parts.get("%Y") or (
        f"CASE WHEN {parts['%y']} >= '{first:02}' THEN '{century:02}' ELSE '{century + 1:02}' END || {parts['%y']}"
    )
    date = f"TRY_CAST({year} || '-' || {parts['%m']} || '-' || {parts['%d']} AS DATE)"
    return f"CASE WHEN REGEXP_FULL_MATCH({text}, {text_literal(pattern)}) THEN {date} END"
