"""The routes that read offers: pages of candidates, a customer's offers, one offer, and a customer's banners.

Each offer is stored with its JSON, so an answer is put together from texts, and the routes take a request as it is:
FastAPI's reading of parameters and its models would cost several times what SQLite does. What it would have written of
them into the OpenAPI document is in offer_parameters.py.
"""

import json
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response

from refi_assets.api.authorization import Authorizer, authorized_route
from refi_assets.api.fields import Offer, OfferBanners, OfferCandidates, OffersOfCustomer
from refi_assets.api.offer_parameters import (
    CANDIDATE_PARAMETERS,
    CUSTOMER_ID,
    OFFER_ID,
    PLACEMENT,
    CandidateQuery,
    candidate_query,
    cursor_text,
)
from refi_assets.api.problems import ProblemError, problem_answers
from refi_assets.api.served_offers import ServedOffers, ServedProgram
from refi_assets.errors import WeekGoneError
from refi_assets.offers.program import InAppChannel
from refi_assets.store.key_file import Scope
from refi_assets.store.protocol import EventKind, OfferPage, StoredOffer

_REFUSALS = (401, 403, 429, 503)


def offers_router(offers: ServedOffers, authorizer: Authorizer) -> APIRouter:
    """The routes. All need the scope read."""
    router = APIRouter(route_class=authorized_route(authorizer, Scope.READ, is_direct=True))

    @router.get(
        "/v1/customers/{customer_id}/offers",
        response_model=OffersOfCustomer,
        responses=problem_answers(*_REFUSALS),
        openapi_extra={"parameters": [CUSTOMER_ID]},
    )
    async def customer_offers(request: Request) -> Response:
        """The live offers of a customer, with every number that must be disclosed.

        The list is empty for a customer without an offer, and for one who does not exist.
        """
        with offers.reading():
            bodies = [offer.body for _, offer in _offers_of(offers, request)]
        return _json(f'{{"offers":[{",".join(bodies)}]}}')

    @router.get(
        "/v1/programs/{program}/candidates",
        response_model=OfferCandidates,
        responses=problem_answers(404, 410, 422, *_REFUSALS),
        openapi_extra={"parameters": CANDIDATE_PARAMETERS},
    )
    async def candidates(request: Request) -> Response:
        """The customers with a live offer of a tier, by approval likelihood descending, then by customer_id.

        A cursor stays in the week in which its first page was read, while a new week is published: then it ends.
        """
        served = offers.find(request.path_params["program"], request.state.key)
        query = candidate_query(request.query_params, served.program)
        with offers.reading():
            if (week := served.week()) is None:
                raise ProblemError(
                    503, "no-offers-yet", "This program has not stored offers yet.", retry_after=offers.retry_seconds
                )
            page = _page(served, query, offers)
        run_id, as_of = (week.run_id, str(week.as_of)) if query.after is None else (query.after.run_id, query.as_of)
        after = "null" if page.after is None else f'"{cursor_text(page.after, as_of, query)}"'
        head = f'"program_id":"{served.program.program_id}","run_id":"{run_id}","as_of":"{as_of}"'
        return _json(f'{{{head},"candidates":[{",".join(page.bodies)}],"next_cursor":{after}}}')

    @router.get(
        "/v1/offers/{offer_id}",
        response_model=Offer,
        responses=problem_answers(404, *_REFUSALS),
        openapi_extra={"parameters": [OFFER_ID]},
    )
    async def offer(request: Request) -> Response:
        """A live offer. One that has expired, or was superseded or withdrawn, is answered as if it had never been."""
        with offers.reading():
            for served in offers.covered_by(request.state.key):
                live = served.store.get(request.path_params["offer_id"], offers.today())
                if live is not None:
                    return _json(live.body)
        raise ProblemError(404, "unknown-offer", "There is no such offer that is live.")

    @router.get(
        "/v1/customers/{customer_id}/banners",
        response_model=OfferBanners,
        responses=problem_answers(*_REFUSALS),
        openapi_extra={"parameters": [CUSTOMER_ID, PLACEMENT]},
    )
    async def banners(request: Request) -> Response:
        """What the app may show a customer now: live offers, neither accepted nor declined, of programs with a banner.

        Whoever shows one reports the event `displayed`, each time. The banner ends `display_duration` days after the
        first; it is never given for a customer who has not left the in-app channel open.
        """
        now, placement = offers.clock(), request.query_params.get("placement")
        with offers.reading():
            shown = [_banner(served, stored, placement, now) for served, stored in _offers_of(offers, request)]
        return _json(f'{{"banners":[{",".join(filter(None, shown))}]}}')

    return router


def _offers_of(offers: ServedOffers, request: Request) -> list[tuple[ServedProgram, StoredOffer]]:
    """The live offers of the customer in the path, with their programs."""
    customer_id, today = request.path_params["customer_id"], offers.today()
    return [
        (served, offer)
        for served in offers.covered_by(request.state.key)
        for offer in served.store.offers_of(customer_id, today)
    ]


def _banner(served: ServedProgram, offer: StoredOffer, placement: str | None, now: datetime) -> str | None:
    """The banner of an offer as JSON, if there is one to show."""
    channel = next((c for c in served.program.channels if isinstance(c, InAppChannel) and c.enabled), None)
    if channel is None or placement not in (None, channel.config.placement):
        return None
    if channel.type not in served.store.channels_of(offer.customer_id):
        return None
    events = served.store.events_of(offer.offer_id)
    if any(event.kind in (EventKind.ACCEPTED, EventKind.DECLINED) for event in events):
        return None
    displays = [event.at for event in events if event.kind is EventKind.DISPLAYED]
    first, days = min(displays, default=None), channel.config.display_duration
    ends = None if first is None or days is None else first + timedelta(days=days)
    if ends is not None and now >= ends:
        return None
    banner = {
        "program_id": served.program.program_id,
        "placement": channel.config.placement,
        "banner_type": channel.config.banner_type,
        "display_duration": days,
        "first_displayed_at": first and first.isoformat(),
        "displays": len(displays),
        "ends_at": ends and ends.isoformat(),
    }
    return f'{json.dumps(banner, separators=(",", ":"))[:-1]},"offer":{offer.body}}}'


def _page(served: ServedProgram, query: CandidateQuery, offers: ServedOffers) -> OfferPage:
    try:
        return served.store.page(
            query.tier,
            offers.today(),
            least_score=query.least_score,
            least_amount_cents=query.least_amount_cents,
            after=query.after,
            limit=query.limit,
        )
    except WeekGoneError:
        raise ProblemError(
            410, "cursor-gone", "Two newer weeks have been published since this cursor. Begin at the first page."
        ) from None


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
