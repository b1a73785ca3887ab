"""Asset checks of the risk domain that are more than SQL: no event is lost."""

from refi_assets.orchestration.asset_checks import Check, CheckedStep
from refi_assets.specs.outcomes import Outcome, equal

SOURCES_OF_EVENTS = ("staging/loan_event", "staging/account_transaction", "risk/streamed_events")


def every_event_accounted_for(step: CheckedStep) -> Outcome:
    """Rows of the sources and of the stream = events + rows set aside."""
    arrived = sum(step.input(key).rows for key in SOURCES_OF_EVENTS)
    return equal(step.input("risk/events").rows + step.relation.rows, arrived, "events in the sources and the stream")


ACCOUNTED_FOR = [
    Check(
        "every_event_accounted_for",
        "Rows of the sources and of the stream = events + rows set aside as duplicates, refused, or later.",
        every_event_accounted_for,
    )
]
