"""Errors as application/problem+json (RFC 9457). They name fields, never the values in them."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from refi_assets.api.fields import FieldError, Problem

PROBLEM_JSON = "application/problem+json"
MOST_ERRORS = 20

# Of the errors that the framework raises: their kinds, which never change, although the phrases of HTTP do.
_KINDS = {400: "invalid-body", 404: "unknown-route", 405: "unknown-method", 413: "body-too-large"}
_MESSAGES = {"extra_forbidden": "there is no such field", "json_invalid": "the body is not valid JSON"}


class ProblemError(Exception):
    """An answer that is an error. `kind` tells it from others and never changes; `detail` is for people."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.errors = status, kind, detail, list(errors)
        self.members = members or {}
        self.headers = {} if retry_after is None else {"Retry-After": str(max(1, round(retry_after)))}


def invalid_request(errors: Sequence[FieldError]) -> ProblemError:
    """The error of a request with wrong fields."""
    shown = errors[:MOST_ERRORS]
    detail = "; ".join(f"{error.field}: {error.message}" if error.field else error.message for error in shown)
    if len(errors) > len(shown):
        detail += f"; and {len(errors) - len(shown)} more"
    return ProblemError(422, "invalid-request", f"{detail}.", errors=shown)


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The description of these errors of a route."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def problem_response(error: ProblemError, request_id: str) -> Response:
    """The answer. Characters outside ASCII are escaped: a request's field names may be no valid Unicode."""
    problem = Problem(
        type=f"urn:refi:problem:{error.kind}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        request_id=request_id,
        errors=error.errors,
        **error.members,
    )
    return Response(json.dumps(problem.model_dump(mode="json")), error.status, error.headers, PROBLEM_JSON)


def answer_errors_as_problems(app: FastAPI) -> None:
    """Register the handlers of all errors that a request can cause."""

    @app.exception_handler(ProblemError)
    async def refused(request: Request, error: ProblemError) -> Response:
        return problem_response(error, request.state.request_id)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return problem_response(invalid_request(list(map(field_error, error.errors()))), request.state.request_id)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        problem = ProblemError(error.status_code, _KINDS.get(error.status_code, "unknown-error"), error.detail)
        problem.headers = dict(error.headers or {})
        return problem_response(problem, request.state.request_id)


def field_error(error: Mapping[str, Any]) -> FieldError:
    """Pydantic's error without the value. FastAPI puts 'body' before the field, and an offset into invalid JSON."""
    kind = error["type"]
    place = [] if kind == "json_invalid" else [str(part) for part in error["loc"] if part != "body"]
    message = _MESSAGES.get(kind, error["msg"].removeprefix("Value error, "))
    if not place and kind not in ("value_error", *_MESSAGES):
        message = "the body must be a JSON object, with the header Content-Type: application/json"
    return FieldError(field=".".join(place), message=message)
