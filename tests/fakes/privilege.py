"""Turns recorded requests into calls, to be checked against a policy."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.iam import Call

NAMESPACE = "refi_tests"  # of metrics, because their requests' bodies are not read
NEEDS_NO_PERMISSION = "sts:GetCallerIdentity"


def calls(requests: Iterable[Mapping[str, Any]]) -> list[Call]:
    """Every permission that recorded requests needed, each once."""
    needed: dict[tuple[str, str, str], Call] = {}
    for request in requests:
        (prefix,) = parse_qs(request["query"]).get("prefix", [""])
        for action, resource in request["needs"]:
            if action == "cloudwatch:PutMetricData":
                needed[action, "*", ""] = Call(action, "*", {"cloudwatch:namespace": NAMESPACE})
            elif action != NEEDS_NO_PERMISSION:
                conditions = {"s3:prefix": prefix} if action == "s3:ListBucket" else {}
                needed[action, resource, prefix] = Call(action, resource, conditions)
    return list(needed.values())
