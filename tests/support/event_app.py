"""An app with the route of events only, on stores in a folder, with keys and a clock that a test can move."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from fastapi import FastAPI

from refi_assets.api.authorization import Authorizer
from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import Customers
from refi_assets.api.event_writer import USUAL_LIMITS, EventWriter, WriterLimits
from refi_assets.api.events_route import events_router
from refi_assets.api.middleware import RequestMiddleware
from refi_assets.api.problems import answer_errors_as_problems
from refi_assets.api.prometheus import ApiMetrics
from refi_assets.api.served_offers import ServedOffers
from refi_assets.offers.event_rules import load_event_rules
from refi_assets.store.key_file import KEY_FILE, KeyFile, Scope
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import noon

PROGRAMS = {"card-offers": "cards", "car-offers": "cars"}  # programId -> key
BUSY_SECONDS = 0.5


@dataclass
class EventApp:
    """The app. `now` is what its clock shows."""

    root: Path
    limits: WriterLimits = USUAL_LIMITS
    now: datetime = field(default_factory=lambda: noon(0))
    programs: Mapping[str, str] = field(default_factory=lambda: PROGRAMS)

    def __post_init__(self) -> None:
        self.keys = KeyFile(self.root / KEY_FILE)
        stores = {
            program_id: partial(
                SqliteOfferStore, self.root, key, busy_seconds=BUSY_SECONDS, is_checkpointed_elsewhere=True
            )
            for program_id, key in self.programs.items()
        }
        self.writer = EventWriter(stores, load_event_rules(), self.clock, self.limits)
        champions, customers = Champions(_not_used), Customers(_not_used)

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            async with self.writer.running():
                yield

        self.app = FastAPI(lifespan=lifespan, generate_unique_id_function=lambda route: route.name)
        self.app.add_middleware(
            RequestMiddleware, metrics=ApiMetrics(champions, customers, ServedOffers(self.root, (), self.clock, 1))
        )
        answer_errors_as_problems(self.app)
        self.app.include_router(events_router(self.writer, Authorizer(self.keys.path, self.clock, 100_000)))

    def clock(self) -> datetime:
        """The lender's clock."""
        return self.now

    def token(self, program: str | None = None, scopes: frozenset[Scope] = frozenset({Scope.EVENTS})) -> str:
        """A new key's token."""
        return self.keys.create(scopes, program, None, None, self.now)


def _not_used() -> NoReturn:
    raise AssertionError("no model is served here")
