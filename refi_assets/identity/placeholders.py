"""Values that stand for nothing, such as none@none.com, and those that strangers share: they are made missing.

Which values these are is said in placeholders.sql. Values are taken from features, so that all that follows, be it
estimation, comparison or a guard on clusters, knows nothing of them.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

SQL = Path(__file__).with_name("placeholders.sql")

# Of each attribute that is judged the features that are missing if it is a placeholder.
JUDGED: Mapping[str, tuple[str, ...]] = {
    "date_of_birth": ("birth",),
    "email": ("email",),
    "phone": ("phone",),
    "national_id": ("national_id",),
    "street": ("house_number", "street"),
}
_ADDRESS = ("house_number", "street", "postcode", "city", "state")  # judged as a whole: many people live in a street


def remove_placeholders(connection: DuckDBPyConnection, features: Collection[str]) -> None:
    """Make placeholders missing in the table `stated`, and the table `placeholder` of them (attribute, value, …)."""
    connection.execute(SQL.read_text(encoding="utf-8"))
    connection.execute("CREATE TABLE placeholder (attribute VARCHAR, value VARCHAR, records BIGINT, reason VARCHAR)")
    names = ", ".join(name if name in features else f"CAST(NULL AS VARCHAR) AS {name}" for name in ("given", "surname"))
    address = ", ".join(part for part in _ADDRESS if part in features)
    for attribute, missing in JUDGED.items():
        if not set(missing) <= set(features):
            continue
        value = (
            f"CASE WHEN street IS NOT NULL THEN CONCAT_WS(' ', {address}) END" if "street" in missing else missing[0]
        )
        connection.execute(f"CREATE OR REPLACE TEMP VIEW held AS SELECT {value} AS value, {names} FROM stated")
        connection.execute(f"INSERT INTO placeholder FROM placeholders_of('{attribute}', 'held')")
        nothing = ", ".join(f"{feature} = NULL" for feature in missing)
        connection.execute(
            f"UPDATE stated SET {nothing} FROM placeholder "
            f"WHERE placeholder.attribute = '{attribute}' AND placeholder.value = {value}"
        )


def removed_placeholders(connection: DuckDBPyConnection, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """What was made missing, without the values: by attribute and reason the number of values and of records."""
    rows = connection.execute(
        "SELECT attribute, reason, COUNT(*) AS number_of_values, SUM(records) AS records FROM placeholder "
        "GROUP BY attribute, reason ORDER BY attribute, reason"
    ).fetchall()
    for attribute, reason, _, records in rows:
        say(f"{attribute} of {records:,} records is taken as missing: {reason}")
    return [
        {"attribute": attribute, "reason": reason, "values": values, "records": int(records)}
        for attribute, reason, values, records in rows
    ]
