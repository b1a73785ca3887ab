"""Queries of the Athena API: each runs on Trino in its own thread, and its result is written to S3.

HTTP, workgroups and paging belong to athena_api.py.
"""

import threading
import time
import uuid
from contextlib import suppress
from typing import Any

from tests.fakes.athena_sql import Translated
from tests.fakes.athena_values import text
from tests.fakes.faults import Fault
from tests.fakes.trino_statement import Statement, TrinoError, run_statement

CATALOG = "awsdatacatalog"
CANCELLED_BY_USER = "Query cancelled by user"
CUTOFF_REASON = "Bytes scanned limit was exceeded"
ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}


def new_query_id() -> str:
    return str(uuid.uuid4())


class Query:
    """One query execution. One thread runs it, others read it or stop it; its state changes under a lock."""

    def __init__(
        self,
        query_id: str,
        request: dict[str, Any],
        translated: Translated,
        output_location: str,
        cutoff_bytes: int | None,
        fault: Fault | None,
    ) -> None:
        """output_location: of the workgroup or request, ending in '/'. fault: with the ordered outcome, if any."""
        self.query_id = query_id
        self.statement = Statement()
        self.translated = translated
        self._request = request
        self._output_location = output_location
        self._cutoff_bytes = cutoff_bytes
        self._fault = fault if fault and fault.outcome else None
        self._lock = threading.Lock()
        self._submitted = time.time()
        self._completed: float | None = None
        self.state = "QUEUED"
        self._reason = ""

    @property
    def result_location(self) -> str:
        """s3://… of the result: the folder of a new table, or the CSV file of a SELECT."""
        suffix = f"tables/{self.query_id}" if self.translated.is_ctas else f"{self.query_id}.csv"
        return f"{self._output_location}{suffix}"

    @property
    def work_group(self) -> str:
        name: str = self._request.get("WorkGroup", "primary")
        return name

    @property
    def is_finished(self) -> bool:
        return self._completed is not None

    def run(self, trino_url: str, s3: Any, glue: Any) -> None:
        """Run it to its end. Errors are in its state."""
        self._enter("RUNNING")
        if self._fault:
            self._end_as_ordered(self._fault)
            return
        try:
            self.statement = self._run_on_trino(trino_url)
            if self._is_over_cutoff():
                self._drop_table(glue)
                self._finish("CANCELLED", CUTOFF_REASON)
            elif not self.is_finished:
                self._write_result(s3)
                self._finish("SUCCEEDED")
        except TrinoError as error:
            if self._is_over_cutoff():  # Trino reports its own cancellation
                self._finish("CANCELLED", CUTOFF_REASON)
            else:
                self._finish("FAILED", f"{error.name}: {error}{self._advice()}")
        except Exception as error:  # as on Athena, every query ends
            self._finish("FAILED", f"INTERNAL_ERROR: {type(error).__name__}: {error}")

    def stop(self) -> None:
        """Cancel it, unless it has ended."""
        self._finish("CANCELLED", CANCELLED_BY_USER)

    def _run_on_trino(self, trino_url: str) -> Statement:
        context = self._request.get("QueryExecutionContext", {})
        return run_statement(
            trino_url,
            self.translated.sql,
            (context.get("Catalog") or CATALOG).lower(),
            context.get("Database") or "default",
            self.translated.session,
            self._go_on,
        )

    def _go_on(self, statement: Statement) -> bool:
        self.statement = statement
        return not self.is_finished and not self._is_over_cutoff()

    def _is_over_cutoff(self) -> bool:
        scanned: int = self.statement.stats.get("physicalInputBytes", 0)
        return self._cutoff_bytes is not None and scanned > self._cutoff_bytes

    def _drop_table(self, glue: Any) -> None:
        """Drop the table of a CTAS that ended before its cutoff was noticed: Athena registers no such table."""
        if self.translated.is_ctas and self.statement.update_count is not None:
            name = (self.translated.table or "").replace('"', "").split(".")
            database = name[-2] if len(name) > 1 else self._request["QueryExecutionContext"]["Database"]
            with suppress(glue.exceptions.EntityNotFoundException):
                glue.delete_table(DatabaseName=database, Name=name[-1])

    def _advice(self) -> str:
        if not self.translated.is_ctas:
            return ""
        return (
            f". You may need to manually clean the data at location '{self.result_location}' before retrying. "
            f"Athena will not delete data in your account."
        )

    def _write_result(self, s3: Any) -> None:
        if self.translated.is_ctas:
            return
        lines = [[column["name"] for column in self.statement.columns], *self.text_rows()]
        body = "".join(",".join(_csv_field(cell) for cell in line) + "\n" for line in lines)
        bucket, _, key = self.result_location.removeprefix("s3://").partition("/")
        s3.put_object(Bucket=bucket, Key=key, Body=body.encode())

    def text_rows(self) -> list[list[str | None]]:
        """Rows of the result; none for a statement that returns the number of rows it wrote."""
        if self.statement.update_count is not None:
            return []
        kinds = [column["typeSignature"] for column in self.statement.columns]
        return [[text(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in self.statement.rows]

    def _end_as_ordered(self, fault: Fault) -> None:
        if fault.outcome in ("FAILED", "CANCELLED"):
            self._finish(fault.outcome, fault.message)
        while not self.is_finished:  # RUNNING, until it is stopped
            time.sleep(0.05)

    def _enter(self, state: str) -> None:
        with self._lock:
            if not self.is_finished:
                self.state = state

    def _finish(self, state: str, reason: str = "") -> None:
        with self._lock:
            if not self.is_finished:
                self.state, self._reason = state, reason
                self._completed = time.time()

    def describe(self) -> dict[str, Any]:
        """The answer of GetQueryExecution. Bytes and times are Trino's own."""
        with self._lock:
            status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self._submitted}
            if self._completed is not None:
                status["CompletionDateTime"] = self._completed
            if self._reason:
                status["StateChangeReason"] = self._reason
        stats = self.statement.stats
        queued, elapsed = stats.get("queuedTimeMillis", 0), stats.get("elapsedTimeMillis", 0)
        return {
            "QueryExecutionId": self.query_id,
            "Query": self._request["QueryString"],
            "StatementType": "DDL" if self.translated.is_ctas else "DML",
            "SubstatementType": "CREATE_TABLE_AS_SELECT" if self.translated.is_ctas else "SELECT",
            "ResultConfiguration": {"OutputLocation": self.result_location},
            "ResultReuseConfiguration": self._request.get("ResultReuseConfiguration", {}),
            "QueryExecutionContext": self._request.get("QueryExecutionContext", {}),
            "WorkGroup": self.work_group,
            "EngineVersion": ENGINE,
            "Status": status,
            "Statistics": {
                "DataScannedInBytes": stats.get("physicalInputBytes", 0),
                "QueryQueueTimeInMillis": queued,
                "EngineExecutionTimeInMillis": elapsed - queued,
                "TotalExecutionTimeInMillis": round(((self._completed or time.time()) - self._submitted) * 1000),
                "ResultReuseInformation": {"ReusedPreviousResult": False},
            },
        }


def _csv_field(cell: str | None) -> str:
    return "" if cell is None else '"{}"'.format(cell.replace('"', '""'))
