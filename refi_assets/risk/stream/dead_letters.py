"""Dead letters: messages that break their contract, each with its place, its reason, and the bytes that Kafka has."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple


class Place(NamedTuple):
    """Where Kafka has a message."""

    topic: str
    partition: int
    offset: int


class DeadLetter(NamedTuple):
    """A message that breaks its contract: the reason's code, and the field if one is to blame; UTC without a zone."""

    place: Place
    reason: str
    field: str | None
    received_at: datetime


def read_messages(places: Collection[Place]) -> Iterator[bytes | None]:
    """The values of messages in the order of their places; None if Kafka no longer has the message, or it is null."""
    raise NotImplementedError(places)
