"""Requests to record events, as a client makes them."""

from refi_assets.store.protocol import EventAnswer, EventKind, EventRequest, OfferEvent, Standing


def request(
    offer_id: str,
    kind: EventKind = EventKind.DISPLAYED,
    key: str = "k",
    *,
    client: str = "app",
    content: str = "",
    application_id: str | None = None,
    is_refusal: bool = False,
) -> EventRequest:
    """A request whose answer says how many kinds of events there were before, and the standing after."""

    def decide(earlier: list[OfferEvent], event: OfferEvent, standing: Standing) -> EventAnswer:
        return EventAnswer(f"{event.kind} after {len(earlier)}: {standing}", is_refusal)

    return EventRequest(offer_id, kind, application_id, client, key, content or kind, decide)
