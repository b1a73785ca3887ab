"""Features of borrowers in a DuckDB database in memory, by the very SQL files of the runs over files.

A run expands the files into one query for its engine. Here each input becomes a table, so that it is computed once.
"""

from graphlib import TopologicalSorter

import duckdb

from refi_assets.engines.duckdb_sql import quoted, to_duckdb
from refi_assets.specs.groups import FEATURES, INPUT
from refi_assets.specs.sql_models import load_sql_models, relations_read

SUBJECT_FEATURES = "risk/subject_features"


class LiveFeatures:
    """Computes features on a connection that has these tables, whose rows the caller changes between computations:

    risk.events (EVENT_COLUMNS, is_too_late), risk.subject (borrower_id, as_of), each once, and
    staging.portfolio_borrower (borrower_id, opened_on).
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Prepare the statements, and the schemas input and features."""
        self._connection = connection
        model = load_sql_models()[SUBJECT_FEATURES]
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {INPUT}; CREATE SCHEMA IF NOT EXISTS {FEATURES}")
        parts = {part.key.partition("/")[2]: part.own_tree for part in model.parts_read}
        reads = {name: relations_read(query) & parts.keys() for name, query in parts.items()}
        self._statements = []
        for part in TopologicalSorter(reads).static_order():
            group, name = part.split("/")
            kind = "TABLE" if group == INPUT else "VIEW"
            self._statements.append(f"CREATE OR REPLACE {kind} {group}.{quoted(name)} AS {to_duckdb(parts[part])}")
        self._statements.append(f"CREATE OR REPLACE TABLE risk.features AS {to_duckdb(model.own_tree)}")

    def compute(self) -> None:
        """Make the table risk.features: a row for each row of risk.subject. Raises duckdb.Error."""
        for statement in self._statements:
            self._connection.execute(statement)
