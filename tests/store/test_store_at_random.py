"""Weeks, events, withdrawals, opt-outs and a moving clock in any order, beside a model in plain Python.

The model has no files and no carrying: it is the rules of protocol.py, on sets of offers.
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from refi_assets.store.protocol import EventKind, Standing, StoredOffer
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import day, noon, offer

MEMORY = Path("/dev/shm")  # hundreds of loads would wait for the disk

CUSTOMERS = {"c0": "p0", "c1": "p0", "c2": "p1"}
RECORDS = {person: sorted(c for c, p in CUSTOMERS.items() if p == person) for person in CUSTOMERS.values()}

# What a person may get in a week: one of its records, the days until it expires, the tier and the score.
OFFERED = st.tuples(st.integers(0, 1), st.integers(2, 20), st.sampled_from(["good", "fair"]), st.integers(1, 3))
WEEKS = st.fixed_dictionaries(dict.fromkeys(RECORDS, OFFERED))
OPTED_OUT = st.sampled_from([*[frozenset[str]()] * 3, *(frozenset({person}) for person in RECORDS)])


@dataclass
class Loaded:
    """A week that is loaded and not yet current."""

    run_id: str
    as_of: date
    offers: dict[str, StoredOffer]
    opted_out: list[str]
    promised: set[str]  # the persons with a firm offer at the load


@dataclass
class Model:
    """The offers by id, and what is true of them."""

    offers: dict[str, StoredOffer] = field(default_factory=dict)  # all that were ever in a current week
    shown: set[str] = field(default_factory=set)  # in the current week, and not superseded
    firm: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    opted_out: list[str] = field(default_factory=list)

    def promises(self, today: date) -> dict[str, str]:
        """The firm offer of each person who has one."""
        return {
            self.offers[offer_id].person_id: offer_id
            for offer_id in self.firm - self.ended
            if self.offers[offer_id].expires_on >= today
        }

    def live(self, today: date) -> set[str]:
        """The ids of the offers that may be read."""
        return {offer_id for offer_id in self.shown - self.ended if self.offers[offer_id].expires_on >= today}

    def move(self, week: Loaded) -> None:
        """Make a week current."""
        promises = self.promises(week.as_of)
        self.ended |= {
            offer_id for offer_id in promises.values() if self.offers[offer_id].customer_id in week.opted_out
        }
        promises = self.promises(week.as_of)
        lost = week.promised | promises.keys()
        new = {offer_id: one for offer_id, one in week.offers.items() if one.person_id not in lost}
        self.offers |= new
        self.shown = new.keys() | set(promises.values())
        self.opted_out = week.opted_out

    def record(self, offer_id: str, kind: EventKind, today: date) -> Standing:
        """Record an event of an offer of any week."""
        happened = self.offers[offer_id]
        if offer_id in self.ended:
            return Standing.ENDED
        if happened.expires_on < today:
            return Standing.EXPIRED
        if offer_id not in self.shown:
            is_promised = happened.person_id in self.promises(today)
            if kind is EventKind.SENT or is_promised or happened.customer_id in self.opted_out:
                return Standing.SUPERSEDED
            self.shown -= {newer for newer in self.shown if self.offers[newer].person_id == happened.person_id}
            self.shown.add(offer_id)
        self.firm.add(offer_id)
        return Standing.LIVE


class StoreMachine(RuleBasedStateMachine):
    """Does the same to a store and to the model."""

    program = "cards"
    tiers = ("good", "fair")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.store = SqliteOfferStore(self.folder, self.program)
        self.model = Model()
        self.loaded: Loaded | None = None
        self.days = self.runs = 0

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @property
    def today(self) -> date:
        return day(self.days)

    @rule(offered=WEEKS, opted_out=OPTED_OUT)
    def load(self, offered: dict[str, tuple[int, int, str, int]], opted_out: frozenset[str]) -> None:
        self.runs += 1
        offers: dict[str, StoredOffer] = {}
        for person, (record, days, tier, score) in offered.items():
            if person not in opted_out:
                customer = RECORDS[person][record % len(RECORDS[person])]
                offer_id, last = f"w{self.runs}-{customer}", day(self.days + days)
                offers[offer_id] = offer(offer_id, customer, person_id=person, tier=tier, score=score, expires_on=last)
        customers = [customer for person in sorted(opted_out) for customer in RECORDS[person]]
        run_id, promised = f"w{self.runs}", set(self.model.promises(self.today))
        promised -= opted_out
        self.store.load(run_id, self.today, [list(offers.values())], opted_out=customers, persons=CUSTOMERS.items())
        self.loaded = Loaded(run_id, self.today, offers, customers, promised)

    @precondition(lambda self: self.loaded)
    @rule()
    def move(self) -> None:
        assert self.loaded is not None
        self.store.make_current(self.loaded.run_id)
        self.model.move(self.loaded)
        self.loaded = None

    @rule(offered=WEEKS, opted_out=OPTED_OUT, between=st.booleans(), data=st.data())
    def load_and_move(
        self,
        offered: dict[str, tuple[int, int, str, int]],
        opted_out: frozenset[str],
        between: bool,
        data: st.DataObject,
    ) -> None:
        self.load(offered, opted_out)
        if between and self.model.offers:
            self.record(data, [EventKind.DISPLAYED])
        self.move()

    @precondition(lambda self: self.model.offers)
    @rule(data=st.data(), kinds=st.lists(st.sampled_from(EventKind), min_size=1, max_size=3))
    def record(self, data: st.DataObject, kinds: list[EventKind]) -> None:
        newest_first = sorted(self.model.offers.values(), key=lambda one: one.expires_on, reverse=True)
        for kind in kinds:
            offer_id = data.draw(st.sampled_from([one.offer_id for one in newest_first[:6]]))
            standing = self.store.record_event(offer_id, kind, noon(self.days))
            if standing is Standing.UNKNOWN:  # the files of weeks without live offers are deleted
                assert self.model.offers[offer_id].expires_on < self.today
            else:
                assert standing is self.model.record(offer_id, kind, self.today)

    @precondition(lambda self: self.model.live(self.today))
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        offer_id = data.draw(st.sampled_from(sorted(self.model.live(self.today))))
        self.store.withdraw(offer_id, "a test", noon(self.days))
        self.model.ended.add(offer_id)

    @rule(days=st.integers(1, 6), open_again=st.booleans())
    def wait(self, days: int, open_again: bool) -> None:
        self.days += days
        if open_again:
            self.store.close()

    @precondition(lambda self: self.model.offers or self.store.current())
    @invariant()
    def what_is_read_is_what_is_live(self) -> None:
        live = self.model.live(self.today)
        persons = [self.model.offers[offer_id].person_id for offer_id in live]
        assert len(persons) == len(set(persons))
        assert set(self.model.promises(self.today).values()) <= live
        assert {offer_id for customer in CUSTOMERS for offer_id in self.offers_of(customer)} == live
        assert {offer_id for offer_id in self.model.offers if self.has_offer(offer_id)} == live
        assert self.store.count(self.today) == len(live)
        for tier in self.tiers:
            in_order = sorted(
                (-one.score, one.customer_id, one.body)
                for one in (self.model.offers[offer_id] for offer_id in live)
                if one.tier == tier
            )
            assert self.pages(tier) == [body for _, _, body in in_order]

    def offers_of(self, customer_id: str) -> list[str]:
        return [offer.offer_id for offer in self.store.offers_of(customer_id, self.today)]

    def has_offer(self, offer_id: str) -> bool:
        return self.store.get(offer_id, self.today) is not None

    def pages(self, tier: str) -> list[str]:
        bodies, after = self.store.page(tier, self.today, limit=1)
        while after is not None:
            page = self.store.page(tier, self.today, after=after, limit=1)
            bodies, after = bodies + page.bodies, page.after
        return bodies


TestStoreAtRandom = StoreMachine.TestCase
# Without shrinking, which takes minutes.
TestStoreAtRandom.settings = settings(max_examples=100, stateful_step_count=25, phases=[Phase.generate])
