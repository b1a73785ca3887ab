"""Features: which there are, with their units, and their values for rows in memory.

They are defined in sql/ml/features/. Relations of a batch read these files; a request or a stream computes the same SQL
here, on the rows of one customer or of many.
"""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
from sqlglot import exp

from refi_assets.engines.duckdb_sql import quoted, rows_sql, to_duckdb
from refi_assets.errors import ModelError
from refi_assets.specs.groups import FEATURES, INPUT
from refi_assets.specs.sql_models import FEATURES_OF, SqlModel, load_sql_models

Row = Mapping[str, Any]
KEY = ("customer_id", "as_of")
SUBJECT = "subject"


@dataclass(frozen=True)
class Feature:
    """One feature. `risk` is rises or falls if the risk does so with the feature, None if no direction is known."""

    name: str
    unit: str
    risk: str | None
    description: str
    definition: str  # key of the SQL file


@cache
def declared_features() -> dict[str, Feature]:
    """Every feature by name, in the order of files and columns. Raises SettingError if a file's head is wrong."""
    return {
        name: Feature(
            name, model.units.get(name, ""), model.risks.get(name), model.column_descriptions[name], model.key
        )
        for model in _models(FEATURES).values()
        for name in _columns(model)
    }


@cache
def features_read_from(relation: str) -> dict[str, Feature]:
    """All declared features, and those that the SQL file of a relation describes itself, by name."""
    if (model := load_sql_models().get(relation)) is None:
        return declared_features()
    own = {
        name: Feature(name, model.units.get(name, ""), model.risks.get(name), text, relation)
        for name, text in model.column_descriptions.items()
    }
    return own | declared_features()


@cache
def input_columns() -> dict[str, dict[str, str]]:
    """The inputs of features -> their columns -> DuckDB's SQL types, as the files in sql/ml/input/ cast them."""
    return {
        name: {select.alias_or_name: _cast_type(select) for select in model.own_tree.selects}
        for name, model in _models(INPUT).items()
    }


class FeatureSession:
    """Computes features of rows in memory, in a database of its own. Threads may share it; they take turns."""

    def __init__(self, names: Collection[str] | None = None) -> None:
        """`names` are the features to compute, all by default. Raises ModelError for an unknown one."""
        if unknown := sorted(set(names or ()) - declared_features().keys()):
            raise ModelError(f"unknown features: {', '.join(unknown)}; there are {', '.join(declared_features())}.")
        self._lock = threading.Lock()
        self._connection = duckdb.connect(config={"threads": 1})
        # Reordering the joins takes more time than everything else for one customer, and each is from the subject.
        self._connection.execute("SET disabled_optimizers = 'join_order'")
        self._connection.execute(f"CREATE SCHEMA {INPUT}; CREATE SCHEMA {FEATURES}")
        for name, columns in input_columns().items():
            declared = [f"{quoted(column)} {sql_type}" for column, sql_type in columns.items()]
            declared += [f"PRIMARY KEY ({', '.join(KEY)})"] if name == SUBJECT else []
            self._connection.execute(f"CREATE TABLE {_input(name)} ({', '.join(declared)})")
        selected, joins = [f"{SUBJECT}.{column}" for column in KEY], []
        for model in _models(FEATURES).values():
            columns_of_model = [name for name in _columns(model) if names is None or name in names]
            if columns_of_model:
                self._connection.execute(f"CREATE VIEW {FEATURES}.{model.name} AS {to_duckdb(model.own_tree)}")
                selected += [f"{model.name}.{column}" for column in columns_of_model]
                joins.append(f"INNER JOIN {FEATURES}.{model.name} AS {model.name} USING ({', '.join(KEY)})")
        self._query = f"SELECT {', '.join(selected)} FROM {_input(SUBJECT)} AS {SUBJECT} {' '.join(joins)}"

    def compute(self, inputs: Mapping[str, Sequence[Row] | Any]) -> list[dict[str, Any]]:
        """For each row of inputs["subject"]: customer_id, as_of, and the features.

        An input is a list of mappings, whose missing columns are null, or a table that DuckDB reads, such as Arrow's;
        one that is not given has no rows. Raises ModelError for an unknown input or column, or a value that does not
        fit its column's type.
        """
        with self._lock:
            self._connection.begin()
            try:
                for name, rows in inputs.items():
                    self._insert(name, rows)
                result = self._connection.execute(self._query)
                columns = [column[0] for column in result.description or []]
                return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
            except duckdb.Error as error:  # its message may quote a value
                raise ModelError(f"The features cannot be computed: {type(error).__name__}.") from None
            finally:
                self._connection.rollback()

    def _insert(self, name: str, rows: Sequence[Row] | Any) -> None:
        columns = input_columns().get(name)
        if columns is None:
            raise ModelError(f"input {name!r} is unknown; there are {', '.join(input_columns())}.")
        is_table = not isinstance(rows, list | tuple)
        if is_table:
            self._connection.register("table_of_rows", rows)
            given = set(self._connection.table("table_of_rows").columns)
        else:
            given = {column for row in rows for column in row}
        if unknown := sorted(given - columns.keys()):
            raise ModelError(f"input {name}: unknown columns: {', '.join(unknown)}; there are {', '.join(columns)}.")
        if not given:
            return
        names = ", ".join(map(quoted, sorted(given)))
        source = "table_of_rows" if is_table else rows_sql(rows, {column: columns[column] for column in given})
        try:
            self._connection.execute(f"INSERT INTO {_input(name)} ({names}) SELECT {names} FROM {source}")
        except duckdb.Error as error:
            expected = ", ".join(f"{column} {columns[column]}" for column in sorted(given))
            once = f" and each {' and '.join(KEY)} comes once" if name == SUBJECT else ""
            raise ModelError(
                f"input {name}: a value does not fit; the columns are {expected}{once} ({type(error).__name__})."
            ) from None


def _cast_type(select: exp.Expr) -> str:
    sql_type = select.unalias().args["to"]
    return str(sql_type.sql("duckdb"))


def _models(folder: str) -> dict[str, SqlModel]:
    """The SQL files of a folder of parts, by name."""
    start = f"{FEATURES_OF}/{folder}/"
    return {model.name: model for key, model in load_sql_models().items() if key.startswith(start)}


def _columns(model: SqlModel) -> list[str]:
    return [name for name in model.own_tree.named_selects if name not in KEY]


def _input(name: str) -> str:
    return f"{INPUT}.{quoted(name)}"
