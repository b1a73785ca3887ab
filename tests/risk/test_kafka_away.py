"""Commands while Kafka is away: a message, and no traceback."""

import pytest

from refi_assets.errors import RefiError
from refi_assets.risk.stream import kafka_topics
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.settings import overridden
from tests.fakes.servers import free_port


def test_topics_of_a_kafka_that_is_away_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_topics, "ADMIN_SECONDS", 0.5)
    address = f"127.0.0.1:{free_port()}"
    with (
        overridden("REFI_KAFKA_BOOTSTRAP", address),
        pytest.raises(RefiError, match=f"Kafka at {address} did not make the topics: "),
    ):
        create_topics()
