"""Changes of a published lake, as if the files or an earlier step had gone wrong.

A Change takes the path of a relation's record.
"""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.lake import FolderStore, Relation
from refi_assets.lake.relations import with_inputs
from refi_assets.specs.names import table_of

Change = Callable[[Path], None]


def record(**changes: Any) -> Change:
    """Change fields of a relation's record."""

    def change(path: Path) -> None:
        fields = json.loads(path.read_text())
        for name, value in changes.items():
            fields[name] = fields[name] | value if isinstance(value, dict) else value
        path.write_text(json.dumps(fields))

    return change


def inferred(**changes: str | None) -> Change:
    """Change the inferred types of columns; None removes a column."""

    def change(path: Path) -> None:
        before = json.loads(path.read_text())["details"]["inferred"]
        now = {name: kind for name, kind in (before | changes).items() if kind is not None}
        record(details={"inferred": now, "inferred_before": before})(path)

    return change


def rows_before(rows: int) -> Change:
    """Let the snapshot published before have this number of rows; the current one has 40."""
    return record(details={"baseline": {"run_id": "before", "load_date": "2026-02-19", "rows": rows, "profiles": {}}})


def medians(**medians_of: str) -> Change:
    """Let columns have these medians, of 200 rows."""
    return record(details={"profiles": {name: profile(median) for name, median in medians_of.items()}})


def profile(median: str, *, nulls: int = 0) -> dict[str, Any]:
    quartiles = dict.fromkeys(("quartile_1", "median", "quartile_3"), median)
    return {"rows": 200, "numbers": 200 - nulls, "zeros": 0, "whole": 0, **quartiles}


def profile_after(column: str, before: dict[str, Any], now: dict[str, Any]) -> Change:
    """Let a column have one profile in the snapshot published before, and another now."""

    def change(path: Path) -> None:
        record(details={"profiles": {column: now}})(path)
        baseline = {"run_id": "before", "load_date": "2026-02-19", "rows": 200, "profiles": {column: before}}
        record(details={"baseline": baseline})(path.parents[1] / "raw" / path.name)

    return change


def shared(column: str, rows: int) -> Change:
    """Let this number of 200 rows share a value of a column."""
    return record(details={"shared": {column: {"value": "B0", "rows": rows, "of": 200}}})


def respelled(names: dict[str, str]) -> Change:
    """Let the file spell columns' names differently."""

    def change(path: Path) -> None:
        snapshot = json.loads(path.read_text())["details"]["snapshot"]
        (file,) = snapshot["files"]
        record(details={"snapshot": {**snapshot, "files": [{**file, "respelled": names}]}})(path)

    return change


def in_quarantine(rows: int) -> Change:
    """Put this number of 100 rows into quarantine."""
    ids = [f"B{n:03}" for n in range(rows)]
    return record(counts={"source_rows": 100}, details={"quarantined": {"missing_key": rows}, "quarantined_keys": ids})


def clustered(records: int) -> Change:
    """Let this number of 40 records share a person; in the run before, none did."""

    def change(path: Path) -> None:
        before = path.parents[2] / "run-before" / "identity" / path.name
        before.parent.mkdir(parents=True)
        shutil.copy(path, before)
        record(counts={"records in clusters": records}, details={"previous_run": "run-before"})(path)

    return change


def parquet(select: str) -> Change:
    """Replace a relation's rows by a query on them (`it`). A view becomes a table."""

    def change(path: Path) -> None:
        file = path.with_suffix("") / "data.parquet"
        new = file.with_suffix(".new")
        if not file.is_file():
            lake = FolderStore(str(path.parents[3]))
            relation = Relation.model_validate(json.loads(path.read_text()))
            with DuckDBEngine(lake).session(with_inputs(lake, [relation])) as session:
                draft = relation.model_copy(update={"kind": "table", "parquet": None})
                session.create(draft, exp.select("*").from_(table_of(relation.key)))
            record(kind="table", parquet=file.relative_to(lake.root).as_posix())(path)
        duckdb.sql(f"COPY (WITH it AS (FROM '{file}') {select}) TO '{new}' (FORMAT parquet)")
        new.replace(file)

    return change


def without_column(name: str) -> Change:
    """Remove a column of a relation."""

    def change(path: Path) -> None:
        fields = json.loads(path.read_text())
        del fields["columns"][name]
        if fields["sql"]:
            fields["sql"] = f"SELECT {', '.join(fields['columns'])} FROM ({fields['sql']}) AS it"
        path.write_text(json.dumps(fields))

    return change


def with_column(path: Path) -> None:
    """Give a relation an undeclared column."""
    parquet("SELECT *, 1 AS more FROM it")(path)
    record(columns={"more": "INTEGER"})(path)


def added(values: str, times: int = 1) -> Change:
    """Add a row with only these values, `times` times."""
    return parquet("FROM it" + f" UNION ALL BY NAME SELECT {values}" * times)


def replaced(expression: str, column: str) -> Change:
    """Replace a column of a relation."""
    return parquet(f"SELECT * REPLACE ({expression} AS {column}) FROM it")


def loaded(day: date) -> Change:
    """Let the snapshot have this load date."""

    def change(path: Path) -> None:
        snapshot = json.loads(path.read_text())["details"]["snapshot"]
        record(details={"snapshot": {**snapshot, "load_date": day.isoformat()}})(path)

    return change
