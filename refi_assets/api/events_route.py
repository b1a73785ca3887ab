"""POST /v1/offers/{offer_id}/events: an event of an offer, recorded once for each Idempotency-Key.

Which event may follow which is in policies/offers/event_rules.yaml. Accepting begins an application. Its reference is
random, so that nobody can guess it from the offer, and is stored with the event.
"""

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from refi_assets.api.authorization import Authorizer, authorized_route
from refi_assets.api.event_writer import EventWriter, TooManyEventsError
from refi_assets.api.fields import EventBody, EventRecord
from refi_assets.api.problems import PROBLEM_JSON, ProblemError, problem_answers, problem_response
from refi_assets.errors import StoreError
from refi_assets.offers.event_rules import EventRules
from refi_assets.store.key_file import Scope
from refi_assets.store.protocol import (
    EventAnswer,
    EventKind,
    EventOutcome,
    EventRequest,
    OfferEvent,
    Standing,
    Unanswered,
)

KEY_HEADER = "Idempotency-Key"
MOST_KEY_CHARACTERS = 255
RETRY_SECONDS = 1

_KEY_PARAMETER = {
    "name": KEY_HEADER,
    "in": "header",
    "required": True,
    "description": "Chosen by the client for this event. A repeat with the same key and body gets the first answer and "
    "records nothing; with another body it is refused. Answers to faults (404, 422, 503) are not kept: send the same "
    "key again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MOST_KEY_CHARACTERS, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}


def events_router(writer: EventWriter, authorizer: Authorizer) -> APIRouter:
    """The route, for keys with the scope events."""
    router = APIRouter(route_class=authorized_route(authorizer, Scope.EVENTS))

    @router.post(
        "/v1/offers/{offer_id}/events",
        status_code=201,
        response_model=EventRecord,
        response_description="The event is recorded, or was by an earlier request with the same key.",
        responses=problem_answers(400, 401, 403, 404, 409, 413, 422, 429, 503),
        openapi_extra={"parameters": [_KEY_PARAMETER]},
    )
    async def record_event(
        offer_id: Annotated[str, Path(description="The offer's id.")], body: EventBody, request: Request
    ) -> Response:
        """Record an event of an offer. It is on the disk when it is answered.

        sent, displayed and clicked repeat in any order. An offer is accepted or declined, once; it must be live to be
        accepted. After accepted come applied, approved and funded, each once. Accepting is the application: the answer
        has its reference.
        """
        asked = EventRequest(
            offer_id,
            body.event,
            str(uuid.uuid4()) if body.event is EventKind.ACCEPTED else None,
            request.state.key.key_id,
            _idempotency_key(request),
            body.model_dump_json(),
            lambda earlier, event, standing: _decide(writer.rules, request.state.request_id, earlier, event, standing),
        )
        try:
            outcome = await writer.submit(asked, request.state.key.program)
        except TooManyEventsError as error:
            raise ProblemError(503, "too-many-events", f"{error} Try again.", retry_after=RETRY_SECONDS) from None
        return _response(outcome)

    return router


def _idempotency_key(request: Request) -> str:
    keys = request.headers.getlist(KEY_HEADER)
    if not any(keys):
        raise ProblemError(400, "no-idempotency-key", f"Send the header {KEY_HEADER}, with a new key for each event.")
    if len(keys) > 1 or len(keys[0]) > MOST_KEY_CHARACTERS or not all(" " <= character <= "~" for character in keys[0]):
        raise ProblemError(
            400,
            "invalid-idempotency-key",
            f"The header {KEY_HEADER} must be there once, with up to {MOST_KEY_CHARACTERS} printable ASCII characters.",
        )
    return keys[0]


def _decide(
    rules: EventRules, request_id: str, earlier: list[OfferEvent], event: OfferEvent, standing: Standing
) -> EventAnswer:
    """The answer to a request, by the first events of each kind before it and the offer's standing after it."""
    problem = None
    if (reason := rules.broken_by(event.kind, earlier)) is not None:
        problem = ProblemError(409, "event-not-allowed", reason)
    elif rules.events[event.kind].needs_live_offer and standing is not Standing.LIVE:
        detail = f"This offer is {standing}; {event.kind} needs one that is live. Nothing was recorded."
        problem = ProblemError(409, "offer-not-live", detail, members={"standing": standing})
    if problem is not None:
        return EventAnswer(bytes(problem_response(problem, request_id).body).decode(), is_refusal=True)
    record = EventRecord(
        offer_id=event.offer_id,
        event=event.kind,
        at=event.at,
        standing=standing.value,
        application_id=next((each.application_id for each in (*earlier, event) if each.application_id), None),
    )
    return EventAnswer(record.model_dump_json(), is_refusal=False)


def _response(outcome: EventOutcome) -> Response:
    """The response to an outcome. Raises ProblemError, or the error of a fault of our own."""
    match outcome:
        case EventAnswer(body=body, is_refusal=True):
            return Response(body, 409, media_type=PROBLEM_JSON)
        case EventAnswer(body=body):
            return Response(body, 201, media_type="application/json")
        case Unanswered.UNKNOWN_OFFER:
            raise ProblemError(404, "unknown-offer", "There is no such offer.")
        case Unanswered.KEY_REUSED:
            detail = f"This {KEY_HEADER} was sent before with another body. Send a new key for a new event."
            raise ProblemError(409, "key-reused", detail)
        case StoreError():
            raise ProblemError(
                503,
                "store-unavailable",
                "The store of offers does not take events now, and nothing was recorded; the log has the reason. Try "
                "again with the same key.",
                retry_after=RETRY_SECONDS,
            )
    raise outcome
