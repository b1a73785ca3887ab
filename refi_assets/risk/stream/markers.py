"""Markers: what a query has committed to Kafka. Each transaction of the sink ends in one, in the topic risk-markers.

A marker is the only proof that a batch's scores are out. It is written by sink.py.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

MARKERS = "risk-markers"


class Marker(NamedTuple):
    """The end of a transaction: part `part` of `parts` of a batch, of which `messages` messages are out by now."""

    checkpoint_id: str
    batch_id: int
    part: int
    parts: int
    messages: int
    offsets: dict[str, dict[int, int]]  # topic -> partition -> end of the batch

    @property
    def is_whole(self) -> bool:
        """Whether the whole batch is out."""
        return self.part == self.parts

    def to_bytes(self) -> bytes:
        """The value of its message."""
        import orjson

        return orjson.dumps(self._asdict(), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)

    @classmethod
    def from_bytes(cls, value: bytes) -> "Marker":
        """The marker of a message."""
        import orjson

        fields: dict[str, Any] = orjson.loads(value)
        offsets: Mapping[str, Mapping[str, int]] = fields["offsets"]
        numbered = {topic: {int(part): end for part, end in ends.items()} for topic, ends in offsets.items()}
        return cls(**{name: fields[name] for name in cls._fields} | {"offsets": numbered})
