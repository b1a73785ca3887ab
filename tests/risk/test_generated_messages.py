"""The messages of a generated portfolio, judged by their contracts, come out as its truth says."""

from collections import Counter
from datetime import date

import pyarrow as pa
import pytest

from refi_assets.risk.topics import SOURCE_TOPICS
from refi_assets.risk.validation import DEAD_LETTER_REASONS, MessageParser
from refi_assets.sample.risk import generated_risk
from refi_assets.sample.risk_malformed import DEFECTS_OF_MESSAGES


def test_every_reason_of_a_dead_letter_is_generated():
    assert {defect.reason for defect in DEFECTS_OF_MESSAGES.values()} == DEAD_LETTER_REASONS.keys()


@pytest.mark.parametrize("topic", SOURCE_TOPICS)
def test_contracts_refuse_and_accept_generated_messages_as_the_truth_says(topic):
    with generated_risk(1000, 3, None, as_of=date(2026, 3, 31), days=20) as (truth, stream):
        messages = [message for message in stream.messages() if message[0] == topic]
    batch = pa.record_batch(
        {
            "key": pa.array([key and key.encode() for _, key, _, _ in messages], pa.binary()),
            "value": pa.array([value for _, _, value, _ in messages], pa.binary()),
            "timestamp": pa.array([time * 1000 for *_, time in messages], pa.timestamp("us", "UTC")),
            "partition": pa.array([0] * len(messages), pa.int32()),
            "offset": pa.array(range(len(messages)), pa.int64()),
        }
    )
    rows = pa.Table.from_batches(MessageParser.of_contracts("", 5)(topic, iter([batch])))
    expected = truth["stream"][topic]
    reasons = Counter(rows["reason"].to_pylist())
    assert reasons.pop(None) == expected["accepted"] + expected["too_late"]
    assert reasons == expected["dead_letters_by_reason"]
