"""The outbox: what is one alert, what a digest counts, and when it is sent again."""

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from refi_assets.store.alert_outbox import ALERT_FILE, AlertOutbox, KeyAlert

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def outbox(tmp_path: Path) -> AlertOutbox:
    """An empty outbox."""
    return AlertOutbox(tmp_path / ALERT_FILE)


def test_of_a_key_a_rule_and_a_day_there_is_one_alert(outbox: AlertOutbox) -> None:
    alerts = [KeyAlert("B1", "high_risk", MONDAY), KeyAlert("B1", "high_risk", MONDAY)]
    assert outbox.add(alerts, NOON) == 1
    more = [KeyAlert("B1", "high_risk", TUESDAY), KeyAlert("B1", "fraud", MONDAY), KeyAlert("B2", "high_risk", MONDAY)]
    assert outbox.add([*alerts, *more], NOON + timedelta(hours=1)) == 3
    assert outbox.alerts_of("B1") == [
        (KeyAlert("B1", "high_risk", MONDAY), NOON),
        (KeyAlert("B1", "fraud", MONDAY), NOON + timedelta(hours=1)),
        (KeyAlert("B1", "high_risk", TUESDAY), NOON + timedelta(hours=1)),
    ]
    assert outbox.alerts_of("B3") == []


def test_a_digest_counts_its_alerts_and_stays_the_same_until_it_is_sent(outbox: AlertOutbox) -> None:
    outbox.add([KeyAlert(f"B{number}", "high_risk", MONDAY) for number in range(3)], NOON)
    outbox.add([KeyAlert("B1", "fraud", TUESDAY)], NOON)
    (digest,) = outbox.unsent("sns", NOON)
    assert digest.counts == {("high_risk", MONDAY): 3, ("fraud", TUESDAY): 1}
    outbox.add([KeyAlert("B9", "fraud", TUESDAY)], NOON)
    repeated, second = outbox.unsent("sns", NOON + timedelta(minutes=1))
    assert repeated == digest
    assert second.counts == {("fraud", TUESDAY): 1}
    outbox.mark_sent(digest.digest_id, "sns", NOON)
    assert outbox.unsent("sns", NOON) == [second]


def test_each_channel_gets_each_digest(outbox: AlertOutbox) -> None:
    outbox.add([KeyAlert("B1", "high_risk", MONDAY)], NOON)
    (digest,) = outbox.unsent("sns", NOON)
    outbox.mark_sent(digest.digest_id, "sns", NOON)
    assert outbox.unsent("sns", NOON) == []
    assert outbox.unsent("mail", NOON) == [digest]


def test_without_an_alert_there_is_no_digest(outbox: AlertOutbox) -> None:
    assert outbox.add([], NOON) == 0
    assert outbox.unsent("sns", NOON) == []


def test_writers_in_several_threads_lose_no_alert(outbox: AlertOutbox) -> None:
    def add(writer: int) -> None:
        for number in range(20):
            outbox.add([KeyAlert(f"{writer}-{number}", "high_risk", MONDAY), KeyAlert("B1", "fraud", MONDAY)], NOON)

    threads = [threading.Thread(target=add, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (digest,) = outbox.unsent("sns", NOON)
    assert digest.counts == {("high_risk", MONDAY): 80, ("fraud", MONDAY): 1}
