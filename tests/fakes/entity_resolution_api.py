"""AWS Entity Resolution's API on loopback, over moto's S3 and Glue: matching by rules, really done.

It reads the Glue table that the workflow names, joins records whose keys are all equal by any of the rules, and writes
the groups to S3 as AWS lays them out. A job is running at the first look and over at the second.
"""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.fakes.aws import Aws


class EntityResolutionApi:
    """The service. `fails_with` makes jobs fail in these words; `unprocessed` records are left out of every job."""

    def __init__(self, aws: Aws) -> None:
        self.fails_with = ""
        self.unprocessed = 0
        self.requests: list[tuple[str, str]] = []
        self._glue, self._s3 = aws.client("glue"), aws.client("s3")
        self._schemas: dict[str, list[dict[str, str]]] = {}
        self._workflows: dict[str, dict[str, Any]] = {}
        self._jobs: dict[str, dict[str, Any]] = {}
        self._numbers = count(1)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body."""
        self.requests.append((method, path))
        match method, path.strip("/").split("/"):
            case "POST", ["schemas"]:
                name = body["schemaName"]
                if name in self._schemas:
                    return 400, {"__type": "ConflictException", "message": f"{name} exists"}
                self._schemas[name] = body["mappedInputFields"]
                return 200, {**body, "schemaArn": f"arn:schema/{name}", "description": ""}
            case "PUT", ["matchingworkflows", name]:
                if name not in self._workflows:
                    return 404, {"__type": "ResourceNotFoundException", "message": f"no {name}"}
                self._workflows[name] = body
                return 200, {**body, "workflowName": name}
            case "POST", ["matchingworkflows"]:
                self._workflows[body["workflowName"]] = body
                return 200, {**body, "workflowArn": f"arn:workflow/{body['workflowName']}"}
            case "POST", ["matchingworkflows", name, "jobs"]:
                job = f"{next(self._numbers):032x}"
                self._jobs[job] = {"jobId": job, "status": "RUNNING", "startTime": 1771567200}
                return 200, {"jobId": job}
            case "GET", ["matchingworkflows", name, "jobs", job]:
                shown = dict(self._jobs[job])
                if shown["status"] == "RUNNING":
                    self._jobs[job] |= self._ended(name, job)
                return 200, shown
        raise AssertionError(f"{method} {path}: not an operation that this service has here")

    def _ended(self, name: str, job: str) -> dict[str, Any]:
        if self.fails_with:
            return {"status": "FAILED", "errorDetails": {"errorMessage": self.fails_with}}
        workflow = self._workflows[name]
        (source,), (output,) = workflow["inputSourceConfig"], workflow["outputSourceConfig"]
        records = self._records(source["inputSourceARN"])
        fields = self._schemas[source["schemaName"]]
        records = records.iloc[: len(records) - self.unprocessed]
        groups = _groups(records, fields, workflow["resolutionTechniques"]["ruleBasedProperties"]["rules"])
        groups.insert(0, "InputSourceARN", source["inputSourceARN"])
        bucket, _, prefix = output["outputS3Path"].removeprefix("s3://").partition("/")
        key = f"{prefix}{name}/{job}/success/part-00000.csv"
        self._s3.put_object(Bucket=bucket, Key=key, Body=groups.to_csv(index=False).encode())
        metrics = {
            "inputRecords": len(records) + self.unprocessed,
            "matchIDs": int(groups["MatchID"].nunique()),
            "recordsNotProcessed": self.unprocessed,
        }
        return {"status": "SUCCEEDED", "metrics": metrics, "outputSourceConfig": [output]}

    def _records(self, arn: str) -> pd.DataFrame:
        database, table = arn.split("/")[1:]
        found = self._glue.get_table(DatabaseName=database, Name=table)["Table"]
        bucket, _, prefix = found["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")
        keys = [one["Key"] for one in self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
        with TemporaryDirectory() as folder:
            for number, key in enumerate(keys):
                self._s3.download_file(bucket, key, str(Path(folder) / f"{number}.parquet"))
            records = duckdb.read_parquet(f"{folder}/*").df()
        assert list(records.columns) == [column["Name"] for column in found["StorageDescriptor"]["Columns"]]
        return records


def _groups(records: pd.DataFrame, fields: list[dict[str, str]], rules: list[dict[str, Any]]) -> pd.DataFrame:
    (unique,) = [field["fieldName"] for field in fields if field["type"] == "UNIQUE_ID"]
    keys: dict[str, Any] = {}
    for field in fields:
        if key := field.get("matchKey"):
            part = records[field["fieldName"]].str.lower().str.replace(r"\W", "", regex=True)
            keys[key] = keys[key] + "|" + part if key in keys else part  # null where a part is
    group = {record: number for number, record in enumerate(records[unique])}
    why: dict[str, str] = {}
    for rule in rules:
        by = rule["matchingKeys"]
        for _, found in records[unique].groupby([keys[key] for key in by]):
            joined = {group[record] for record in found}
            if len(joined) > 1:
                group = {record: min(joined) if number in joined else number for record, number in group.items()}
                why |= {record: rule["ruleName"] for record in found if record not in why}
    rows = [
        {unique: record, "RecordId": record, "MatchID": f"{number:032x}", "MatchRule": why.get(record, "")}
        for record, number in group.items()
    ]
    return pd.DataFrame(rows)


@contextmanager
def served(api: EntityResolutionApi) -> Iterator[str]:
    """The service's address, for AWS_ENDPOINT_URL_ENTITYRESOLUTION."""

    @Request.application
    def application(request: Request) -> Response:
        status, answer = api.answer(request.method, request.path, request.get_json(silent=True) or {})
        return Response(json.dumps(answer), status, {"x-amzn-ErrorType": answer.get("__type", "")})

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
