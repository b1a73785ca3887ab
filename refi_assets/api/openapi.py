"""The OpenAPI document: FastAPI's, with the features of the models that are served at the moment, and all headers."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from refi_assets.api.authorization import SECURITY_SCHEME
from refi_assets.api.champions import Champions
from refi_assets.api.fields import FieldError, Problem
from refi_assets.api.given_customer import customer_schema
from refi_assets.api.scored_programs import ScoredPrograms
from refi_assets.ml.columns import InputColumn
from refi_assets.offers.program_rules import deciding_columns

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/{model}"
DESCRIPTION = """Loan offers, their events, and scores by registered models. Fields and routes may be added; none is
changed or removed.

Every route below /v1 needs an API key with the scope that is named there. What a key may not see is answered as if it
did not exist.

Every answer has the header X-Request-ID: the request's own, if it has one of up to 64 letters, digits, dots, hyphens
and underscores. Every error is application/problem+json (RFC 9457).

The app also has /ping and /invocations, which are SageMaker's contract and are not described here."""
SECURITY = {
    SECURITY_SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, made by `refi keys create`: refi_…",
    },
}
HEADERS = {
    "X-Request-ID": {"description": "The request's id, as in the log.", "required": True, "schema": {"type": "string"}}
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "string"}}}


def describe_app(app: FastAPI, champions: Champions, programs: ScoredPrograms) -> None:
    """Make app.openapi() return the document for the champions of the moment, and for these programs.

    It is kept until a champion changes: making it takes a tenth of a second, in which no other request is answered, and
    it can be asked for without a key.
    """
    kept: dict[str, Any] = {}

    def openapi() -> Schema:
        inputs = {
            name: served.champion.model.inputs
            for name, served in champions.served.items()
            if served.champion is not None
        }
        if kept.get("inputs") != inputs:
            kept.update(inputs=inputs, document=new_document(inputs))
        document: Schema = kept["document"]
        return document

    def new_document(inputs: dict[str, tuple[InputColumn, ...]]) -> Schema:
        document = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
        schemas = document["components"]["schemas"]
        for kind in (Problem, FieldError):
            schemas[kind.__name__] = kind.model_json_schema(ref_template=REFERENCE)
        schemas["Problem"].pop("$defs")
        general = schemas["ScoreRequest"]
        variants = [*_of_models(general, inputs), *_of_programs(general, programs), _of_borrowers(general)]
        schemas["ScoreRequest"] = {name: general[name] for name in ("title", "description")} | {"anyOf": variants}
        document["components"]["securitySchemes"] = SECURITY
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    answer["headers"] = HEADERS | (RETRY_AFTER if status in ("429", "503") else {})
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _of_models(general: Schema, inputs: dict[str, tuple[InputColumn, ...]]) -> Iterator[Schema]:
    """The requests with the exact features of these models; before any is loaded, with features of any name."""
    fields = general["properties"]
    model, features = fields["model"], fields["features"]
    for name, columns in (inputs or {"": ()}).items():
        names: list[Schema] = [{"const": name}] if name else [{"type": "string"}]
        is_optional = len(inputs) < 2
        shared = {**model, "anyOf": [*names, {"type": "null"}] if is_optional else names}
        exact = _exact_features(features["anyOf"][0], columns) if name else features["anyOf"][0]
        given = ("features", exact | {"description": features["description"]})
        for key, value in (given, ("customer_id", _required(fields["customer_id"]))):
            yield _variant(fields, {"model": shared, key: value}, [key] if is_optional else ["model", key])


def _of_programs(general: Schema, programs: ScoredPrograms) -> Iterator[Schema]:
    """The requests with the exact values that the rules of each program read."""
    fields = general["properties"]
    for program_id, program in programs.by_id.items():
        named = {"const": program_id, "description": fields["program"]["description"]}
        exact = customer_schema(deciding_columns(program.program.key))
        given = ("customer", exact | {"description": fields["customer"]["description"]})
        for key, value in (given, ("customer_id", _required(fields["customer_id"]))):
            yield _variant(fields, {"program": named, key: value}, ["program", key])


def _of_borrowers(general: Schema) -> Schema:
    """The requests for a decision."""
    fields = general["properties"]
    return _variant(fields, {"borrower_id": _required(fields["borrower_id"])}, ["borrower_id"])


def _required(field: Schema) -> Schema:
    """An optional field where it is required."""
    return dict(field["anyOf"][0]) | {"description": field["description"]}


def _variant(fields: Schema, given: Schema, required: list[str]) -> Schema:
    """A request with these fields; the others may only be null."""
    absent = {name: {"type": "null"} for name in fields if name not in given}
    return {"type": "object", "properties": given | absent, "required": required, "additionalProperties": False}


def _exact_features(general: Schema, columns: tuple[InputColumn, ...]) -> Schema:
    types = {column.name: ["number"] if column.kind == "number" else ["string", "boolean"] for column in columns}
    return general | {
        "properties": {name: {"type": [*names, "null"]} for name, names in types.items()},
        "required": list(types),
        "additionalProperties": False,
    }
