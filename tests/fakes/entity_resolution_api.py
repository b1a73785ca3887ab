"""AWS Entity Resolution, as far as it is used: in process for a client of boto3, or on loopback for a whole run.

It keeps schema mappings, workflows and jobs. With moto's S3 and Glue it really matches by rules: it reads the Glue
table of the workflow, joins records whose keys are all equal by any rule, and writes the groups to S3 as AWS does.
botocore checks only members and types; here, requests and answers are checked against the rest of the service model as
well: values of enumerations, patterns, lengths, and the errors of an operation.
"""

import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import duckdb
import pandas as pd
from botocore.awsrequest import AWSResponse
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from refi_assets.lake.folder_store import FolderStore
from tests.fakes.aws import Aws
from tests.fakes.iam import Call
from tests.fakes.service_models import require_valid

ACCOUNT, REGION = "123456789012", "us-east-1"
ARN = f"arn:aws:entityresolution:{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/refi-matcher"
WORKFLOW = "refi-borrowers"
TABLE = f"arn:aws:glue:{REGION}:{ACCOUNT}:table/refi_ready_db/run_one__identity_input"
OUTPUT = "resolved/aws/run-one"
JOB = f"{1:032x}"  # the first
OPERATIONS = (
    *("CreateSchemaMapping", "UpdateMatchingWorkflow", "CreateMatchingWorkflow"),
    *("StartMatchingJob", "GetMatchingJob"),
)


class LakeOnS3(FolderStore):
    """A lake in a folder that has an address on S3 for AWS."""

    def url(self, key: str) -> str:
        return f"s3://a-lake/lake/{key}"


class RefusalError(Exception):
    """An error of the service: code, message."""


class EntityResolution:
    """The service. `requests` are the operations that were called, with their parameters.

    A job shows the statuses `looks`, then its end: `end`, or what matching gives if there is an `aws`. `unprocessed`
    records are left out of every job.
    """

    def __init__(self, aws: Aws | None = None) -> None:
        self.client: Any = boto3.Session().client(
            "entityresolution", region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.model = self.client.meta.service_model
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.refusals: list[tuple[str, str, str]] = []
        self.looks: list[str] = []
        metrics = {"inputRecords": 0, "matchIDs": 0, "recordsNotProcessed": 0}
        self.end: dict[str, Any] = {"status": "SUCCEEDED", "metrics": metrics}
        self.unprocessed = 0
        self._s3: Any = aws.client("s3") if aws else None
        self._glue: Any = aws.client("glue") if aws else None
        self._mappings: dict[str, list[dict[str, str]]] = {}
        self._workflows: dict[str, dict[str, Any]] = {}
        self._jobs: dict[str, list[dict[str, Any]]] = {}  # what is left to be shown
        events = self.client.meta.events
        events.register("before-parameter-build.entityresolution", self._keep_parameters)
        events.register("before-call.entityresolution", self._answer_in_process)

    def refuses(self, operation: str, code: str, message: str = "Said by AWS") -> None:
        """Let a later request of an operation fail. Errors of one operation come in this order."""
        self._status(operation, code)
        self.refusals.append((operation, code, message))

    def answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The service's answer. Raises RefusalError."""
        model = self.model.operation_model(operation)
        require_valid(model.input_shape, parameters, operation)
        self.requests.append((operation, parameters))
        for refusal in self.refusals:
            if refusal[0] == operation:
                self.refusals.remove(refusal)
                raise RefusalError(*refusal[1:])
        answer = getattr(self, f"_{operation}")(**parameters)
        require_valid(model.output_shape, answer, operation)
        return answer

    def calls(self) -> list[Call]:
        """The permissions that the requests need. Creating knows no ARNs, and a workflow's role is passed on.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsentityresolution.html
        """
        calls = []
        for operation, parameters in self.requests:
            arn = f"{ARN}:matchingworkflow/{parameters.get('workflowName')}"
            calls.append(Call(f"entityresolution:{operation}", "*" if operation.startswith("Create") else arn))
            if "roleArn" in parameters:
                passed_to = {"iam:PassedToService": "entityresolution.amazonaws.com"}
                calls.append(Call("iam:PassRole", parameters["roleArn"], passed_to))
        return calls

    def _CreateSchemaMapping(self, schemaName: str, mappedInputFields: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N802, N803
        if schemaName in self._mappings:
            raise RefusalError("ConflictException", f"{schemaName} exists")
        self._mappings[schemaName] = mappedInputFields
        mapping = {"schemaName": schemaName, "mappedInputFields": mappedInputFields, "description": ""}
        return {**mapping, "schemaArn": f"{ARN}:schemamapping/{schemaName}"}

    def _UpdateMatchingWorkflow(self, **workflow: Any) -> dict[str, Any]:  # noqa: N802
        if workflow["workflowName"] not in self._workflows:
            raise RefusalError("ResourceNotFoundException", f"no {workflow['workflowName']}")
        self._workflows[workflow["workflowName"]] = workflow
        return workflow

    def _CreateMatchingWorkflow(self, **workflow: Any) -> dict[str, Any]:  # noqa: N802
        self._workflows[workflow["workflowName"]] = workflow
        return {**workflow, "workflowArn": f"{ARN}:matchingworkflow/{workflow['workflowName']}"}

    def _StartMatchingJob(self, workflowName: str) -> dict[str, Any]:  # noqa: N802, N803
        job_id = f"{len(self._jobs) + 1:032x}"
        output = {"roleArn": ROLE, "outputS3Path": self._output(workflowName).rstrip("/")}
        end = {"outputSourceConfig": [output], **self.end}
        self._jobs[job_id] = [*({"status": status} for status in self.looks), end]
        return {"jobId": job_id}

    def _GetMatchingJob(self, workflowName: str, jobId: str) -> dict[str, Any]:  # noqa: N802, N803
        shown = self._jobs[jobId].pop(0)
        if self._s3 and shown["status"] == "SUCCEEDED":
            shown = {**shown, "metrics": self._match(workflowName, jobId)}
        return {"jobId": jobId, "startTime": datetime(2026, 2, 20, 6, tzinfo=UTC), **shown}

    def _output(self, workflow_name: str) -> str:
        path: str = self._workflows[workflow_name]["outputSourceConfig"][0]["outputS3Path"]
        return path

    def _match(self, workflow_name: str, job_id: str) -> dict[str, int]:
        workflow = self._workflows[workflow_name]
        (source,) = workflow["inputSourceConfig"]
        records = self._records(source["inputSourceARN"])
        processed = records.iloc[: len(records) - self.unprocessed]
        rules = workflow["resolutionTechniques"]["ruleBasedProperties"]["rules"]
        groups = _groups(processed, self._mappings[source["schemaName"]], rules)
        groups.insert(0, "InputSourceARN", source["inputSourceARN"])
        bucket, _, prefix = self._output(workflow_name).removeprefix("s3://").partition("/")
        key = f"{prefix}{workflow_name}/{job_id}/success/part-00000.csv"
        self._s3.put_object(Bucket=bucket, Key=key, Body=groups.to_csv(index=False).encode())
        match_ids = int(groups["MatchID"].nunique())
        return {"inputRecords": len(records), "matchIDs": match_ids, "recordsNotProcessed": self.unprocessed}

    def _records(self, arn: str) -> pd.DataFrame:
        database, name = arn.split("/")[1:]
        table = self._glue.get_table(DatabaseName=database, Name=name)["Table"]
        bucket, _, prefix = table["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")
        objects = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
        with TemporaryDirectory() as folder:
            for number, listed in enumerate(objects):
                self._s3.download_file(bucket, listed["Key"], str(Path(folder) / f"{number}.parquet"))
            records = duckdb.read_parquet(f"{folder}/*").df()
        assert list(records.columns) == [column["Name"] for column in table["StorageDescriptor"]["Columns"]]
        return records

    def _keep_parameters(self, params: dict[str, Any], **_: Any) -> None:
        self._parameters = dict(params)

    def _answer_in_process(self, model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        try:
            answer, status = self.answer(model.name, self._parameters), 200
        except RefusalError as refusal:
            code, message = refusal.args
            answer, status = {"Error": {"Code": code, "Message": message}}, self._status(model.name, code)
        return AWSResponse(None, status, {}, None), {**answer, "ResponseMetadata": {"HTTPStatusCode": status}}

    def answer_http(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a request on loopback."""
        for operation in OPERATIONS:
            http = self.model.operation_model(operation).http
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", http["requestUri"])
            if method == http["method"] and (match := re.fullmatch(pattern, path)):
                try:
                    return 200, self.answer(operation, body | match.groupdict())
                except RefusalError as refusal:
                    code, message = refusal.args
                    return self._status(operation, code), {"__type": code, "message": message}
        raise AssertionError(f"{method} {path}: not an operation that is faked")

    def _status(self, operation: str, code: str) -> int:
        (error,) = [shape for shape in self.model.operation_model(operation).error_shapes if shape.name == code]
        status: int = error.metadata["error"]["httpStatusCode"]
        return status


def _groups(records: pd.DataFrame, fields: list[dict[str, str]], rules: list[dict[str, Any]]) -> pd.DataFrame:
    (unique,) = [field["fieldName"] for field in fields if field["type"] == "UNIQUE_ID"]
    keys: dict[str, Any] = {}
    for field in fields:
        if key := field.get("matchKey"):
            part = records[field["fieldName"]].str.lower().str.replace(r"\W", "", regex=True)
            keys[key] = keys[key] + "|" + part if key in keys else part  # null if a part is
    group = {record: number for number, record in enumerate(records[unique])}
    reasons: dict[str, str] = {}
    for rule in rules:
        for _, equal in records[unique].groupby([keys[key] for key in rule["matchingKeys"]]):
            joined = {group[record] for record in equal}
            if len(joined) > 1:
                group = {record: min(joined) if number in joined else number for record, number in group.items()}
                reasons |= {record: rule["ruleName"] for record in equal if record not in reasons}
    rows = [
        {unique: record, "RecordId": record, "MatchID": f"{number:032x}", "MatchRule": reasons.get(record, "")}
        for record, number in group.items()
    ]
    return pd.DataFrame(rows)


@contextmanager
def served(service: EntityResolution) -> Iterator[str]:
    """The service's address, for AWS_ENDPOINT_URL_ENTITYRESOLUTION."""

    @Request.application
    def application(request: Request) -> Response:
        body = request.get_json(silent=True) or {}
        status, answer = service.answer_http(request.method, request.path, body)
        text = json.dumps(answer, default=datetime.timestamp)
        return Response(text, status, {"x-amzn-ErrorType": answer.get("__type", "")})

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
