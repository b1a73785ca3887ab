"""The difference between two results on a bank's files, as JSON: python -m bench.compare_bank LAKE RUN_ID THEIR_FOLDER.

Ours are relations of a run, in one currency; theirs are Parquet files. A process of its own, so that the harness stays
small.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import duckdb

from refi_assets.engines.duckdb_sql import path_literal
from refi_assets.lake import RunFolder, open_lake


class Compared(NamedTuple):
    """A relation's key, and its other columns as SQL on both sides: ours, theirs."""

    key: tuple[str, ...]
    columns: dict[str, tuple[str, str]]


def same(*names: str) -> dict[str, tuple[str, str]]:
    """Columns that are written alike."""
    return {name: (f"ours.{name}", f"theirs.{name}") for name in names}


def in_cents(*names: str) -> dict[str, tuple[str, str]]:
    """Amounts, of which theirs are in cents."""
    return {name: (f"CAST(ours.{name} * 100 AS BIGINT)", f"theirs.{name}") for name in names}


RELATIONS = {
    "account_month": Compared(
        ("account_id", "month"),
        same("transactions", "days_below_zero") | in_cents("inflow", "outflow", "closing_balance"),
    ),
    "loan_cohort": Compared(("cohort_month",), same("total_accounts", "defaulted_accounts")),
}


def differences(ours: dict[str, str], theirs: Path) -> dict[str, dict[str, int]]:
    """Numbers of rows by relation: in `ours` (the address of its Parquet), `missing` from theirs, `wrongly` in theirs,
    and in both, but `other`.
    """
    return {name: _difference(ours[name], theirs / f"{name}.parquet", RELATIONS[name]) for name in RELATIONS}


def _difference(ours: str, theirs: Path, compared: Compared) -> dict[str, int]:
    equal = " AND ".join(f"CAST(ours.{name} AS VARCHAR) = CAST(theirs.{name} AS VARCHAR)" for name in compared.key)
    other = " OR ".join(f"{left} IS DISTINCT FROM {right}" for left, right in compared.columns.values())
    first = compared.key[0]
    with duckdb.connect(config={"memory_limit": "3GB"}) as connection:
        cursor = connection.execute(f"""
            SELECT
                COUNT(ours.{first}) AS ours,
                COUNT(*) FILTER (theirs.{first} IS NULL) AS missing,
                COUNT(*) FILTER (ours.{first} IS NULL) AS wrongly,
                COUNT(*) FILTER ({equal} AND ({other})) AS other
            FROM read_parquet({path_literal(ours)}) AS ours
            FULL JOIN read_parquet({path_literal(str(theirs))}) AS theirs ON {equal}
        """)
        return dict(zip((name for name, *_ in cursor.description), cursor.fetchone() or (), strict=True))


def relations_of(lake_url: str, run_id: str) -> dict[str, str]:
    """The address of each relation's Parquet."""
    lake = open_lake(lake_url)
    relations = {name: RunFolder(lake, run_id).load(f"gold/{name}") for name in RELATIONS}
    return {name: lake.url(str(relation.parquet)) for name, relation in relations.items()}


if __name__ == "__main__":
    print(json.dumps(differences(relations_of(*sys.argv[1:3]), Path(sys.argv[3]))))
