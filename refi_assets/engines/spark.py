"""Spark: relations are views of their Parquet files, and models write Parquet files, as on other remote engines.

There is no catalog: the lake is the state. Starting Spark belongs to spark_session.py, its SQL to spark_sql.py.
"""

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import uuid4

from sqlglot import exp

from refi_assets.engines.base import Descriptions, Row, Tasks
from refi_assets.engines.remote import RemoteSession, query_error, run_table, table_location, tables_of_other_runs
from refi_assets.engines.spark_session import run_spark_job, spark_session
from refi_assets.engines.spark_sql import DIALECT, to_spark
from refi_assets.engines.spark_tasks import SparkTasks
from refi_assets.engines.types import from_dialect, to_dialect
from refi_assets.errors import EngineError
from refi_assets.lake import FolderStore, ObjectStore, Relation
from refi_assets.lake.relations import QueryCost
from refi_assets.specs.file_formats import FileFormat

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

T = TypeVar("T")

# Readers of a folder would take markers and checksums for data.
_NO_MARKERS = {"mapreduce.fileoutputcommitter.marksuccessfuljobs": "false"}
_NO_CHECKSUMS = {"fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem", "fs.file.impl.disable.cache": "true"}


@dataclass(eq=False)
class SparkEngine:
    """Spark on a lake. It starts with the first statement."""

    lake: ObjectStore
    registered: set[str] = field(default_factory=set)

    reads_deletes: ClassVar[bool] = False
    tasks: ClassVar[Tasks | None] = SparkTasks()

    def session(self, relations: Sequence[Relation]) -> "SparkSqlSession":
        """A session in which these relations can be read as group.relation."""
        return SparkSqlSession(self, relations)

    def register_files(
        self,
        table: str,
        columns: Sequence[str],
        folder: str,
        first_day: date,
        comments: Descriptions,
        file_format: FileFormat,
    ) -> dict[str, Any]:
        """Do nothing: staging reads the files."""
        return {}

    def publish(self, relations: Sequence[Relation], comments: Mapping[str, Descriptions]) -> None:
        """Do nothing: the manifest names the relations."""

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Drop the views of all other runs from this process's session."""
        for name in tables_of_other_runs(self.registered, run_ids):
            spark_session().catalog.dropTempView(name)
            self.registered.discard(name)


class SparkSqlSession(RemoteSession):
    """A session in Spark's SQL."""

    def __init__(self, engine: SparkEngine, relations: Sequence[Relation]) -> None:
        super().__init__(engine.lake, DIALECT, engine.registered, relations)

    def create(self, draft: Relation, statement: exp.Query) -> Relation:
        """Write a query's rows as Parquet files. An interrupted try leaves a folder that nothing reads."""
        folder = f"runs/{draft.run_id}/{draft.key}/{uuid4()}"
        self.lake.require_open()  # Spark would create the folder of a lake that has vanished

        options = _NO_MARKERS | (_NO_CHECKSUMS if isinstance(self.lake, FolderStore) else {})

        def write(rows: "DataFrame") -> dict[str, str]:
            rows.write.options(**options).parquet(_for_spark(self.lake.address(folder), self.lake))
            return {column.name: from_dialect(column.dataType.simpleString(), DIALECT) for column in rows.schema.fields}

        relation = self._created(draft, folder, self._run(statement, write))
        _create_view(run_table(relation), relation, self.lake)  # in place of that of an earlier try of this step
        return relation

    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. Raises EngineError."""
        rows = self._run(statement, lambda rows: rows.collect())
        return [{name: _plain(value) for name, value in row.asDict().items()} for row in rows]

    def _translated(self, statement: exp.Query) -> str:
        return to_spark(statement)

    def _place(self, relation: Relation) -> exp.Table:
        table = run_table(relation)
        if table not in self._registered:
            _create_view(table, relation, self.lake)
            self._registered.add(table)
        return exp.table_(table, quoted=True)

    def _run(self, statement: exp.Query, action: Callable[["DataFrame"], T]) -> T:
        """Do something with the rows of a statement, and stop it if this process is interrupted. Raises EngineError."""
        began, tag, sql = time.monotonic(), f"spark-{uuid4()}", self._sql(statement)
        try:
            result = run_spark_job(tag, lambda session: action(session.sql(sql)))
        except BaseException as error:
            raise _failure(error, sql) from None
        self.queries.append(QueryCost(id=tag, run_ms=round((time.monotonic() - began) * 1000)))
        return result


def _create_view(name: str, relation: Relation, lake: ObjectStore) -> None:
    """Make a relation's Parquet files readable. Raises LakeError."""
    session, location = spark_session(), table_location(lake, relation)
    columns = ", ".join(f"{_quoted(column)} {to_dialect(kind, DIALECT)}" for column, kind in relation.columns.items())
    if any(lake.objects(f"{relation.parquet}".rpartition("/")[0])):
        rows = session.read.schema(columns).parquet(_without_patterns(_for_spark(location, lake)))
    else:  # other engines write no file if there is no row
        rows = session.createDataFrame([], columns)
    rows.createOrReplaceTempView(name)


def _for_spark(location: str, lake: ObjectStore) -> str:
    """A location in the lake as Spark takes it, whatever its default file system is."""
    return f"file://{location}" if isinstance(lake, FolderStore) else location


def _without_patterns(path: str) -> str:
    """A path to read that matches exactly itself."""
    return re.sub(r"[\\*?{}\[\]]", r"\\\g<0>", path)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _plain(value: Any) -> Any:
    """A value as other engines return it."""
    return bytes(value) if isinstance(value, bytearray) else value


def _failure(error: BaseException, sql: str) -> BaseException:
    """The EngineError of Spark's error, whose message is withheld if it may quote a cell; any other error unchanged."""
    from py4j.protocol import Py4JError, Py4JJavaError
    from pyspark.errors import AnalysisException, PySparkException

    if isinstance(error, AnalysisException):  # about the statement, before a row was read
        name, _, message = (error.getMessage() or str(error)).partition("] ")
        return EngineError(f"Spark: {name}] {message}".splitlines()[0])
    if isinstance(error, PySparkException):
        return query_error(error.getCondition() or type(error).__name__, "", sql)
    if isinstance(error, Py4JJavaError):
        name = _java_class(error.java_exception)
        if name == "ClassNotFoundException":
            return EngineError(
                "Spark: a jar is missing. A lake on S3 needs hadoop-aws and the AWS SDK (REFI_SPARK_JARS)."
            )
        return query_error(name, "", sql)
    if isinstance(error, Py4JError):
        return EngineError(f"Spark: its Java process has ended ({type(error).__name__}). Raise REFI_SPARK_MEMORY.")
    return error


def _java_class(exception: Any) -> str:
    """The class of the innermost cause of an exception in Java."""
    while (cause := exception.getCause()) is not None:
        exception = cause
    return str(exception.getClass().getSimpleName())
