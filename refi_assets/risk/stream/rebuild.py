"""A new checkpoint in place of one that is lost, or that this version cannot go on with: nothing is sent twice.

It begins where the newest marker ends. What came before is in the lake: the new checkpoint's first snapshot has the
events of all earlier ones, so that a message that is read again brings no new event.
"""

from contextlib import closing
from typing import NamedTuple

import duckdb

from refi_assets.lake import ObjectStore, open_lake
from refi_assets.lake.settings import LakeSettings
from refi_assets.risk.stream.checkpoint import Checkpoint, Offsets
from refi_assets.risk.stream.decisions import find_decision
from refi_assets.risk.stream.lake_files import SCORES, batch_key, checkpoint_ids, read_table
from refi_assets.risk.stream.live_output import LiveOutput
from refi_assets.risk.stream.markers import newest_marker
from refi_assets.risk.stream.query import first_offsets
from refi_assets.risk.stream.settings import StreamSettings
from refi_assets.risk.stream.sink import ScoreSink
from refi_assets.risk.stream.supervisor import query_lock
from refi_assets.settings import settings_of


class RebuiltCheckpoint(NamedTuple):
    """The new checkpoint, the number of scores that were sent for the old one, and messages that Kafka has deleted."""

    checkpoint: Checkpoint
    sent_scores: int
    lost_messages: dict[tuple[str, int], int]  # by topic and partition


def rebuild_checkpoint() -> RebuiltCheckpoint:
    """Replace the checkpoint at the place of the settings. Raises RefiError if the query runs, or if Kafka is away."""
    with query_lock():
        lake = open_lake(settings_of(LakeSettings).lake_url)
        marker = newest_marker(settings_of(StreamSettings).stream_query)
        sent_to = marker.checkpoint_id if marker else None
        old = next(reversed(checkpoint_ids(lake)), sent_to)
        first = first_offsets()
        Checkpoint.delete()
        ends, sent = _finish(lake, old, sent_to) if old else ({}, 0)
        start = {
            topic: {number: max(offset, ends.get(topic, {}).get(number, 0)) for number, offset in offsets.items()}
            for topic, offsets in first.items()
        }
        lost = {
            (topic, number): offset - ends[topic][number]
            for topic, offsets in first.items()
            for number, offset in offsets.items()
            if offset > ends.get(topic, {}).get(number, offset)
        }
        return RebuiltCheckpoint(Checkpoint.create(start, old), sent, lost)


def _finish(lake: ObjectStore, checkpoint_id: str, sent_to: str | None) -> tuple[Offsets, int]:
    """Send the scores of the batch that the lake has and Kafka has not; returns where to go on, and their number.

    The messages of that batch are read again: its dead letters are not in the lake. `sent_to` is the checkpoint of the
    newest marker. The store may lack that batch, and the one before.
    """
    with closing(ScoreSink(checkpoint_id, sent_to)) as sink, duckdb.connect() as connection:
        output, marker, sent = LiveOutput(lake.name, connection), sink.marker, 0
        batch = marker.batch_id + marker.is_whole if marker else 0
        if marker and marker.is_whole:
            ends: Offsets = marker.offsets
        else:
            decision = find_decision(lake, checkpoint_id, batch)
            ends = decision.start if decision else {}
        for number in range(marker.batch_id if marker else 0, batch + 1):
            key = batch_key(SCORES, checkpoint_id, number)
            if lake.find(key):
                scores = read_table(lake, key)
                sent += sink.write(number, scores, [], ends).messages
                output.keep(checkpoint_id, number, scores)
        return ends, sent
