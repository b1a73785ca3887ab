"""Athena, through PyAthena: models run there as CREATE TABLE AS, on tables of the Glue catalog.

Every relation reports its queries' time, bytes scanned and cost. The cost is the bytes scanned, of which Athena bills
at least 10 MB a query, at the configured price.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, ClassVar

from sqlglot import exp

from refi_assets import aws
from refi_assets.engines.base import Descriptions, Row, Tasks, statement_start
from refi_assets.engines.death_watch import DeathWatch
from refi_assets.engines.glue import GlueTables, run_crawler
from refi_assets.engines.remote import RemoteSession, query_error, run_table, table_location, tables_of_other_runs
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import EngineError, LakeError
from refi_assets.lake import ObjectStore, Relation
from refi_assets.lake.relations import QueryCost
from refi_assets.specs.file_formats import FileFormat
from refi_assets.specs.names import catalog_database

with aws.needs_extra("pyathena", "Athena"):
    from pyathena import connect
    from pyathena.error import DatabaseError, Error, OperationalError
    from pyathena.model import AthenaQueryExecution
    from pyathena.util import RetryConfig

logging.getLogger("pyathena").setLevel(logging.CRITICAL)  # it logs every error that it raises

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between two polls of a query
MIN_BILLED_BYTES = 10_000_000
REUSE_MINUTES = 60
MAX_TRIES = 20  # of one step, including its failed tries in the past
THROTTLED = ("ThrottlingException", "TooManyRequestsException", "InternalServerException")

_WATCH = DeathWatch()


@dataclass(eq=False)
class AthenaEngine:
    """Athena on a lake on S3. Tables are in one Glue database, plus one more for each group other than refi's."""

    lake: ObjectStore
    settings: EngineSettings
    registered: set[str] = field(default_factory=set)
    tokens: dict[str, str] = field(default_factory=dict)  # output location -> ClientRequestToken
    _crawled_before: dict[str, dict[str, str]] | None = None

    reads_deletes: ClassVar[bool] = False
    tasks: ClassVar[Tasks | None] = None

    @cached_property
    def glue(self) -> GlueTables:
        """The tables of the deployment's database."""
        return GlueTables(self.settings.glue_database)

    @cached_property
    def connection(self) -> Any:
        """PyAthena's connection. It makes no request before the first query."""
        connection = connect(
            session=aws.session(),
            schema_name=self.settings.glue_database,
            work_group=self.settings.athena_workgroup,
            retry_config=RetryConfig(exceptions=THROTTLED, attempt=8, max_delay=30),
        )
        connection.client.meta.events.register("provide-client-params.athena.StartQueryExecution", self._add_token)
        return connection

    def _add_token(self, params: dict[str, Any], **_: object) -> None:
        """Add the token that makes a request repeatable, which PyAthena cannot pass on to boto3."""
        if token := self.tokens.get(params["ResultConfiguration"]["OutputLocation"]):
            params["ClientRequestToken"] = token

    def session(self, relations: Sequence[Relation]) -> "AthenaSession":
        """A session in which these relations can be read as group.relation."""
        return AthenaSession(self, relations)

    def register_files(
        self,
        table: str,
        columns: Sequence[str],
        folder: str,
        first_day: date,
        comments: Descriptions,
        file_format: FileFormat,
    ) -> dict[str, Any]:
        """Register a source's text files from its contract or, in crawler mode, by a crawl. Raises EngineError."""
        location = f"{self.lake.address(folder)}/"
        if self.settings.catalog_mode == "contract":
            self.glue.show_csv(table, columns, location, first_day, comments, file_format)
            return {"database": self.glue.database}
        if self._crawled_before is None:
            self._crawled_before = self.glue.crawled()
            run_crawler(self.settings.glue_crawler, self.settings.crawler_minutes)
        crawled = self.glue.crawled().get(location)
        if crawled is None:
            raise EngineError(
                f"Glue, crawler {self.settings.glue_crawler}: the crawl created no table for {location} in "
                f"{self.glue.database}. Add that folder to the crawler's targets."
            )
        return {
            "database": self.glue.database,
            "inferred": crawled,
            "inferred_before": self._crawled_before.get(location),
        }

    def publish(self, relations: Sequence[Relation], comments: Mapping[str, Descriptions]) -> None:
        """Point the tables of the groups' databases at these relations, one after the other."""
        databases = {self.glue.database: self.glue}
        for relation in relations:
            database = catalog_database(relation.key, self.glue.database)
            if database not in databases:
                databases[database] = GlueTables(database)
                databases[database].create_database()
            location = table_location(self.lake, relation)
            databases[database].show(relation.name, relation.columns, location, comments.get(relation.key, {}))

    def create_database(self) -> None:
        """Create the deployment's database unless it exists."""
        self.glue.create_database()

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Delete the tables of all other runs; their data stay."""
        self.glue.delete(tables_of_other_runs(self.glue.names("run_"), run_ids))


class AthenaSession(RemoteSession):
    """A session in Athena's SQL."""

    def __init__(self, engine: AthenaEngine, relations: Sequence[Relation]) -> None:
        super().__init__(engine.lake, "athena", engine.registered, relations)
        self._engine = engine

    def create(self, draft: Relation, statement: exp.Query) -> Relation:
        """Write a query's rows by CREATE TABLE AS, once, however often the step is tried. Raises EngineError."""
        table, database = run_table(draft), self._engine.glue.database
        sql = (
            f"CREATE TABLE \"{database}\".\"{table}\" WITH (format = 'PARQUET', write_compression = 'ZSTD') AS\n"
            f"{self._sql(statement)}"
        )
        output = f"{self.lake.address(f'runs/{draft.run_id}/{draft.key}')}/"
        self._execute(sql, output, token=f"{draft.run_id} {draft.key} {sql}")
        location, columns = self._engine.glue.location_and_columns(table)
        if not location.startswith(f"{self.lake}/"):
            raise LakeError(
                f"Workgroup {self._engine.settings.athena_workgroup} wrote a table to {location}, outside the lake "
                f"{self.lake}. Set the workgroup's query result location to a prefix of the lake."
            )
        return self._created(draft, location.removeprefix(f"{self.lake}/").rstrip("/"), columns)

    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. A run's tables never change, so Athena may reuse an earlier result."""
        output = self._engine.settings.athena_output or f"{self.lake.address('athena')}/"
        cursor = self._execute(self._sql(statement), output, reuse=True)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _place(self, relation: Relation) -> exp.Table:
        table = run_table(relation)
        if table not in self._registered:
            self._engine.glue.create(table, relation.columns, table_location(self.lake, relation))
            self._registered.add(table)
        return exp.table_(table, db=self._engine.glue.database, quoted=True)

    def _execute(self, sql: str, output: str, *, token: str | None = None, reuse: bool = False) -> Any:
        """Run a statement to its end; returns the cursor. `token` identifies the step. Raises EngineError.

        A step that is tried again sends the same token, and Athena answers with the query of the earlier try. If that
        query failed, the next token starts a new one.
        """
        began = time.monotonic()
        for attempt in range(MAX_TRIES):
            cursor = self._engine.connection.cursor(poll_interval=0, on_poll=_growing_pause())
            if token:
                self._engine.tokens[output] = hashlib.sha256(f"{token} {attempt}".encode()).hexdigest()
            try:
                self._run(cursor, sql, output, reuse=reuse)
            except OperationalError as error:
                if token and _was_submitted_before(self._engine, cursor.query_id, began):
                    continue
                raise _failure(str(error), sql, self._engine.settings.athena_workgroup) from None
            self.queries.append(_query_cost(cursor, self._engine.settings.athena_usd_per_tb))
            return cursor
        raise EngineError(f"Athena: {MAX_TRIES} tries of this step failed. Its statement: {statement_start(sql)}")

    def _run(self, cursor: Any, sql: str, output: str, *, reuse: bool) -> None:
        """Run a statement, and stop it if this process is interrupted. Raises OperationalError or EngineError."""
        workgroup = f"Athena, workgroup {self._engine.settings.athena_workgroup}"
        try:
            with aws.readable_errors(workgroup, EngineError):
                cursor.execute(
                    sql,
                    s3_staging_dir=output,
                    result_reuse_enable=reuse,
                    result_reuse_minutes=REUSE_MINUTES,
                    on_start_query_execution=_WATCH.begin,
                )
        except OperationalError:
            raise
        except DatabaseError as error:
            raise EngineError(f"{workgroup}: {error}") from None
        except Error as error:
            raise EngineError(f"Athena: {error}") from None
        except BaseException:  # Dagster's own interrupts are not KeyboardInterrupts
            if cursor.query_id:
                with suppress(Exception):
                    self._engine.connection.client.stop_query_execution(QueryExecutionId=cursor.query_id)
            raise
        finally:
            if cursor.query_id:
                _WATCH.end(cursor.query_id)


def _growing_pause() -> Callable[[AthenaQueryExecution], None]:
    """A callback for each poll of one query: a pause that grows from poll to poll until the query has ended."""
    pause = FIRST_PAUSE

    def wait(execution: AthenaQueryExecution) -> None:
        nonlocal pause
        if execution.state not in AthenaQueryExecution.TERMINAL_STATES:
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    return wait


def _was_submitted_before(engine: AthenaEngine, query_id: str, began: float) -> bool:
    """Whether a query is older than this try. Its age is taken from AWS's clock alone, which may differ from ours."""
    answer = engine.connection.client.get_query_execution(QueryExecutionId=query_id)
    now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])  # to the second
    age: float = (now - answer["QueryExecution"]["Status"]["SubmissionDateTime"]).total_seconds()
    return age > time.monotonic() - began + 2


def _query_cost(cursor: Any, usd_per_tb: Decimal) -> QueryCost:
    scanned = cursor.data_scanned_in_bytes or 0
    is_free = bool(cursor.reused_previous_result) or (cursor.statement_type == "DDL" and not scanned)
    billed = 0 if is_free else max(scanned, MIN_BILLED_BYTES)
    return QueryCost(
        id=cursor.query_id,
        bytes_scanned=scanned,
        cost_usd=float((Decimal(billed) / 10**12 * usd_per_tb).quantize(Decimal("0.000001"))),
        queue_ms=cursor.query_queue_time_in_millis or 0,
        run_ms=cursor.engine_execution_time_in_millis or 0,
    )


def _failure(reason: str, sql: str, workgroup: str) -> EngineError:
    """The error of a failed query, by Athena's reason, which begins with the engine's name for the error."""
    if "Bytes scanned limit" in reason:
        return EngineError(
            f"Athena: {reason}. Workgroup {workgroup} has this limit so that no query costs more than it should; raise "
            f"it if this query may. The statement began: {statement_start(sql)}"
        )
    name, colon, message = reason.partition(": ")
    if not colon or not name.isupper():
        return EngineError(f"Athena: {name if not colon else reason.split(':', maxsplit=1)[0]}")
    return query_error(name, message, sql)
