"""Requests with keys: answered in groups, each once; its answer is kept, and it does not hurt the others."""

import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from refi_assets.errors import StoreError
from refi_assets.store.protocol import EventAnswer, EventKind, OfferEvent, Standing, Unanswered
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import day, live_ids, noon, offer, publish
from tests.store.requests import request

KEPT_DAYS = 30

# events.sqlite as the first version of the store made it.
FIRST_TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    offer_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('sent', 'displayed', 'clicked', 'accepted', 'declined', 'applied', 'approved',
    'funded')),
    at TEXT NOT NULL,
    key TEXT UNIQUE
) STRICT;
CREATE INDEX event_by_offer ON event (offer_id);
CREATE TABLE firm (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    offer_id TEXT NOT NULL UNIQUE,
    customer_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    tier TEXT NOT NULL,
    minus_score INTEGER NOT NULL,
    amount_cents INTEGER NOT NULL,
    expires_on TEXT NOT NULL,
    body TEXT NOT NULL,
    late_in TEXT
) STRICT;
CREATE INDEX firm_by_customer ON firm (customer_id);
CREATE INDEX firm_by_person ON firm (person_id);
CREATE INDEX late_by_page ON firm (late_in, tier, minus_score, customer_id) WHERE late_in IS NOT NULL;
CREATE TABLE ended (offer_id TEXT PRIMARY KEY, reason TEXT NOT NULL, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE superseded (
    run_id TEXT NOT NULL, offer_id TEXT NOT NULL, PRIMARY KEY (run_id, offer_id)
) STRICT, WITHOUT ROWID;
INSERT INTO event (offer_id, customer_id, kind, at, key) VALUES
    ('a', 'c1', 'sent', '2026-02-20T12:00:00+00:00', 'k'), ('a', 'c1', 'clicked', '2026-02-20T12:00:00+00:00', NULL);
INSERT INTO ended VALUES ('b', 'withdrawn', '2026-02-20T12:00:00+00:00');
"""


@pytest.fixture
def served(store) -> SqliteOfferStore:
    """A store with a week of three offers, of which the last expires early."""
    publish(store, "w1", [offer("a", "c1"), offer("b", "c2"), offer("late", "c3", expires_on=day(2))])
    return store


def kinds(store: SqliteOfferStore, offer_id: str) -> list[EventKind]:
    return [event.kind for event in store.events_of(offer_id)]


def test_a_group_is_answered_in_its_order(served):
    first, second, third = (
        request("a", EventKind.SENT, "1"),
        request("b", EventKind.SENT, "2"),
        request("a", EventKind.CLICKED, "3"),
    )
    assert served.record_events([first, second, third], noon(0), KEPT_DAYS) == [
        EventAnswer("sent after 0: live", is_refusal=False),
        EventAnswer("sent after 0: live", is_refusal=False),
        EventAnswer("clicked after 1: live", is_refusal=False),
    ]
    assert (kinds(served, "a"), kinds(served, "b")) == (["sent", "clicked"], ["sent"])


def test_a_repeat_gets_the_first_answer_whether_in_the_same_group_or_later(served):
    repeated = EventAnswer("displayed after 0: live", is_refusal=False, is_repeat=True)
    outcomes = served.record_events([request("a"), request("a")], noon(0), KEPT_DAYS)
    assert outcomes == [repeated._replace(is_repeat=False), repeated]
    served.close()
    assert served.record_events([request("a")], noon(5), KEPT_DAYS) == [repeated]
    assert kinds(served, "a") == ["displayed"]


def test_a_key_belongs_to_a_client_and_an_offer(served):
    requests = [request("a"), request("a", client="other"), request("b")]
    assert served.record_events(requests, noon(0), KEPT_DAYS) == [
        EventAnswer("displayed after 0: live", is_refusal=False),
        EventAnswer("displayed after 1: live", is_refusal=False),
        EventAnswer("displayed after 0: live", is_refusal=False),
    ]


def test_a_key_with_another_content_is_reused_and_records_nothing(served):
    requests = [request("a"), request("a", EventKind.CLICKED)]
    assert served.record_events(requests, noon(0), KEPT_DAYS)[1] is Unanswered.KEY_REUSED
    assert kinds(served, "a") == ["displayed"]


def test_of_a_refused_event_only_the_answer_is_kept(served):
    refused = request("a", is_refusal=True)
    assert served.record_events([refused], noon(0), KEPT_DAYS) == [EventAnswer("displayed after 0: live", True)]
    assert kinds(served, "a") == []
    publish(served, "w2", [offer("new", "c1")], day(7))
    assert live_ids(served, "c1", day(7)) == ["new"], "it is not firm either"
    allowed = refused._replace(decide=request("a").decide)
    assert served.record_events([allowed], noon(8), KEPT_DAYS) == [
        EventAnswer("displayed after 0: live", is_refusal=True, is_repeat=True)
    ]
    assert kinds(served, "a") == []


def test_a_refused_event_does_not_bring_a_superseded_offer_back(served):
    publish(served, "w2", [offer("new", "c1")], day(7))
    (answer,) = served.record_events([request("a", is_refusal=True)], noon(8), KEPT_DAYS)
    assert answer == EventAnswer("displayed after 0: live", is_refusal=True)
    assert live_ids(served, "c1", day(8)) == ["new"]
    served.record_events([request("a", key="k2")], noon(8), KEPT_DAYS)
    assert live_ids(served, "c1", day(8)) == ["a"]


def test_a_request_that_fails_does_not_hurt_the_others(served):
    def fail(*_: object) -> EventAnswer:
        raise ZeroDivisionError

    taken = [request(name, EventKind.ACCEPTED, name, application_id="the same") for name in "ab"]
    requests = [request("b", EventKind.SENT)._replace(decide=fail), *taken, request("b", EventKind.CLICKED, "last")]
    failed, first, second, last = served.record_events(requests, noon(0), KEPT_DAYS)
    assert isinstance(failed, ZeroDivisionError)
    assert isinstance(second, StoreError)
    assert "UNIQUE constraint failed: event.application_id" in str(second)
    assert (first, last) == (EventAnswer("accepted after 0: live", False), EventAnswer("clicked after 0: live", False))
    assert (kinds(served, "a"), kinds(served, "b")) == (["accepted"], ["clicked"])


def test_an_unknown_offer_keeps_no_answer(served):
    assert served.record_events([request("d")], noon(0), KEPT_DAYS) == [Unanswered.UNKNOWN_OFFER]
    publish(served, "w2", [offer("d", "c1")], day(7))
    assert served.record_events([request("d")], noon(7), KEPT_DAYS) == [EventAnswer("displayed after 0: live", False)]


def test_the_reference_of_an_application_is_stored_with_its_event(served):
    served.record_events([request("a", EventKind.ACCEPTED, application_id="r1")], noon(0), KEPT_DAYS)
    assert served.events_of("a") == [OfferEvent("a", EventKind.ACCEPTED, noon(0), "r1")]


def test_an_answer_is_kept_to_30_days_after_the_last_day_of_the_offer(served):
    (answer,) = served.record_events([request("late")], noon(0), KEPT_DAYS)
    assert served.record_events([request("late")], noon(2 + 30), KEPT_DAYS) == [answer._replace(is_repeat=True)]
    assert served.record_events([request("late")], noon(2 + 31), KEPT_DAYS) == [
        EventAnswer("displayed after 1: expired", is_refusal=False)
    ]


def test_an_answer_about_an_offer_that_expired_long_ago_is_kept_as_many_days(served):
    served.record_events([request("late")], noon(0), KEPT_DAYS)
    for number in (7, 14, 21):
        publish(served, f"w{number}", [], day(number))
    (answer,) = served.record_events([request("late", key="k2")], noon(100), KEPT_DAYS)
    assert answer == EventAnswer("displayed after 1: expired", is_refusal=False)
    assert served.record_events([request("late", key="k2")], noon(130), KEPT_DAYS) == [answer._replace(is_repeat=True)]


def test_the_weekly_load_forgets_answers_whose_time_is_over(served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("refi_assets.store.event_file._FORGOTTEN_AT_ONCE", 2)
    served.record_events([request("late", key=str(number)) for number in range(5)], noon(0), KEPT_DAYS)
    served.record_events([request("a")], noon(0), KEPT_DAYS)

    def kept() -> list[str]:
        with closing(sqlite3.connect(served.folder / "events.sqlite")) as file:
            return [key for (key,) in file.execute("SELECT key FROM kept_answer ORDER BY key")]

    publish(served, "w2", [], day(2 + 30))
    publish(served, "w3", [], day(2 + 30))
    assert kept() == ["0", "1", "2", "3", "4", "k"]
    publish(served, "w4", [], day(2 + 31))
    publish(served, "w5", [], day(2 + 31))
    assert kept() == ["k"]


@pytest.fixture
def first_version(tmp_path: Path) -> Path:
    """The root of a store whose events.sqlite the first version made."""
    with SqliteOfferStore(tmp_path, "cards") as new:
        publish(new, "w1", [offer("a", "c1"), offer("b", "c2")])
        (new.folder / "events.sqlite").unlink()
        with closing(sqlite3.connect(new.folder / "events.sqlite", isolation_level=None)) as file:
            file.executescript(FIRST_TABLES)
    return tmp_path


def test_a_file_of_the_first_version_is_brought_up_to_date(first_version: Path):
    before = [OfferEvent("a", EventKind.SENT, noon(0)), OfferEvent("a", EventKind.CLICKED, noon(0))]
    with SqliteOfferStore(first_version, "cards", read_only=True) as reader:
        assert reader.events_of("a") == before
        with SqliteOfferStore(first_version, "cards") as old:
            assert old.record_event("b", EventKind.SENT, noon(0)) is Standing.ENDED
            requests = [request("a", EventKind.ACCEPTED, application_id="r1"), request("a", EventKind.ACCEPTED)]
            _, again = old.record_events(requests, noon(1), KEPT_DAYS)
        assert again == EventAnswer("accepted after 2: live", is_refusal=False, is_repeat=True)
        assert reader.events_of("a") == [*before, OfferEvent("a", EventKind.ACCEPTED, noon(1), "r1")]

    def tables(path: Path) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(path)) as file:
            columns = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c ORDER BY 1, c.cid"
            return file.execute(columns).fetchall()

    with SqliteOfferStore(first_version, "new") as new:
        publish(new, "w1", [])
    assert tables(first_version / "cards" / "events.sqlite") == tables(first_version / "new" / "events.sqlite")


def test_a_file_of_a_newer_version_is_refused(served):
    served.record_event("a", EventKind.SENT, noon(0))
    served.close()
    with closing(sqlite3.connect(served.folder / "events.sqlite", isolation_level=None)) as file:
        file.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"made by a newer version of refi\. Nothing was recorded"):
        served.record_event("a", EventKind.SENT, noon(0))


def test_a_lock_is_waited_for_once_until_the_file_is_free_again(served, tmp_path: Path):
    """A server whose store is locked for long answers at once that it is."""
    with (
        SqliteOfferStore(tmp_path, "cards", busy_seconds=0.3) as hasty,
        closing(sqlite3.connect(served.folder / "events.sqlite", isolation_level=None)) as other,
    ):
        hasty.record_event("a", EventKind.SENT, noon(0))
        waits = []
        for _ in range(2):
            other.execute("BEGIN IMMEDIATE")
            for _ in range(2):
                started = monotonic()
                with pytest.raises(StoreError, match="another process has locked it"):
                    hasty.record_events([request("a")], noon(0), KEPT_DAYS)
                waits.append(monotonic() - started)
            other.execute("ROLLBACK")
            hasty.record_events([request("a")], noon(0), KEPT_DAYS)
    assert [wait >= 0.3 for wait in waits] == [True, False, True, False]


def test_a_store_that_was_moved_away_under_the_writer_takes_nothing_until_it_is_back(served, tmp_path: Path):
    """The writer has the file open: what it wrote there would be lost with it."""
    served.record_events([request("a", key="1")], noon(0), KEPT_DAYS)
    for path in served.folder.glob("events.sqlite*"):
        path.rename(tmp_path / path.name)
    with pytest.raises(StoreError, match=r"events\.sqlite: it is missing or cannot be opened\. Nothing was recorded"):
        served.record_events([request("a", key="2")], noon(0), KEPT_DAYS)
    for path in tmp_path.glob("events.sqlite*"):
        path.rename(served.folder / path.name)
    served.record_events([request("a", key="2")], noon(0), KEPT_DAYS)
    assert kinds(served, "a") == ["displayed", "displayed"]


def test_a_store_that_is_checkpointed_elsewhere_leaves_it_to_that(served, tmp_path: Path):
    log = served.folder / "events.sqlite-wal"
    with SqliteOfferStore(tmp_path, "cards", is_checkpointed_elsewhere=True) as writer:
        for number in range(400):
            writer.record_events([request("a", key=str(number))], noon(0), KEPT_DAYS)
        pages = served.checkpoint()
        assert pages > 1_000, "at which SQLite would do it"
        writer.record_events([request("a", key="last")], noon(0), KEPT_DAYS)
        assert served.checkpoint() < 20, "the log began anew"
        assert log.stat().st_size > 1_000 * 4_096, "in the same file"
