"""The difference between two results of a program, as JSON: python -m bench.compare_offers OUR_FOLDER THEIR_FOLDER.

Both folders have offers.csv and verdicts.csv. A process of its own, so that the harness stays small.
"""

import json
import sys
from pathlib import Path

import duckdb

from refi_assets.engines.duckdb_sql import path_literal

MONEY, RATE = "DECIMAL(18, 2)", "DECIMAL(9, 6)"
TYPES = {
    "offers": {
        **dict.fromkeys(("customer_id", "credit_tier", "score_band", "tier"), "VARCHAR"),
        **dict.fromkeys(("approval_likelihood", "default_probability"), RATE),
        "amount": MONEY,
        "note_rate_pct": RATE,
        "term_months": "INTEGER",
        **dict.fromkeys(("monthly_payment", "last_payment", "origination_fee", "amount_financed"), MONEY),
        **dict.fromkeys(("finance_charge", "total_of_payments"), MONEY),
        "apr_pct": RATE,
        "expires_on": "DATE",
    },
    "verdicts": dict.fromkeys(("customer_id", "first_filter", "first_reason", "reasons"), "VARCHAR"),
}


def differences(ours: Path, theirs: Path) -> dict[str, dict[str, int]]:
    """Numbers of customers by file: in `ours`, `missing` from theirs, `wrongly` in theirs, in both, but `other`."""
    return {name: _difference(ours / f"{name}.csv", theirs / f"{name}.csv", types) for name, types in TYPES.items()}


def _difference(ours: Path, theirs: Path, types: dict[str, str]) -> dict[str, int]:
    other = " OR ".join(f"ours.{name} IS DISTINCT FROM theirs.{name}" for name in types)
    with duckdb.connect(config={"memory_limit": "3GB"}) as connection:
        cursor = connection.execute(f"""
            SELECT
                COUNT(ours.customer_id) AS ours,
                COUNT(*) FILTER (theirs.customer_id IS NULL) AS missing,
                COUNT(*) FILTER (ours.customer_id IS NULL) AS wrongly,
                COUNT(*) FILTER (ours.customer_id = theirs.customer_id AND ({other})) AS other
            FROM read_csv({path_literal(str(ours))}, columns = {types}, header = true, delim = ',') AS ours
            FULL JOIN read_csv({path_literal(str(theirs))}, columns = {types}, header = true, delim = ',') AS theirs
                ON theirs.customer_id = ours.customer_id
        """)
        return dict(zip((name for name, *_ in cursor.description), cursor.fetchone() or (), strict=True))


if __name__ == "__main__":
    print(json.dumps(differences(Path(sys.argv[1]), Path(sys.argv[2]))))
