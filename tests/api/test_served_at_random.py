"""Weeks, events, withdrawals, opt-outs and a moving clock in any order: the API serves what is live, and nothing else.

The model is that of the store's own test; here everything is read by HTTP.
"""

from contextlib import ExitStack
from datetime import datetime

from fastapi import FastAPI
from hypothesis import Phase, settings
from hypothesis.stateful import initialize
from starlette.testclient import TestClient

from refi_assets.api.authorization import Authorizer
from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import Customers
from refi_assets.api.middleware import RequestMiddleware
from refi_assets.api.offer_routes import offers_router
from refi_assets.api.problems import answer_errors_as_problems
from refi_assets.api.prometheus import ApiMetrics
from refi_assets.api.served_offers import ServedOffers
from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import FolderStore
from refi_assets.ml.registry import open_registry
from refi_assets.offers.programs import programs
from refi_assets.store.key_file import KEY_FILE
from tests.store.offers import noon
from tests.store.test_store_at_random import StoreMachine
from tests.support.scored import new_authorization
from tests.support.served_offers import PROGRAM


class ServedMachine(StoreMachine):
    """Does to the store what the other machine does, and reads by the routes of an app that runs all the time."""

    program = PROGRAM

    @initialize()
    def begin(self) -> None:
        super().begin()
        program = programs()[PROGRAM]
        self.offers = ServedOffers(self.folder, [program], self.clock, 1)
        app = FastAPI()
        nothing = (
            Champions(open_registry, ("none",)),
            Customers(lambda: open_duckdb(FolderStore(str(self.folder)))),
        )  # which nobody polls
        app.add_middleware(RequestMiddleware, metrics=ApiMetrics(*nothing, self.offers))
        answer_errors_as_problems(app)
        app.include_router(offers_router(self.offers, Authorizer(self.folder / KEY_FILE, self.clock, 100_000)))
        self.stack = ExitStack()
        self.client = self.stack.enter_context(TestClient(app, headers=new_authorization(self.folder)))

    def teardown(self) -> None:
        self.stack.close()
        super().teardown()

    def clock(self) -> datetime:
        return noon(self.days)

    def offers_of(self, customer_id: str) -> list[str]:
        answer = self.client.get(f"/v1/customers/{customer_id}/offers")
        assert answer.status_code == 200
        return [offer["offer_id"] for offer in answer.json()["offers"]]

    def has_offer(self, offer_id: str) -> bool:
        status = self.client.get(f"/v1/offers/{offer_id}").status_code
        assert status in (200, 404)
        return status == 200

    def pages(self, tier: str) -> list[str]:
        ids, cursor = [], None
        while True:
            query = {"creditTier": tier, "limit": "1"} | ({"cursor": cursor} if cursor else {})
            page = self.client.get(f"/v1/programs/{PROGRAM.replace('_', '-')}/candidates", params=query).json()
            ids += [offer["offer_id"] for offer in page["candidates"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return [f'{{"offer_id": "{offer_id}"}}' for offer_id in ids]


TestServedAtRandom = ServedMachine.TestCase
TestServedAtRandom.settings = settings(
    max_examples=25, stateful_step_count=20, phases=[Phase.generate], deadline=None, derandomize=True
)
