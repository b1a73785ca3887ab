"""What every engine offers, and how it reports what it cannot do."""

from collections.abc import Sequence
from typing import Any, Protocol, Self

from sqlglot import exp

from refi_assets.lake import Relation

Row = dict[str, Any]


class Session(Protocol):
    """An open connection in which relations can be read by their names."""

    def register(self, relation: Relation) -> None:
        """Make a relation readable by its name."""
        ...

    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. Raises EngineError."""
        ...

    def write_parquet(self, statement: exp.Query, path: str) -> int:
        """Write a query's rows to a Parquet file; returns their number. Raises EngineError.

        They stand in the order of its ORDER BY; without one, in any order.
        """
        ...

    def columns(self, statement: exp.Query) -> dict[str, str]:
        """Column name -> SQL type of a query, without running it. Raises EngineError."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class Engine(Protocol):
    """Opens sessions on relations of the lake."""

    def session(self, relations: Sequence[Relation]) -> Session:
        """A session in which these relations can be read; inputs come before what is made from them."""
        ...
