"""Athena, through PyAthena: models run there as CREATE TABLE AS, on tables of the Glue catalog.

How long and how much a query took and cost is told of every relation. What it cost is worked out from the bytes that
were scanned, of which Athena bills 10 MB at least, at the configured price.
"""

import hashlib
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from sqlglot import exp

from refi_assets import aws
from refi_assets.engines.base import Descriptions, Row, start_of
from refi_assets.engines.death_watch import DeathWatch
from refi_assets.engines.glue import GlueTables, crawl
from refi_assets.engines.remote import RemoteSession, run_table, said, table_location, tables_of_others
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import EngineError, LakeError
from refi_assets.lake import ObjectStore, Relation
from refi_assets.lake.relations import QueryCost
from refi_assets.settings import settings_of
from refi_assets.specs.names import catalog_database

with aws.needs_extra("pyathena", "Athena"):
    from pyathena import connect
    from pyathena.cursor import Cursor
    from pyathena.error import DatabaseError, Error, OperationalError
    from pyathena.util import RetryConfig

logging.getLogger("pyathena").setLevel(logging.CRITICAL)  # it logs what it raises

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between looks at a query
LEAST_BILLED_BYTES = 10_000_000
REUSE_MINUTES = 60
TRIES = 20  # of one step, failed ones of the past among them
THROTTLED = ("ThrottlingException", "TooManyRequestsException", "InternalServerException")

_WATCH = DeathWatch()


@lru_cache(maxsize=4)
def open_athena(lake: ObjectStore) -> "AthenaEngine":
    """The engine of this deployment on a lake; one for all steps of a run in one process."""
    return AthenaEngine(lake, settings_of(EngineSettings))


@dataclass(eq=False)
class AthenaEngine:
    """Athena on a lake on S3, with the tables of a Glue database, and of one more for each group that is not refi's."""

    lake: ObjectStore
    settings: EngineSettings
    registered: set[str] = field(default_factory=set)
    _crawled_before: dict[str, dict[str, str]] | None = None

    reads_deletes: ClassVar[bool] = False

    @cached_property
    def glue(self) -> GlueTables:
        """The tables."""
        return GlueTables(self.settings.glue_database)

    @cached_property
    def connection(self) -> Any:
        """PyAthena's connection: no request is made before the first query."""
        return connect(
            session=aws.session(),
            schema_name=self.settings.glue_database,
            work_group=self.settings.athena_workgroup,
            retry_config=RetryConfig(exceptions=THROTTLED, attempt=8, max_delay=30),
            cursor_class=_Cursor,
        )

    def session(self, relations: Sequence[Relation]) -> "AthenaSession":
        """A session in which these relations can be read as group.relation."""
        return AthenaSession(self, relations)

    def register_files(
        self, table: str, columns: Sequence[str], folder: str, first_day: date, comments: Descriptions
    ) -> dict[str, Any]:
        """Register a source's CSV files, or in crawler mode have them crawled. Raises EngineError."""
        location = f"{self.lake.address(folder)}/"
        if self.settings.catalog_mode == "contract":
            self.glue.show_csv(table, columns, location, first_day, comments)
            return {"database": self.glue.database}
        if self._crawled_before is None:
            self._crawled_before = self.glue.crawled()
            crawl(self.settings.glue_crawler, self.settings.crawler_minutes)
        crawled = self.glue.crawled().get(location)
        if crawled is None:
            raise EngineError(
                f"Glue, crawler {self.settings.glue_crawler}: it made no table of {location} in {self.glue.database}. "
                "Give it that folder as a target."
            )
        return {
            "database": self.glue.database,
            "inferred": crawled,
            "inferred_before": self._crawled_before.get(location),
        }

    def publish(self, relations: Sequence[Relation], comments: Mapping[str, Descriptions]) -> None:
        """Let the tables of the groups' databases show these relations from now on, one after the other."""
        for relation in relations:
            tables, location = self._shown_in(relation), table_location(self.lake, relation)
            tables.show(relation.name, relation.columns, location, comments.get(relation.key, {}))

    def _shown_in(self, relation: Relation) -> GlueTables:
        """The tables of the database that shows a relation; it is made if it is not there."""
        database = catalog_database(relation.key, self.glue.database)
        if database == self.glue.database:
            return self.glue
        tables = GlueTables(database)
        tables.create_database()
        return tables

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Delete the tables of all runs but these; their data stay."""
        self.glue.delete(tables_of_others(self.glue.names("run_"), run_ids))


class AthenaSession(RemoteSession):
    """A session in Athena's SQL."""

    def __init__(self, engine: AthenaEngine, relations: Sequence[Relation]) -> None:
        super().__init__(engine.lake, "athena", engine.registered, relations)
        self._engine = engine

    def create(self, draft: Relation, statement: exp.Query) -> Relation:
        """Write a query's rows by CREATE TABLE AS, once however often the step is tried. Raises EngineError."""
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
                f"Workgroup {self._engine.settings.athena_workgroup} put a table into {location}, outside the lake "
                f"{self.lake}. Let the workgroup's location of results be a prefix of the lake."
            )
        return self._made(draft, location.removeprefix(f"{self.lake}/").rstrip("/"), columns)

    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. Tables of runs never change, so that an earlier answer may serve again."""
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
        """Run a statement to its end; returns the cursor. Raises EngineError."""
        workgroup, began = self._engine.settings.athena_workgroup, time.monotonic()
        asked = f"Athena, workgroup {workgroup}"
        for attempt in range(TRIES):
            cursor = self._engine.connection.cursor()
            cursor.token = token and hashlib.sha256(f"{token} {attempt}".encode()).hexdigest()
            try:
                with aws.asked_of(asked, EngineError):
                    cursor.execute(
                        sql,
                        s3_staging_dir=output,
                        result_reuse_enable=reuse,
                        result_reuse_minutes=REUSE_MINUTES,
                        on_start_query_execution=_WATCH.begin,
                    )
            except OperationalError as error:
                if token and _was_submitted_before(self._engine, cursor.query_id, began):
                    continue  # what an earlier try of this step began has failed; this try is the next
                raise _failure(str(error), sql, workgroup) from None
            except DatabaseError as error:
                raise EngineError(f"{asked}: {error}") from None
            except Error as error:
                raise EngineError(f"Athena: {error}") from None
            except BaseException:  # interrupted: Dagster's own interrupts are no KeyboardInterrupt
                if cursor.query_id:
                    with suppress(Exception):
                        self._engine.connection.client.stop_query_execution(QueryExecutionId=cursor.query_id)
                raise
            finally:
                if cursor.query_id:
                    _WATCH.end(cursor.query_id)
            self.queries.append(_told(cursor, self._engine.settings.athena_usd_per_tb))
            return cursor
        raise EngineError(f"Athena: {TRIES} tries of this step have failed. Its statement: {start_of(sql)}")


class _Cursor(Cursor):
    """PyAthena's cursor, with a token that tells a repeated request, and pauses that grow from short ones."""

    token: str | None = None

    def _build_start_query_execution_request(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        request = super()._build_start_query_execution_request(*args, **kwargs)
        return request | ({"ClientRequestToken": self.token} if self.token else {})

    def _wait_poll_interval(self) -> None:
        self._pause = min(getattr(self, "_pause", FIRST_PAUSE / 1.5) * 1.5, LONGEST_PAUSE)
        time.sleep(self._pause)


def _was_submitted_before(engine: AthenaEngine, query_id: str, began: float) -> bool:
    """Whether a query is older than this try, by AWS's clock alone, which may not be ours."""
    found = engine.connection.client.get_query_execution(QueryExecutionId=query_id)
    now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])  # to the second
    age: float = (now - found["QueryExecution"]["Status"]["SubmissionDateTime"]).total_seconds()
    return age > time.monotonic() - began + 2


def _told(cursor: Any, usd_per_tb: Decimal) -> QueryCost:
    scanned = cursor.data_scanned_in_bytes or 0
    is_free = bool(cursor.reused_previous_result) or (cursor.statement_type == "DDL" and not scanned)
    billed = 0 if is_free else max(scanned, LEAST_BILLED_BYTES)
    return QueryCost(
        id=cursor.query_id,
        bytes_scanned=scanned,
        cost_usd=float((Decimal(billed) / 10**12 * usd_per_tb).quantize(Decimal("0.000001"))),
        queue_ms=cursor.query_queue_time_in_millis or 0,
        run_ms=cursor.engine_execution_time_in_millis or 0,
    )


def _failure(reason: str, sql: str, workgroup: str) -> EngineError:
    """Why a query failed: Athena's reasons begin with the engine's name of the error."""
    if "Bytes scanned limit" in reason:
        return EngineError(
            f"Athena: {reason}. It is the cutoff of workgroup {workgroup}, so that no run costs more than it should; "
            f"raise it if this one may. The statement began: {start_of(sql)}"
        )
    name, colon, message = reason.partition(": ")
    if not colon or not name.isupper():
        return EngineError(f"Athena: {name if not colon else reason.split(':', maxsplit=1)[0]}")
    return said(name, message, sql)
