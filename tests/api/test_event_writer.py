"""The writer of events under load, without its store, and when it is told to stop."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from refi_assets.api.event_writer import USUAL_LIMITS, EventWriter, TooManyEventsError
from refi_assets.errors import StoreError
from refi_assets.store.protocol import EventAnswer, EventKind, EventOutcome, EventRequest, Unanswered
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import noon, offer, publish
from tests.store.requests import request
from tests.support.event_app import BUSY_SECONDS, EventApp


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a store with two offers; the other program has none yet."""
    with SqliteOfferStore(tmp_path, "cards") as store:
        publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
    return tmp_path


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Another process writes to the store."""
    with closing(sqlite3.connect(root / "cards" / "events.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def outcome_of(writer: EventWriter, asked: EventRequest, program: str | None = None) -> EventOutcome:
    return await writer.submit(asked, program)


async def timed(writer: EventWriter, asked: EventRequest) -> tuple[EventOutcome, float]:
    """The outcome, and the seconds until it came."""
    started = time.monotonic()
    return await outcome_of(writer, asked), time.monotonic() - started


def recorded(root: Path, offer_id: str = "a") -> int:
    """The number of an offer's events."""
    with SqliteOfferStore(root, "cards", read_only=True) as store:
        return len(store.events_of(offer_id))


def test_requests_that_wait_are_one_transaction(root: Path) -> None:
    writer = EventApp(root).writer

    async def load() -> list[EventOutcome]:
        async with writer.running():
            requests = (request("a", key=str(number)) for number in range(150))
            return list(await asyncio.gather(*(outcome_of(writer, asked) for asked in requests)))

    answers = asyncio.run(load())
    assert answers == [EventAnswer(f"displayed after {min(n, 1)}: live", is_refusal=False) for n in range(150)]
    assert recorded(root) == 150
    assert sum(writer.metrics.group_sizes.counts) <= 3


def test_a_full_queue_turns_requests_away_and_answers_those_it_took(root: Path) -> None:
    writer = EventApp(root, USUAL_LIMITS._replace(most_waiting=5)).writer

    async def load() -> Counter[str]:
        async def attempt(number: int) -> str:
            try:
                outcome = await outcome_of(writer, request("a", key=str(number)))
            except TooManyEventsError:
                return "turned away"
            return type(outcome).__name__

        async with writer.running():
            with locked(root):
                asked = [asyncio.ensure_future(attempt(number)) for number in range(40)]
                await asyncio.sleep(0.1)
            return Counter(await asyncio.gather(*asked))

    counts = asyncio.run(load())
    assert set(counts) == {"turned away", "EventAnswer"}
    assert 5 <= counts["EventAnswer"] <= 6, "one more may be with the writer already"
    assert recorded(root) == counts["EventAnswer"]


def test_when_the_oldest_has_waited_too_long_requests_are_turned_away(root: Path) -> None:
    writer = EventApp(root, USUAL_LIMITS._replace(most_wait_seconds=0.1)).writer

    async def load() -> None:
        async with writer.running():
            with locked(root):
                with_the_writer = asyncio.ensure_future(outcome_of(writer, request("a", key="1")))
                await asyncio.sleep(0.05)
                waits = asyncio.ensure_future(outcome_of(writer, request("a", key="2")))
                await asyncio.sleep(0.15)
                with pytest.raises(TooManyEventsError, match="More events are waiting than can be recorded in time"):
                    await outcome_of(writer, request("a", key="3"))
            assert isinstance(await with_the_writer, EventAnswer)
            assert isinstance(await waits, EventAnswer)

    asyncio.run(load())
    assert recorded(root) == 2


def test_a_locked_store_is_answered_within_a_second_and_recovers(root: Path) -> None:
    writer = EventApp(root).writer

    async def load() -> None:
        async with writer.running():
            assert isinstance(await outcome_of(writer, request("a", key="0")), EventAnswer)
            with locked(root):
                attempts = [asyncio.ensure_future(timed(writer, request("a", key="1")))]
                for number in range(2, 12):
                    await asyncio.sleep(BUSY_SECONDS / 5)
                    attempts.append(asyncio.ensure_future(timed(writer, request("a", key=str(number)))))
                outcomes = await asyncio.gather(*attempts)
            assert {type(outcome) for outcome, _ in outcomes} == {StoreError}
            assert max(seconds for _, seconds in outcomes) < 1
            outcome, seconds = await timed(writer, request("a", key="1"))
            assert outcome == EventAnswer("displayed after 1: live", is_refusal=False)
            assert seconds < BUSY_SECONDS
        assert writer.contacts["card-offers"].error is None

    asyncio.run(load())
    assert recorded(root) == 2


@pytest.mark.parametrize("name", ["cards", "cards/events.sqlite"])
def test_a_store_that_goes_away_records_nothing_and_recovers(root: Path, name: str) -> None:
    writer = EventApp(root).writer

    async def load() -> None:
        async with writer.running():
            assert isinstance(await outcome_of(writer, request("a", key="0")), EventAnswer)
            away = root / "away"
            (root / name).rename(away)
            for asked in (request("a", key="1"), request("unknown")):
                outcome, seconds = await timed(writer, asked)
                assert isinstance(outcome, StoreError)
                assert seconds < 1
            assert not (root / name).exists()
            away.rename(root / name)
            assert isinstance(await outcome_of(writer, request("a", key="1")), EventAnswer)

    asyncio.run(load())
    assert recorded(root) == 2


def test_a_program_without_offers_does_not_hide_that_another_has_no_such_offer(root: Path) -> None:
    writer = EventApp(root).writer

    async def load() -> list[EventOutcome]:
        async with writer.running():
            programs = (None, "card-offers", "car-offers", "no-such-program")
            return [await outcome_of(writer, request("unknown"), program) for program in programs]

    *unknown, without_offers, of_no_program = asyncio.run(load())
    assert unknown == [Unanswered.UNKNOWN_OFFER, Unanswered.UNKNOWN_OFFER]
    assert isinstance(without_offers, StoreError), "they may be on a disk that is not mounted yet"
    assert of_no_program is Unanswered.UNKNOWN_OFFER


def test_without_any_offers_an_event_is_not_recorded_and_may_come_again(tmp_path: Path) -> None:
    """The folder may be on a disk that is not mounted yet."""
    writer = EventApp(tmp_path).writer

    async def load() -> None:
        async with writer.running():
            assert isinstance(await outcome_of(writer, request("a")), StoreError)
            with SqliteOfferStore(tmp_path, "cards") as store:
                publish(store, "w1", [offer("a", "c1")])
            assert isinstance(await outcome_of(writer, request("a")), EventAnswer)

    asyncio.run(load())


def test_a_fault_of_our_own_is_the_outcome_of_its_request_only(root: Path) -> None:
    writer = EventApp(root).writer

    def fail(*_: object) -> EventAnswer:
        raise ZeroDivisionError

    async def load() -> list[EventOutcome]:
        async with writer.running():
            requests = (request("a")._replace(decide=fail), request("b"))
            return list(await asyncio.gather(*(outcome_of(writer, asked) for asked in requests)))

    failed, answered = asyncio.run(load())
    assert isinstance(failed, ZeroDivisionError)
    assert isinstance(answered, EventAnswer)


def test_what_was_taken_is_answered_before_the_end_and_nothing_is_taken_after(root: Path) -> None:
    writer = EventApp(root).writer

    async def load() -> list[EventOutcome]:
        async with writer.running():
            requests = [request("a", EventKind.CLICKED, key=str(number)) for number in range(450)]
            futures = [writer.submit(asked, None) for asked in requests]
        with pytest.raises(TooManyEventsError, match="The server is stopping"):
            await outcome_of(writer, request("b"))
        await asyncio.sleep(0)
        return [future.result() for future in futures]

    assert all(isinstance(outcome, EventAnswer) for outcome in asyncio.run(load()))
    assert not (root / "cards" / "events.sqlite-wal").exists(), "it was closed whole"
    assert recorded(root) == 450
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"event writer", "event checkpointer"}


def test_the_log_does_not_grow_without_limit_under_constant_load(root: Path) -> None:
    """Without checkpoints it would have 2,588 pages, and with those of the checkpointer alone 2,252."""
    limits = USUAL_LIMITS._replace(checkpoint_seconds=0.02, most_log_pages=100, most_in_group=1)
    writer, log = EventApp(root, limits).writer, root / "cards" / "events.sqlite-wal"

    async def load() -> int:
        async with writer.running():
            waiting: set[asyncio.Future[EventOutcome]] = set()
            for number in range(400):
                waiting.add(writer.submit(request("a", key=str(number)), None))
                if len(waiting) >= 4:  # the writer always has something to do
                    _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.gather(*waiting)
            return log.stat().st_size // 4_096

    assert asyncio.run(load()) < 1_000


@pytest.fixture
def on_a_small_disk(tmp_path: Path) -> Any:
    """Run a script with a store on a disk of 2 MB, in a namespace of its own; returns what it prints as JSON."""
    mount = ["unshare", "--user", "--map-root-user", "--mount"]
    allowed = subprocess.run([*mount, "true"], capture_output=True, check=False)
    if allowed.returncode != 0:
        pytest.skip(f"mounting a small disk is not allowed here: {allowed.stderr.decode().strip()}")

    def run(script: str) -> Any:
        whole = PRELUDE + script + "\nprint(json.dumps(asyncio.run(load())))"
        done = subprocess.run(
            [*mount, sys.executable, "-c", whole, tmp_path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


PRELUDE = """
import asyncio, json, os, pathlib, subprocess, sys
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import offer, publish
from tests.store.requests import request
from tests.support.event_app import EventApp
disk = pathlib.Path(sys.argv[1])
def mount(*options):
    subprocess.run(["mount", "-o", *options, disk], check=True)
mount("size=2m", "-t", "tmpfs", "tmpfs")
store = SqliteOfferStore(disk, "cards")
publish(store, "w1", [offer("a", "c1")])
store.close()
writer = EventApp(disk).writer
async def attempt(key):
    return type(await writer.submit(request("a", key=str(key)), None)).__name__
def recorded():
    with SqliteOfferStore(disk, "cards") as reader:
        return len(reader.events_of("a"))
"""


def test_a_full_disk_records_nothing_and_the_writer_recovers(on_a_small_disk: Any) -> None:
    answered, refused, after, events = on_a_small_disk("""
async def load():
    async with writer.running():
        answered = await attempt("first")
        (disk / "ballast").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
        refused = [outcome for key in range(300) if (outcome := await attempt(key)) != "EventAnswer"]
        recorded_then = 1 + 300 - len(refused)
        (disk / "ballast").unlink()
        after = await attempt("last")
    return answered, refused[0], after, recorded() - recorded_then
""")
    assert (answered, refused, after, events) == ("EventAnswer", "StoreError", "EventAnswer", 1)


def test_a_read_only_disk_records_nothing_and_the_writer_recovers(on_a_small_disk: Any) -> None:
    """A connection that was opened then stays read-only, so it is opened again."""
    outcomes, events = on_a_small_disk("""
async def load():
    async with writer.running():
        outcomes = []
        await asyncio.sleep(0.1)
        for key, options in enumerate([["remount,ro"], ["remount,rw"]]):
            mount(*options)
            outcomes += [await attempt(key), await attempt(f"{key} again")]
    return outcomes, recorded()
""")
    assert (outcomes, events) == (["StoreError"] * 2 + ["EventAnswer"] * 2, 2)


def test_the_time_of_an_event_is_that_of_its_transaction(root: Path) -> None:
    app = EventApp(root)

    async def load() -> None:
        async with app.writer.running():
            for number in (1, 3):
                app.now = noon(number)
                await outcome_of(app.writer, request("a", key=str(number)))

    asyncio.run(load())
    with SqliteOfferStore(root, "cards", read_only=True) as store:
        assert [event.at for event in store.events_of("a")] == [noon(1), noon(3)]
