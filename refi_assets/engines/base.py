"""The interface of every engine."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar

from sqlglot import exp

from refi_assets.lake import Relation
from refi_assets.lake.relations import QueryCost
from refi_assets.specs.file_formats import FileFormat

if TYPE_CHECKING:
    from refi_assets.engines.duckdb import NumberArray

T = TypeVar("T")
Row = dict[str, Any]
Descriptions = Mapping[str, str]  # column -> description


def statement_start(sql: str) -> str:
    """The first 160 characters of a statement, on one line, so that an error message identifies it."""
    return " ".join(sql.split())[:160]


class Session(Protocol):
    """An open connection in which relations can be read as group.relation."""

    @property
    def queries(self) -> Sequence[QueryCost]:
        """Time, bytes and cost of this session's queries so far, as the engine reports them; DuckDB reports none."""
        ...

    def create(self, draft: Relation, statement: exp.Query) -> Relation:
        """Write a query's rows to the lake as the draft's relation, which the session can read from then on.

        Returns the draft with its Parquet files and columns. Raises EngineError.
        """
        ...

    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. Raises EngineError."""
        ...

    def proves_empty(self, statement: exp.Query) -> bool:
        """Whether something cheaper than the query proves that it returns no row; if not, it may return some.

        Raises EngineError.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class Tasks(Protocol):
    """Runs functions of this package in other processes, perhaps on other machines, and waits for them.

    A task is a function of a number; `names` says, for each number, what its task works on, such as a file. A task may
    run again, even while an earlier attempt still does, so all attempts must leave the same.
    """

    def run(self, task: Callable[[int], T], names: Mapping[int, str]) -> list[T]:
        """The results, in the order of the numbers.

        Raises the first RefiError of a task, or EngineError with the name if a task failed otherwise.
        """
        ...

    def shared_numbers(self, task: "Callable[[int], NumberArray]", names: Mapping[int, str]) -> "NumberArray":
        """The numbers (64-bit integers) that occur more than once in the results of all tasks, each once.

        Raises EngineError with the name if a task failed.
        """
        ...


class Engine(Protocol):
    """Opens sessions on relations of the lake, and maintains its catalog, if it has one."""

    reads_deletes: ClassVar[bool]  # whether it can skip the rows that Relation.deletes lists
    tasks: ClassVar[Tasks | None]  # which stage the files of a source; None: this process does

    def session(self, relations: Sequence[Relation]) -> Session:
        """A session in which these relations can be read as group.relation."""
        ...

    def register_files(
        self,
        table: str,
        columns: Sequence[str],
        folder: str,
        first_day: date,
        comments: Descriptions,
        file_format: FileFormat,
    ) -> dict[str, Any]:
        """Make the text files of a source readable as a table whose columns are all text.

        `folder` has load_date=... folders, from `first_day` on. Returns metadata of the table. Raises EngineError.
        """
        ...

    def publish(self, relations: Sequence[Relation], comments: Mapping[str, Descriptions]) -> None:
        """Point the catalog's tables at these relations. A reader sees either the old rows or the new ones.

        `comments`: relation key -> the comments of its columns.
        """
        ...

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Remove the tables of all other runs from the catalog."""
        ...


def text_table_comment(file_format: FileFormat) -> str:
    """A comment on a table of text files that shows some cells wrongly; empty for any other."""
    if file_format.encoding == "utf-8":
        return ""
    return (
        f"The files are in {file_format.encoding}, but this table reads them as UTF-8: letters beyond ASCII are wrong. "
        "The staged rows have them right."
    )
