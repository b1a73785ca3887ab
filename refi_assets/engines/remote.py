"""Engines that run elsewhere. In a session's SQL, the names of relations are replaced by the tables of their runs.

Every run has its own tables, run_<run id>__<group>__<relation>, so that runs never collide. After a publication, the
catalog's table with the relation's own name is pointed at the new rows: refi's relations in the deployment's database,
those of another group in that group's database.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import Self

from sqlglot import exp

from refi_assets.engines.base import Row, statement_start
from refi_assets.errors import EngineError, LakeError
from refi_assets.lake import ObjectStore, Relation
from refi_assets.lake.relations import QueryCost
from refi_assets.specs.names import key_of
from refi_assets.specs.sql_models import tables_read

_RUN_TABLE = re.compile("run_([a-z0-9_]+?)__([a-z0-9_]+)__([a-z0-9_]+)")

# The messages of these errors are about statements, tables and permissions; those of others may quote a cell.
_SAFE_ERRORS = re.compile(
    r"SYNTAX_ERROR|(TABLE|COLUMN|SCHEMA|CATALOG|FUNCTION|TYPE)_NOT_FOUND|TYPE_MISMATCH|MISMATCHED_COLUMN_ALIASES"
    r"|AMBIGUOUS_NAME|PERMISSION_DENIED|(TABLE|VIEW)_ALREADY_EXISTS|EXCEEDED_\w+|CLUSTER_OUT_OF_MEMORY|NOT_SUPPORTED"
    r"|QUERY_(HAS_TOO_MANY_STAGES|TEXT_TOO_LARGE|REJECTED|QUEUE_FULL)|(HIVE|ICEBERG)_(?!BAD_DATA|CURSOR_ERROR)\w+"
    r"|NO_NODES_AVAILABLE|SERVER_\w+|ADMINISTRATIVELY_\w+|USER_CANCELED"
)


def run_table(relation: Relation) -> str:
    """Name of the table of a run's relation."""
    return f"run_{_slug(relation.run_id)}__{relation.key.replace('/', '__')}"


def tables_of_other_runs(names: Iterable[str], run_ids: Collection[str]) -> list[str]:
    """The tables among these names that belong to a run other than these runs."""
    kept = set(map(_slug, run_ids))
    return [name for name in names if (match := _RUN_TABLE.fullmatch(name)) and match[1] not in kept]


def _slug(run_id: str) -> str:
    """A run's id as part of a table's name."""
    return run_id.lower().replace("-", "_")


def table_location(lake: ObjectStore, relation: Relation) -> str:
    """URL of the folder with a relation's rows alone. Raises LakeError if the relation has no such folder."""
    if relation.parquet is None or relation.deletes is not None:
        raise LakeError(
            f"Run {relation.run_id} wrote {relation.key} in a form that only DuckDB can read. Materialize it again on "
            "this engine."
        )
    return lake.address(relation.parquet.rpartition("/")[0]) + "/"


def query_error(error_name: str, message: str, sql: str) -> EngineError:
    """An engine's error with the place in the statement. A message that may quote a cell is withheld."""
    if not _SAFE_ERRORS.fullmatch(error_name):
        return EngineError(
            f"{error_name}. Its message is withheld because it may quote a cell. "
            f"The statement began: {statement_start(sql)}"
        )
    place = re.search(r"line (\d+):(\d+)", message)
    lines = sql.splitlines()
    if place is None or int(place[1]) > len(lines):
        return EngineError(f"{error_name}: {message}. The statement began: {statement_start(sql)}")
    return EngineError(f"{error_name}: {message}\n  {lines[int(place[1]) - 1]}\n  {' ' * (int(place[2]) - 1)}^")


class RemoteSession(ABC):
    """A session whose relations are tables of their runs, each registered when a statement first reads it."""

    def __init__(self, lake: ObjectStore, dialect: str, registered: set[str], relations: Sequence[Relation]) -> None:
        self.lake, self._dialect, self._registered = lake, dialect, registered
        self._relations = {relation.key: relation for relation in relations}
        self.queries: list[QueryCost] = []

    @abstractmethod
    def create(self, draft: Relation, statement: exp.Query) -> Relation:
        """Write a query's rows to the lake as the draft's relation. Raises EngineError."""

    @abstractmethod
    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. Raises EngineError."""

    def proves_empty(self, statement: exp.Query) -> bool:
        """Never: these engines have no proof that is cheaper than the query."""
        return False

    @abstractmethod
    def _place(self, relation: Relation) -> exp.Table:
        """Register a relation's table if need be, and return it."""

    def _created(self, draft: Relation, folder: str, columns: dict[str, str]) -> Relation:
        """The relation of a table that was just created. The session can read it from then on."""
        relation = draft.model_copy(update={"parquet": f"{folder}/", "columns": columns, "kept": ()})
        self._registered.add(run_table(relation))
        self._relations[relation.key] = relation
        return relation

    def _sql(self, statement: exp.Query) -> str:
        """The statement in the engine's SQL, with relations replaced by the tables of their runs."""
        placed = statement.copy()
        for table in tables_read(placed):
            relation = self._relations.get(key_of(table))
            if relation is not None:
                table.replace(exp.alias_(self._place(relation), table.alias or table.name, table=True))
        return self._translated(placed)

    def _translated(self, statement: exp.Query) -> str:
        """A statement in the engine's dialect."""
        return statement.sql(self._dialect, comments=False, pretty=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        return
