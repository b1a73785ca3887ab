"""Faults that a test orders from moto's server or the Athena API: which requests fail next, and how.

PUT /_faults adds rules (a JSON list of Fault's fields), DELETE /_faults?access_key=… removes them, and GET returns the
number of requests that have met one. Carrying out a fault, in HTTP, belongs to recording.py.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from tests.fakes.aws_requests import AwsRequest


@dataclass(frozen=True)
class Fault:
    """One rule. Of the requests that match operation, resource and access key, `after` pass and `count` fail.

    operation: a regular expression for all of, say, `s3:PutObject`; resource: one to search the ARN for. status: HTTP
    status of the error, with AWS's error code; None leaves the answer as it is. carried_out: the request has its
    effect, and only its answer is lost. delay_seconds: before the answer. truncate_to: the connection ends after this
    many bytes of the answer's body. outcome: of a crawl (FAILED, or RUNNING forever) or of a query (also CANCELLED)
    that the request starts, with `message` as its reason.
    """

    operation: str
    resource: str = ""
    access_key: str = ""
    after: int = 0
    count: int = 1
    status: int | None = None
    code: str = "InternalError"
    message: str = "We encountered an internal error. Please try again."
    carried_out: bool = False
    delay_seconds: float = 0.0
    truncate_to: int | None = None
    outcome: str = ""

    def matches(self, request: AwsRequest) -> bool:
        return (
            self.access_key in ("", request.access_key)
            and re.fullmatch(self.operation, request.name) is not None
            and any(re.search(self.resource, arn) for _, arn in request.needs)
        )


class Faults:
    """The rules in force, counted down by the requests that meet them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[tuple[Fault, int]] = []

    def add(self, faults: Iterable[Fault]) -> None:
        with self._lock:
            self._seen += [(fault, 0) for fault in faults]

    def clear(self, access_key: str) -> None:
        """Drop the rules for this access key; '' drops all."""
        with self._lock:
            self._seen = [(f, seen) for f, seen in self._seen if access_key not in ("", f.access_key)]

    def met(self, access_key: str) -> int:
        """The number of requests that have met a rule for this access key, including those still waiting."""
        with self._lock:
            return sum(
                max(0, min(seen - fault.after, fault.count))
                for fault, seen in self._seen
                if fault.access_key == access_key
            )

    def take(self, request: AwsRequest) -> Fault | None:
        """The fault for this request: the first of the rules that are due. Each rule counts its own requests."""
        due = None
        with self._lock:
            for position, (fault, seen) in enumerate(self._seen):
                if fault.matches(request):
                    self._seen[position] = (fault, seen + 1)
                    if due is None and fault.after <= seen < fault.after + fault.count:
                        due = fault
        return due
