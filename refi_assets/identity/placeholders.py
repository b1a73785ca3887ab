"""Placeholders: values that mean nothing, such as none@none.com, and values that strangers share. They become missing.

placeholders.sql says which values these are. They are removed from the features, so that no later step (estimation,
comparison, guards on clusters) sees them.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from refi_assets.specs.sql_steps import load_steps

SQL = Path(__file__).with_name("placeholders.sql")

# Each attribute that is judged, and the features that become missing if its value is a placeholder.
JUDGED: Mapping[str, tuple[str, ...]] = {
    "date_of_birth": ("birth",),
    "email": ("email",),
    "phone": ("phone",),
    "national_id": ("national_id",),
    "street": ("house_number", "street"),
}
_ADDRESS = ("house_number", "street", "postcode", "city", "state")  # judged as a whole: many people live on a street


def remove_placeholders(connection: DuckDBPyConnection, features: Collection[str]) -> None:
    """Make placeholders missing in the table `stated`, and list them in a new table, `placeholder`."""
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
        nulls = ", ".join(f"{feature} = NULL" for feature in missing)
        connection.execute(
            f"UPDATE stated SET {nulls} FROM placeholder "
            f"WHERE placeholder.attribute = '{attribute}' AND placeholder.value = {value}"
        )


def removed_placeholders(connection: DuckDBPyConnection, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Removed placeholders, without the values: by attribute and reason the number of values and of records."""
    rows = connection.execute(load_steps("identity")["removed_placeholders"]).fetchall()
    for attribute, reason, _, records in rows:
        say(f"{attribute} of {records:,} records is taken as missing: {reason}")
    return [
        {"attribute": attribute, "reason": reason, "values": values, "records": records}
        for attribute, reason, values, records in rows
    ]
