"""SageMaker's container contract: GET /ping, and POST /invocations with rows as JSON or CSV.

The route below /endpoints is the path of SageMaker's own InvokeEndpoint, so that a client of SageMaker whose endpoint
is this API reaches a served model by its name, with hyphens for underscores, which SageMaker's names do not have.
"""

import csv
import io
import math
from collections.abc import Sequence
from itertools import islice

import numpy as np
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from refi_assets.api.authorization import Authorizer, authorized_route
from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import Values
from refi_assets.api.fields import FieldError, InvocationAnswer, InvocationRequest, Prediction
from refi_assets.api.model_scores import champion_of, input_errors, require_models
from refi_assets.api.problems import MOST_ERRORS, ProblemError, field_error, invalid_request
from refi_assets.api.prometheus import ApiMetrics
from refi_assets.errors import ModelError
from refi_assets.ml.columns import InputColumn
from refi_assets.ml.registry import RegisteredModel
from refi_assets.ml.tables import Table
from refi_assets.store.key_file import Scope

JSON, CSV = "application/json", "text/csv"
PATHS = ("/invocations", "/endpoints/{endpoint}/invocations")


def invocations_router(
    authorizer: Authorizer | None, champions: Champions, metrics: ApiMetrics, retry_after: float
) -> APIRouter:
    """The routes. `retry_after`: seconds after which a request that came too early may succeed.

    `authorizer` None: in SageMaker, which authorizes requests itself and sends no key of ours.
    """
    router = APIRouter()
    invoked = APIRouter(route_class=authorized_route(authorizer, Scope.SCORE)) if authorizer else router

    @router.get("/ping", include_in_schema=False)
    async def ping() -> Response:
        """Whether /invocations can answer."""
        for name in champions.served or [None]:
            champion_of(champions, name, retry_after)
        return Response()

    async def invoke(request: Request, endpoint: str | None = None) -> Response:
        """Probabilities of many rows, in their order.

        The answer is JSON or CSV as the header Accept says, by default as the request. CSV has no header; its columns
        are the model's features in their order, and an empty cell is unknown.
        """
        require_models(request)
        name = endpoint.replace("-", "_") if endpoint else None
        champion = champion_of(champions, name, retry_after)
        body, content_type = await request.body(), _media_type(request, "content-type")
        accepted = _media_type(request, "accept")
        answer, rows = await run_in_threadpool(
            _answer, champion, body, content_type, accepted if accepted in (JSON, CSV) else content_type
        )
        request.state.model, request.state.version = champion.name, champion.version
        metrics.scores.labels(champion.name, champion.version).inc(rows)
        return answer

    for path in PATHS:
        invoked.post(path, include_in_schema=False)(invoke)
    if invoked is not router:
        router.include_router(invoked)
    return router


def _media_type(request: Request, header: str) -> str:
    return request.headers.get(header, JSON).partition(";")[0].strip().lower()


def _answer(champion: RegisteredModel, body: bytes, content_type: str, accepted: str) -> tuple[Response, int]:
    """The answer to a body, and its number of rows. Raises ProblemError, which quotes no value."""
    inputs = champion.model.inputs
    if content_type == JSON:
        rows = _json_rows(body, inputs)
    elif content_type == CSV:
        rows = _csv_rows(body, inputs)
    else:
        raise ProblemError(415, "unsupported-media-type", f"The body must be {JSON} or {CSV}.")
    try:
        probabilities = champion.model.probabilities(_table(rows, inputs)).tolist()
    except ModelError as error:
        raise invalid_request([FieldError(field="", message=str(error).rstrip("."))]) from None
    if accepted == CSV:
        return Response("".join(f"{probability!r}\n" for probability in probabilities), media_type=CSV), len(rows)
    answer = InvocationAnswer(predictions=[Prediction(probability=probability) for probability in probabilities])
    return Response(answer.model_dump_json(), media_type=JSON), len(rows)


def _json_rows(body: bytes, inputs: tuple[InputColumn, ...]) -> list[Values]:
    try:
        rows = InvocationRequest.model_validate_json(body).instances
    except ValidationError as error:
        raise invalid_request(list(map(field_error, error.errors(include_input=False)))) from None
    errors = (error for number, row in enumerate(rows) for error in input_errors(inputs, row, f"instances.{number}"))
    if first := list(islice(errors, MOST_ERRORS)):
        raise invalid_request(first)
    return list(rows)


def _csv_rows(body: bytes, inputs: tuple[InputColumn, ...]) -> list[Values]:
    rows: list[Values] = []
    errors: list[FieldError] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(body.decode(), newline=""), strict=True)):
            place = f"row {number + 1}"
            if cells and len(cells) != len(inputs):
                errors.append(FieldError(field=place, message=f"it has {len(cells)} cells and must have {len(inputs)}"))
            elif cells:
                row = {column.name: _cell(cell, column) for column, cell in zip(inputs, cells, strict=True)}
                errors += input_errors(inputs, row, place)
                rows.append(row)
            if len(errors) >= MOST_ERRORS:
                break
    except (csv.Error, UnicodeDecodeError):
        raise invalid_request([FieldError(field="", message="the body is not CSV in UTF-8")]) from None
    if errors or not rows:
        raise invalid_request(errors or [FieldError(field="", message="the body has no row")])
    return rows


def _cell(cell: str, column: InputColumn) -> float | str | None:
    """A cell's value; of a number that cannot be read, its text, which is then refused."""
    if not cell:
        return None
    if column.kind != "number":
        return cell
    try:
        number = float(cell) if "_" not in cell else math.nan
    except ValueError:
        return cell
    return number if math.isfinite(number) else cell


def _table(rows: Sequence[Values], inputs: tuple[InputColumn, ...]) -> Table:
    return {
        column.name: np.array([row[column.name] for row in rows], dtype=np.float64)
        if column.kind == "number"
        else np.array([_category(row[column.name]) for row in rows], dtype=object)
        for column in inputs
    }


def _category(value: float | str | bool | None) -> str | None:
    return str(value).lower() if isinstance(value, bool) else value  # type: ignore[return-value]
