"""AWS Entity Resolution in tests: a boto3 client that returns the test's answers.

botocore's Stubber checks only members and types. Here requests and answers are also checked against the rest of the
service model: values of enumerations, patterns, lengths, and the errors of an operation.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.stub import Stubber

from refi_assets.lake.folder_store import FolderStore
from tests.fakes.iam import Call

ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/refi-matcher"
WORKFLOW = "refi-borrowers"
JOB = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
TABLE = f"arn:aws:glue:{REGION}:{ACCOUNT}:table/refi_ready_db/run_one__identity_input"
BEGAN = datetime(2026, 2, 20, 6, tzinfo=UTC)
OUTPUT = "resolved/aws/run-one"


class LakeOnS3(FolderStore):
    """A lake in a folder with an address on S3 for AWS."""

    def url(self, key: str) -> str:
        return f"s3://a-lake/lake/{key}"


class EntityResolution:
    """The service. `requests` lists the requested operations with their parameters."""

    def __init__(self) -> None:
        self.client: Any = boto3.Session().client(
            "entityresolution", region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.model = self.client.meta.service_model
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.stubber = Stubber(self.client)
        self.stubber.activate()
        self.client.meta.events.register("before-parameter-build.entityresolution", self._record)

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        require_valid(model.input_shape, params, model.name)
        self.requests.append((model.name, dict(params)))

    def answers(self, operation: str, answer: dict[str, Any]) -> None:
        """Expect this operation as the next request, and return this answer."""
        require_valid(self.model.operation_model(operation).output_shape, answer, operation)
        self.stubber.add_response(xform_name(operation), answer)

    def refuses(self, operation: str, code: str, message: str = "Said by AWS") -> None:
        """Expect this operation as the next request, and return this error."""
        model = self.model.operation_model(operation)
        (error,) = [shape for shape in model.error_shapes if shape.name == code]
        status = error.metadata["error"]["httpStatusCode"]
        self.stubber.add_client_error(xform_name(operation), code, message, http_status_code=status)

    def takes_mapping(self) -> None:
        self.answers(
            "CreateSchemaMapping",
            {
                "schemaName": WORKFLOW,
                "schemaArn": f"arn:aws:entityresolution:{REGION}:{ACCOUNT}:schemamapping/{WORKFLOW}",
                "description": "",
                "mappedInputFields": [{"fieldName": name, "type": "STRING"} for name in ("a", "b")],
            },
        )

    def takes_workflow(self, operation: str) -> None:
        answer = {
            "workflowName": WORKFLOW,
            "inputSourceConfig": [{"inputSourceARN": TABLE, "schemaName": WORKFLOW}],
            "outputSourceConfig": [{"outputS3Path": f"s3://a-lake/lake/{OUTPUT}/", "output": []}],
            "resolutionTechniques": {"resolutionType": "RULE_MATCHING"},
            "roleArn": ROLE,
        }
        arn = f"arn:aws:entityresolution:{REGION}:{ACCOUNT}:matchingworkflow/{WORKFLOW}"
        self.answers(operation, answer | ({"workflowArn": arn} if operation.startswith("Create") else {}))

    def starts_job(self) -> None:
        self.answers("StartMatchingJob", {"jobId": JOB})

    def shows_job(self, status: str, **more: Any) -> None:
        self.answers("GetMatchingJob", {"jobId": JOB, "status": status, "startTime": BEGAN, **more})

    def does_a_first_run(self) -> None:
        """The mapping and the workflow are new; the job succeeds."""
        self.takes_mapping()
        self.refuses("UpdateMatchingWorkflow", "ResourceNotFoundException")
        self.takes_workflow("CreateMatchingWorkflow")
        self.starts_job()
        self.shows_job("SUCCEEDED", metrics={"inputRecords": 0, "matchIDs": 0, "recordsNotProcessed": 0})

    def calls(self) -> list[Call]:
        """The permissions that the requests needed. Creating has no ARNs, and a workflow's role is passed on.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsentityresolution.html
        """
        calls = []
        for operation, params in self.requests:
            arn = f"arn:aws:entityresolution:{REGION}:{ACCOUNT}:matchingworkflow/{params.get('workflowName')}"
            calls.append(Call(f"entityresolution:{operation}", "*" if operation.startswith("Create") else arn))
            if "roleArn" in params:
                calls.append(
                    Call("iam:PassRole", params["roleArn"], {"iam:PassedToService": "entityresolution.amazonaws.com"})
                )
        return calls


def require_valid(shape: Shape, value: Any, where: str) -> None:
    """Fail if a value does not conform to the service model."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(shape, StructureShape):
        assert isinstance(value, Mapping), where
        assert value.keys() <= shape.members.keys(), where
        assert set(shape.required_members) <= value.keys(), where
        for name, member in value.items():
            require_valid(shape.members[name], member, f"{where}.{name}")
    elif isinstance(shape, ListShape):
        assert isinstance(value, list), where
        assert (low or 0) <= len(value) <= (high or len(value)), where
        for item in value:
            require_valid(shape.member, item, where)
    elif isinstance(shape, MapShape):
        raise AssertionError(f"{where}: maps are not supported yet")
    elif isinstance(shape, StringShape):
        assert isinstance(value, str), where
        assert (low or 0) <= len(value) <= (high or len(value)), where
        assert not shape.enum or value in shape.enum, f"{where}: {value}"
        if pattern := shape.metadata.get("pattern"):
            assert re.fullmatch(pattern, value), f"{where}: {value}"
    else:
        types = {"boolean": bool, "integer": int, "timestamp": datetime}
        assert type(value) is types[shape.type_name], where
