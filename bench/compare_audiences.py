"""The difference between two audiences, as JSON: python -m bench.compare_audiences OURS.csv THEIRS.csv.

A process of its own, so that the harness stays small.
"""

import json
import sys

import duckdb

from refi_assets.engines.duckdb_sql import path_literal

TYPES = {
    "borrower_id": "VARCHAR",
    "name": "VARCHAR",
    "rate_spread": "DECIMAL(10, 6)",
    "monthly_savings_est": "DECIMAL(18, 2)",
    "marketing_category": "VARCHAR",
    "loan_id": "VARCHAR",
    "current_interest_rate": "DECIMAL(10, 6)",
    "market_rate_offer": "DECIMAL(10, 6)",
    "ltv_ratio": "DECIMAL(10, 6)",
    "paperless_billing": "BOOLEAN",
    "email_open_last_30d": "BOOLEAN",
    "mobile_app_login_last_30d": "BOOLEAN",
    "sms_opt_in": "BOOLEAN",
}

# Ours has one more column, after the first five: the bare scripts know no persons.
_COLUMNS = list(TYPES.items())
OUR_TYPES = dict([*_COLUMNS[:5], ("person_id", "VARCHAR"), *_COLUMNS[5:]])


def audience_difference(ours: str, theirs: str) -> dict[str, int]:
    """Numbers of borrowers: in ours, `missing` from theirs, `wrongly` in theirs, in both with an `other` cell."""
    options = "delim = ',', quote = '\"', escape = '\"', header = true, strict_mode = false"
    other = " OR ".join(f"ours.{name} IS DISTINCT FROM theirs.{name}" for name in TYPES)
    with duckdb.connect(config={"memory_limit": "3GB"}) as connection:
        cursor = connection.execute(f"""
            SELECT
                COUNT(ours.borrower_id) AS ours,
                COUNT(*) FILTER (theirs.borrower_id IS NULL) AS missing,
                COUNT(*) FILTER (ours.borrower_id IS NULL) AS wrongly,
                COUNT(*) FILTER (ours.borrower_id = theirs.borrower_id AND ({other})) AS other
            FROM read_csv({path_literal(ours)}, columns = {OUR_TYPES}, {options}) AS ours
            FULL JOIN read_csv({path_literal(theirs)}, columns = {TYPES}, {options}) AS theirs
                ON theirs.borrower_id = ours.borrower_id
        """)
        return dict(zip((name for name, *_ in cursor.description), cursor.fetchone() or (), strict=True))


if __name__ == "__main__":
    print(json.dumps(audience_difference(sys.argv[1], sys.argv[2])))
