"""Engines that run elsewhere: a session's SQL goes there with the names of relations replaced by tables of their runs.

Every run has tables of its own, run_<run id>__<group>__<relation>, so that runs never meet. What the catalog shows
under a relation's own name is swapped after a publication: refi's in the deployment's database, that of another group
in a database of the group.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import Self

from sqlglot import exp

from refi_assets.engines.base import Row, start_of
from refi_assets.errors import EngineError, LakeError
from refi_assets.lake import ObjectStore, Relation
from refi_assets.lake.relations import QueryCost
from refi_assets.specs.names import key_of
from refi_assets.specs.sql_models import tables_read

_RUN_TABLE = re.compile("run_([a-z0-9_]+?)__([a-z0-9_]+)")  # older tables do not name the group

# Of these errors the words are about statements, tables and permissions; those of others may quote a cell.
_SAFE_ERRORS = re.compile(
    r"SYNTAX_ERROR|(TABLE|COLUMN|SCHEMA|CATALOG|FUNCTION|TYPE)_NOT_FOUND|TYPE_MISMATCH|MISMATCHED_COLUMN_ALIASES"
    r"|AMBIGUOUS_NAME|PERMISSION_DENIED|(TABLE|VIEW)_ALREADY_EXISTS|EXCEEDED_\w+|CLUSTER_OUT_OF_MEMORY|NOT_SUPPORTED"
    r"|QUERY_(HAS_TOO_MANY_STAGES|TEXT_TOO_LARGE|REJECTED|QUEUE_FULL)|(HIVE|ICEBERG)_(?!BAD_DATA|CURSOR_ERROR)\w+"
    r"|NO_NODES_AVAILABLE|SERVER_\w+|ADMINISTRATIVELY_\w+|USER_CANCELED"
)


def run_table(relation: Relation) -> str:
    """Name of the table that holds a relation of a run."""
    return f"run_{_slug(relation.run_id)}__{relation.key.replace('/', '__')}"


def tables_of_others(names: Iterable[str], run_ids: Collection[str]) -> list[str]:
    """Those of these tables that hold a relation of a run other than these."""
    kept = set(map(_slug, run_ids))
    return [name for name in names if (found := _RUN_TABLE.fullmatch(name)) and found[1] not in kept]


def _slug(run_id: str) -> str:
    """A run's id as a part of a table's name."""
    return run_id.lower().replace("-", "_")


def table_location(lake: ObjectStore, relation: Relation) -> str:
    """The URL of the folder that holds a relation's rows, and nothing else. Raises LakeError where none does."""
    if relation.parquet is None or relation.deletes is not None:
        raise LakeError(
            f"{relation.key} was made by run {relation.run_id} for DuckDB alone. Materialize it again, on this engine."
        )
    return lake.address(relation.parquet.rpartition("/")[0]) + "/"


def said(error_name: str, message: str, sql: str) -> EngineError:
    """An engine's error, with the place in the statement, and without words that may quote a cell."""
    if not _SAFE_ERRORS.fullmatch(error_name):
        return EngineError(
            f"{error_name}. Its words are withheld, since they may quote a cell. The statement began: {start_of(sql)}"
        )
    place = re.search(r"line (\d+):(\d+)", message)
    lines = sql.splitlines()
    if place is None or int(place[1]) > len(lines):
        return EngineError(f"{error_name}: {message}. The statement began: {start_of(sql)}")
    return EngineError(f"{error_name}: {message}\n  {lines[int(place[1]) - 1]}\n  {' ' * (int(place[2]) - 1)}^")


class RemoteSession(ABC):
    """Relations by key, each in a table of its run, which is registered when a statement first reads it."""

    def __init__(self, lake: ObjectStore, dialect: str, registered: set[str], relations: Sequence[Relation]) -> None:
        self.lake, self._dialect, self._registered = lake, dialect, registered
        self._relations = {relation.key: relation for relation in relations}
        self.queries: list[QueryCost] = []

    @abstractmethod
    def create(self, draft: Relation, statement: exp.Query) -> Relation:
        """Write a query's rows into the lake as the relation that the draft describes. Raises EngineError."""

    @abstractmethod
    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. Raises EngineError."""

    def proves_empty(self, statement: exp.Query) -> bool:
        """Nothing is cheaper there."""
        return False

    @abstractmethod
    def _place(self, relation: Relation) -> exp.Table:
        """The table of a relation, registered."""

    def _made(self, draft: Relation, folder: str, columns: dict[str, str]) -> Relation:
        """The relation whose table is there now, to be read by its name from now on."""
        made = draft.model_copy(update={"parquet": f"{folder}/", "columns": columns, "kept": ()})
        self._registered.add(run_table(made))
        self._relations[made.key] = made
        return made

    def _sql(self, statement: exp.Query) -> str:
        """The statement in the engine's SQL, reading the tables of runs."""
        placed = statement.copy()
        for table in tables_read(placed):
            relation = self._relations.get(key_of(table))
            if relation is not None:
                table.replace(exp.alias_(self._place(relation), table.alias or table.name, table=True))
        return placed.sql(self._dialect, comments=False, pretty=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        return
