"""A query's checkpoint: its own description, and what Spark has written there about a batch.

Spark's files are read, never changed: an entry of offsets/ must not be deleted, or the batch would be cut elsewhere.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from refi_assets.errors import LakeError, RefiError
from refi_assets.lake.opening import open_lake
from refi_assets.risk.stream.settings import KafkaSettings, StreamSettings
from refi_assets.settings import settings_of

STATE_VERSION = 1  # of the query's state: another one cannot go on with the checkpoint
_FILE = "refi.json"
_SPARK_FILES, _SPARK_FOLDERS = ("metadata", ".metadata.crc"), ("commits", "offsets", "sources", "state")
_REBUILD = "Replace it by a new one, which gives the same scores and sends none twice: refi risk rebuild"

Offsets = Mapping[str, Mapping[int, int]]  # topic -> partition -> offset


class BatchRange(NamedTuple):
    """The messages of a batch: from the start offsets on, before the end offsets. `processed_at` is in UTC."""

    processed_at: datetime
    start: Offsets
    end: Offsets


class Checkpoint(BaseModel):
    """A checkpoint: its id, which has the time at which it was made, and the offsets at which it began."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    checkpoint_id: str
    state_version: int
    state_partitions: int
    start: dict[str, dict[int, int]]
    follows: str | None = None  # the checkpoint that a rebuild replaced by this one

    @classmethod
    def create(cls, start: Offsets, follows: str | None = None) -> Self:
        """A new checkpoint at the place of the settings. Raises RefiError if there is one."""
        stream = settings_of(StreamSettings)
        checkpoint = cls(
            checkpoint_id=f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{token_hex(3)}",
            state_version=STATE_VERSION,
            state_partitions=stream.stream_state_partitions,
            start={topic: dict(offsets) for topic, offsets in start.items()},
            follows=follows,
        )
        if not open_lake(stream.checkpoint).create_json(_FILE, checkpoint.model_dump(mode="json")):
            raise RefiError(f"There is a checkpoint in {stream.checkpoint} already. Nothing was changed.")
        return checkpoint

    @staticmethod
    def delete() -> None:
        """Delete whatever there is of a checkpoint at the place of the settings."""
        store = open_lake(settings_of(StreamSettings).checkpoint)
        store.delete([name for name in (_FILE, *_SPARK_FILES) if store.find(name)])
        for folder in _SPARK_FOLDERS:
            store.delete_folder(folder)

    @classmethod
    def find(cls) -> Self | None:
        """The checkpoint at the place of the settings. Raises RefiError if this version cannot go on with it."""
        place = settings_of(StreamSettings).checkpoint
        value = open_lake(place).get_json(_FILE)
        if value is None:
            return None
        version = value.get("state_version")
        if version != STATE_VERSION:
            raise RefiError(
                f"The checkpoint in {place} has state of version {version}, and this program's is {STATE_VERSION}. "
                f"{_REBUILD}"
            )
        return cls.model_validate(value)

    def require_partitions(self, partitions: Mapping[str, int]) -> None:
        """Raise RefiError unless the topics have the numbers of partitions with which the checkpoint was made."""
        for topic, offsets in self.start.items():
            if len(offsets) != partitions[topic]:
                raise RefiError(
                    f"The topic {topic} has {partitions[topic]} partitions, and had {len(offsets)} when the checkpoint "
                    f"{self.checkpoint_id} was made. {_REBUILD}"
                )

    def batch(self, number: int) -> BatchRange:
        """The messages of a batch that Spark has begun. Raises LakeError if the checkpoint does not have it."""
        processed_at, end = self._entry(number)
        return BatchRange(processed_at, self._entry(number - 1)[1] if number else self.start, end)

    def _entry(self, number: int) -> tuple[datetime, Offsets]:
        place = settings_of(StreamSettings).checkpoint
        data, _ = open_lake(place, create=False).get_and_etag(f"offsets/{number}")
        if data is None:
            raise LakeError(f"The checkpoint {place} lacks offsets/{number}. {_REBUILD}")
        _, batch, *sources = data.decode().splitlines()
        milliseconds = json.loads(batch)["batchTimestampMs"]
        end = {topic: dict(offsets) for topic, offsets in self.start.items()}
        prefix = settings_of(KafkaSettings).kafka_topic_prefix
        for source in sources:
            offsets: dict[str, dict[str, Any]] = {} if source == "-" else json.loads(source)
            for topic, positions in offsets.items():
                end[topic.removeprefix(prefix)] |= {int(partition): offset for partition, offset in positions.items()}
        return datetime.fromtimestamp(milliseconds / 1000, UTC), end
