"""What every engine offers, and how it reports what it cannot do."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Protocol, Self

from sqlglot import exp

from refi_assets.lake import Relation
from refi_assets.lake.relations import QueryCost

Row = dict[str, Any]
Descriptions = Mapping[str, str]  # column -> what it means


def start_of(sql: str) -> str:
    """The start of a statement, on one line, for an error to tell which it is."""
    return " ".join(sql.split())[:160]


class Session(Protocol):
    """An open connection in which relations can be read as group.relation."""

    @property
    def queries(self) -> Sequence[QueryCost]:
        """What the queries of this session took so far, as the engine reports it; DuckDB reports nothing."""
        ...

    def create(self, draft: Relation, statement: exp.Query) -> Relation:
        """Write a query's rows into the lake as the relation that the draft describes; from then on it can be read.

        Returns the draft with its Parquet and its columns. Raises EngineError.
        """
        ...

    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. Raises EngineError."""
        ...

    def proves_empty(self, statement: exp.Query) -> bool:
        """Whether something cheaper than running a query shows that it has no row; if not, it may have.

        Raises EngineError.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class Engine(Protocol):
    """Opens sessions on relations of the lake, and keeps a catalog of them, if it has one."""

    reads_deletes: ClassVar[bool]  # whether it can leave out rows that Relation.deletes lists

    def session(self, relations: Sequence[Relation]) -> Session:
        """A session in which these relations can be read as group.relation."""
        ...

    def register_files(
        self, table: str, columns: Sequence[str], folder: str, first_day: date, comments: Descriptions
    ) -> dict[str, Any]:
        """Make the CSV files of a source readable as a table of text.

        `folder` holds load_date=... folders, from `first_day` on.

        Returns what there is to say of it. Raises EngineError.
        """
        ...

    def publish(self, relations: Sequence[Relation], comments: Mapping[str, Descriptions]) -> None:
        """Let the catalog's tables show these relations from now on; readers see the old or the new, never neither.

        `comments` is by key.
        """
        ...

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Take what is in the catalog for runs other than these alone out of it."""
        ...
