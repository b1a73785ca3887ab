"""The Athena API, answered by a real Trino.

    python -m tests.fakes.athena_api PORT RECORD_FILE TRINO_URL AWS_URL

Queries run on Trino (athena_queries.py). Everything else of the API, such as workgroups, is moto's at AWS_URL, so
workgroups that an infrastructure tool created there apply here. Like moto's server, it records requests and carries
out ordered faults.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.fakes.athena_queries import CATALOG, Query, new_query_id
from tests.fakes.athena_sql import MalformedQueryError, translate
from tests.fakes.athena_values import column_info
from tests.fakes.aws_requests import ACCOUNT
from tests.fakes.recording import FAULT, RESOURCE, Recorded
from tests.fakes.trino_statement import TrinoError, run_statement

REGION = "us-east-1"
PAGE_ROWS = 1000
NO_LOCATION = (
    "No output location provided. You did not provide an output location for  your query results. Either specify an S3 "
    "bucket location or enable Athena managed query results in your workgroup settings."
)


class InvalidRequestError(Exception):
    """Athena's InvalidRequestException, with its AthenaErrorCode."""

    def __init__(self, message: str, code: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.code = code


class AthenaApi:
    """A WSGI application."""

    def __init__(self, trino_url: str, aws_url: str) -> None:
        session = boto3.Session("ATHENA", "athena", region_name=REGION)
        self._athena, self._s3, self._glue = (
            session.client(service, endpoint_url=aws_url) for service in ("athena", "s3", "glue")
        )
        self._trino_url = trino_url
        self._queries: dict[str, Query] = {}
        self._by_token: dict[str, tuple[dict[str, Any], str]] = {}
        self._starting = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        operation = request.headers["X-Amz-Target"].rpartition(".")[2]
        parameters = json.loads(request.get_data() or b"{}")
        if query := self._queries.get(parameters.get("QueryExecutionId", "")):  # IAM checks the query's workgroup
            environ[RESOURCE] = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{query.work_group}"
        try:
            status, answer = 200, self._answer(operation, parameters)
        except InvalidRequestError as error:
            status = 400
            answer = {"__type": "InvalidRequestException", "Message": str(error), "AthenaErrorCode": error.code}
        except ClientError as error:
            status, answer = 400, {"__type": error.response["Error"]["Code"], "message": str(error)}
        response = Response(json.dumps(answer, default=_in_json), status, mimetype="application/x-amz-json-1.1")
        return response(environ, start_response)

    def _answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "StartQueryExecution":
                return {"QueryExecutionId": self._start(parameters)}
            case "GetQueryExecution":
                return {"QueryExecution": self._query(parameters["QueryExecutionId"]).describe()}
            case "GetQueryResults":
                return self._results(**parameters)
            case "StopQueryExecution":
                self._query(parameters["QueryExecutionId"]).stop()
                return {}
            case "GetWorkGroup":
                return {"WorkGroup": self._work_group(parameters["WorkGroup"])}
        answer: dict[str, Any] = getattr(self._athena, xform_name(operation))(**parameters)
        answer.pop("ResponseMetadata")
        return answer

    def _query(self, query_id: str) -> Query:
        if query_id not in self._queries:
            raise InvalidRequestError(f"QueryExecution {query_id} was not found")
        return self._queries[query_id]

    def _work_group(self, name: str) -> dict[str, Any]:
        group: dict[str, Any] | None = self._athena.get_work_group(WorkGroup=name).get("WorkGroup")
        if not group:
            raise InvalidRequestError(f"WorkGroup {name} is not found.")
        return group

    def _start(self, parameters: dict[str, Any]) -> str:
        token = parameters["ClientRequestToken"]
        with self._starting:
            if token in self._by_token:
                first_parameters, query_id = self._by_token[token]
                if first_parameters != parameters:
                    raise InvalidRequestError("Idempotent parameters do not match", "IDEMPOTENT_PARAMETER_MISMATCH")
                return query_id
            query = self._new_query(parameters)
            self._queries[query.query_id] = query
            self._by_token[token] = (parameters, query.query_id)
        threading.Thread(target=query.run, args=(self._trino_url, self._s3, self._glue), daemon=True).start()
        return query.query_id

    def _new_query(self, parameters: dict[str, Any]) -> Query:
        settings = self._work_group(parameters.get("WorkGroup", "primary")).get("Configuration", {})
        is_enforced = settings.get("EnforceWorkGroupConfiguration", False)
        requested = "" if is_enforced else parameters.get("ResultConfiguration", {}).get("OutputLocation", "")
        location = requested or settings.get("ResultConfiguration", {}).get("OutputLocation", "")
        if not location:
            raise InvalidRequestError(NO_LOCATION)
        location, query_id = f"{location.rstrip('/')}/", new_query_id()
        try:
            translated = translate(parameters["QueryString"], f"{location}tables/{query_id}/")
        except MalformedQueryError as error:
            raise InvalidRequestError(str(error), "MALFORMED_QUERY") from error
        self._refuse_bad_syntax(translated.sql)
        cutoff = settings.get("BytesScannedCutoffPerQuery")
        return Query(query_id, parameters, translated, location, cutoff, FAULT.get())

    def _refuse_bad_syntax(self, sql: str) -> None:
        """As Athena does when a query starts. Other errors come when it runs."""
        try:
            run_statement(self._trino_url, f"PREPARE parsed FROM {sql}", CATALOG, "default", {}, lambda _: True)
        except TrinoError as error:
            if error.name == "SYNTAX_ERROR":
                raise InvalidRequestError(_without_prepare(str(error)), "MALFORMED_QUERY") from error

    def _results(self, QueryExecutionId: str, MaxResults: int = PAGE_ROWS, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        query = self._query(QueryExecutionId)
        if query.state == "CANCELLED":
            raise InvalidRequestError("Could not find results", "RESULT_NOT_FOUND")
        if query.state != "SUCCEEDED":
            raise InvalidRequestError(f"Query state: {query.state}", "INVALID_QUERY_EXECUTION_STATE")
        columns = [] if query.statement.update_count is not None else query.statement.columns
        header: list[list[str | None]] = [] if query.translated.is_ctas else [[column["name"] for column in columns]]
        lines, start = [*header, *query.text_rows()], int(NextToken)
        page = lines[start : start + MaxResults]
        answer = {
            "UpdateCount": query.statement.update_count or 0,
            "ResultSet": {
                "Rows": [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in line]} for line in page],
                "ResultSetMetadata": {"ColumnInfo": [column_info(column) for column in columns]},
            },
        }
        has_more = start + MaxResults < len(lines)
        return answer | ({"NextToken": str(start + MaxResults)} if has_more else {})


def _without_prepare(message: str) -> str:
    """Trino's message with the position in the caller's first line."""
    shift = len("PREPARE parsed FROM ")
    return re.sub(r"^line 1:(\d+)", lambda position: f"line 1:{int(position[1]) - shift}", message)


def _in_json(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{value!r} has no JSON form")


def main() -> None:
    """Serve until killed."""
    port, record_file, trino_url, aws_url = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = Recorded(AthenaApi(trino_url, aws_url), record_file)
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
