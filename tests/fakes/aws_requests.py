"""Parses an HTTP request to AWS: its service, operation, required permissions, and the key that signed it.

Names come from botocore's own service models and from AWS's Service Authorization Reference. Answering requests
belongs to moto_server.py and athena_api.py, recording them to recording.py.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from botocore.session import get_session

ACCOUNT = "123456789012"
SERVICE_OF_SIGNING_NAME = {"monitoring": "cloudwatch"}
CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,]+)/\d{8}/(?P<region>[^/]*)/(?P<service>[^/]+)/aws4_request")

S3_PERMISSION = {  # of operations whose permission has another name
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
BATCH_PERMISSION = {  # of batch operations, which need the permission of the single operation
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sns:PublishBatch": "sns:Publish",
}


@dataclass(frozen=True)
class AwsRequest:
    """One request. needs: (permission, ARN) pairs that IAM would check, the most specific first."""

    service: str
    operation: str
    needs: tuple[tuple[str, str], ...]
    access_key: str

    @property
    def name(self) -> str:
        """The operation, such as `s3:UploadPart` (whose permission is s3:PutObject)."""
        return f"{self.service}:{self.operation}"


def parse_request(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> AwsRequest:
    """The parsed request. headers: with lower-case names. An unsigned request has the access key ''."""
    signature = CREDENTIAL.search(unquote(headers.get("authorization", "") or query))
    access_key, region, signing_name = signature.groups() if signature else ("", "us-east-1", "s3")
    service = SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)
    if service == "s3":
        operation = _s3_operation(method, path, query, headers)
        return AwsRequest(service, operation, _s3_needs(operation, path, headers, body), access_key)
    operation, parameters = _operation_and_parameters(path, headers, body)
    permission = BATCH_PERMISSION.get(f"{service}:{operation}", f"{service}:{operation}")
    arns = _arns(service, operation, parameters, f"{region}:{ACCOUNT}")
    return AwsRequest(service, operation, tuple((permission, arn) for arn in arns), access_key)


def _operation_and_parameters(path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
    """By protocol: JSON has the operation in a header, CBOR in the path (its body is not read), query in the form."""
    if target := headers.get("x-amz-target"):
        return target.rpartition(".")[2], json.loads(body or b"{}")
    if "/operation/" in path:
        return path.rpartition("/")[2], {}
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return form.pop("Action", "Unknown"), form


# --- S3: the operation follows from method, path and query ---


@dataclass(frozen=True)
class _S3Shape:
    operation: str
    method: str
    has_bucket: bool
    has_key: bool
    query: frozenset[str]
    headers: frozenset[str]


@cache
def _s3_shapes() -> list[_S3Shape]:
    """The required parts of each S3 operation's request, the most demanding first."""
    model = get_session().get_service_model("s3")
    shapes = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        uri, _, fixed = operation.http["requestUri"].partition("?")
        members = operation.input_shape.members if operation.input_shape else {}
        required = [members[member].serialization for member in getattr(operation.input_shape, "required_members", [])]
        shapes.append(
            _S3Shape(
                operation=name,
                method=operation.http["method"],
                has_bucket=_has_member(members, "Bucket"),
                has_key="{Key+}" in uri,
                query=frozenset(filter(None, fixed.split("&"))) | _names(required, "querystring"),
                headers=_names(required, "header"),
            )
        )
    return sorted(shapes, key=lambda shape: (-len(shape.query) - len(shape.headers), shape.operation))


def _has_member(members: Mapping[str, Any], name: str) -> bool:
    return name in members and members[name].serialization.get("location") == "uri"


def _names(serializations: list[dict[str, Any]], location: str) -> frozenset[str]:
    return frozenset(s["name"].lower() if location == "header" else s["name"] for s in serializations
                     if s.get("location") == location)  # fmt: skip


def _s3_operation(method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
    bucket, _, key = path.lstrip("/").partition("/")
    given = {part for name, values in parse_qs(query, keep_blank_values=True).items()
             for part in (name, f"{name}={values[0]}")}  # fmt: skip
    for shape in _s3_shapes():
        if (
            (shape.method, shape.has_bucket, shape.has_key) == (method, bool(bucket), bool(key))
            and shape.query <= given
            and shape.headers <= headers.keys()
        ):
            return shape.operation
    return "Unknown"


def _s3_needs(operation: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[tuple[str, str], ...]:
    permission = f"s3:{S3_PERMISSION.get(operation, operation)}"
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return ((permission, "*"),)
    if operation == "DeleteObjects":
        keys = [element.text or "" for element in ElementTree.fromstring(body).iter() if element.tag.endswith("Key")]
        return tuple((permission, f"arn:aws:s3:::{bucket}/{key}") for key in keys)
    needs = [(permission, f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else ""))]
    if source := headers.get("x-amz-copy-source"):
        needs.append(("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/').partition('?')[0]}"))
    return tuple(needs)


# --- Other services: the resource is in the parameters ---


def _arns(service: str, operation: str, parameters: Mapping[str, Any], place: str) -> list[str]:
    """place: region:account. '*' if AWS has no narrower resource, or if this module knows none."""
    match service:
        case "glue":
            return [f"arn:aws:glue:{place}:{part}" for part in _glue_parts(operation, parameters)]
        case "sqs":
            name = parameters.get("QueueName") or parameters.get("QueueUrl", "").rpartition("/")[2]
            return [f"arn:aws:sqs:{place}:{name}"] if name else ["*"]
        case "sns":
            named = f"arn:aws:sns:{place}:{parameters['Name']}" if "Name" in parameters else "*"
            return [parameters.get("TopicArn") or parameters.get("ResourceArn") or named]
        case "secretsmanager":
            return [parameters.get("SecretId", "*")]
        case "athena":
            return [f"arn:aws:athena:{place}:workgroup/{parameters.get('WorkGroup', 'primary')}"]
    return ["*"]


def _glue_parts(operation: str, parameters: Mapping[str, Any]) -> list[str]:
    """Glue checks the table, its database and the catalog, each by its own ARN."""
    if "Crawler" in operation:
        return [f"crawler/{name}"] if (name := parameters.get("Name") or parameters.get("CrawlerName")) else ["*"]
    database = parameters.get("DatabaseName")
    if "Database" in operation:
        database = parameters.get("Name") or parameters.get("DatabaseInput", {}).get("Name")
    if database is None:
        return ["catalog"]
    tables = [parameters.get("TableName") or parameters.get("TableInput", {}).get("Name")]
    if "Table" in operation and tables == [None]:
        tables = parameters.get("TablesToDelete") or [parameters.get("Name")]
    if operation == "GetTables":
        tables = ["*"]
    return [f"table/{database}/{table}" for table in tables if table] + [f"database/{database}", "catalog"]
