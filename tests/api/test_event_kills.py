"""`refi serve` killed while it records events: each that was answered is there, and repeats leave each exactly once."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from refi_assets.settings import lender_now
from refi_assets.store.key_file import Scope
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import offer, publish
from tests.support.api_process import ApiProcess, api_process
from tests.support.scored import new_authorization
from tests.support.served_offers import PROGRAM

OFFERS = 40
CLIENTS = 16

Answers = dict[int, bytes]  # by the request's number


class Load:
    """Requests without end: each offer is accepted first, and then displayed and clicked again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "lake" / "store"
        today = lender_now().date()
        with SqliteOfferStore(self.root, PROGRAM) as store:
            offers = [offer(f"a{n}", f"c{n}", expires_on=today + timedelta(days=30)) for n in range(OFFERS)]
            publish(store, "w1", offers, today)
        self.authorization = new_authorization(self.root, Scope.EVENTS)
        self.answers: Answers = {}
        self.sent = 0  # the number of requests that were sent at least once

    def run(self, server: ApiProcess, end: Callable[[], object], after: int) -> None:
        """Send new requests by many clients until the server is gone; it is ended after so many answers."""
        limit = len(self.answers) + after

        def take() -> int:
            self.sent += 1
            if len(self.answers) >= limit:
                end()
            return self.sent - 1

        asyncio.run(self._send(server, iter(take, None)))

    def repeat(self, server: ApiProcess) -> None:
        """Send all requests again; each that was answered must get the same answer, byte for byte."""
        answered, self.answers = self.answers, {}
        asyncio.run(self._send(server, iter(range(self.sent))))
        assert len(self.answers) == self.sent
        assert answered == {number: self.answers[number] for number in answered}

    def require(self, numbers: Iterable[int], *, at_most: int) -> None:
        """The events of these requests are recorded, and at most so many more; no offer was accepted twice."""
        with SqliteOfferStore(self.root, PROGRAM, read_only=True) as store:
            events = [event for n in range(OFFERS) for event in store.events_of(f"a{n}")]
        recorded = Counter((event.offer_id, event.kind.value) for event in events)
        expected = Counter(map(_event_of, numbers))
        assert not expected - recorded, "an event that was answered is lost"
        assert (recorded - expected).total() <= at_most
        assert all(count == 1 for (_, kind), count in recorded.items() if kind == "accepted")
        references = [event.application_id for event in events if event.kind == "accepted"]
        assert len(set(references)) == len(references)

    async def _send(self, server: ApiProcess, numbers: Iterable[int]) -> None:
        async def send_each() -> None:
            for number in numbers:
                try:
                    self.answers[number] = await self._answer(client, number)
                except httpx.TransportError:
                    return

        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            await asyncio.gather(*(send_each() for _ in range(CLIENTS)))

    async def _answer(self, client: httpx.AsyncClient, number: int) -> bytes:
        """The answer to a request, which is sent again as long as the server has too much to do."""
        offer_id, kind = _event_of(number)
        headers = {**self.authorization, "Idempotency-Key": f"key-{number}"}
        while True:
            answer = await client.post(f"/v1/offers/{offer_id}/events", json={"event": kind}, headers=headers)
            if answer.status_code != 503:
                assert answer.status_code == 201, answer.text
                return answer.content
            await asyncio.sleep(float(answer.headers["Retry-After"]))


def _event_of(number: int) -> tuple[str, str]:
    """The offer and the event of a request."""
    return f"a{number % OFFERS}", "accepted" if number < OFFERS else ("displayed", "clicked")[number // OFFERS % 2]


@pytest.mark.parametrize("kills", [1, pytest.param(15, marks=pytest.mark.long)])
def test_kills_lose_no_event_that_was_answered_and_repeats_double_none(tmp_path: Path, kills: int) -> None:
    load, moments = Load(tmp_path), random.Random(kills)
    settings = {"REFI_MLFLOW_URI": f"sqlite:///{tmp_path / 'none.db'}", "REFI_API_REQUESTS_PER_SECOND": "100000"}
    for _ in range(kills):
        with api_process(tmp_path, settings) as server:
            load.run(server, server.process.kill, after=moments.randrange(1, 400))
        load.require(load.answers, at_most=load.sent - len(load.answers))
    with api_process(tmp_path, settings) as server:
        load.repeat(server)
        load.require(range(load.sent), at_most=0)
        stopped_after = load.sent
        load.run(server, lambda: server.process.send_signal(signal.SIGTERM), after=50)
        assert server.process.wait(30) == 0
    assert load.sent > stopped_after
    load.require(load.answers, at_most=0)  # what a server that is told to stop has taken, it answers
