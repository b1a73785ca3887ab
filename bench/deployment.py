"""The files that `make bench-serving` serves, made by our own commands.

A lake, a registry with two champions, a store with an offer for every customer, and API keys.
"""

import os
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bench.loaded_offers import PROGRAM, current_week
from bench.measure import command, empty_folder, measure_process, python
from bench.offers import Lender, run_ours

KEYS = 10
WEEK, WEEKS = timedelta(days=7), 3
_TOKEN = re.compile(r"refi_[0-9a-f]+_[0-9a-f]+")


@dataclass(frozen=True)
class Deployment:
    """The files that are served, for so many customers as of a day."""

    folder: Path
    customers: int
    as_of: date

    @property
    def lender(self) -> Lender:
        """Generated customers, and two champions."""
        return Lender(self.folder, str(self.as_of))

    def week(self, number: int) -> Lender:
        """The customers so many weeks later."""
        return Lender(self.folder / f"week_{number}", str(self.as_of + number * WEEK))

    @property
    def used(self) -> Path:
        """The folder of lake, store and the tutorial's database."""
        return self.folder / "used"

    @property
    def store(self) -> Path:
        """The folder of the store that is served."""
        return self.used / "store"

    @property
    def variables(self) -> dict[str, str]:
        """The settings of our commands."""
        return self.lender.variables(self.used)

    def prepare(self) -> None:
        """Make everything; customers and models of an earlier session of this week are used again."""
        self.lender.train()
        for number in range(1, WEEKS):
            self.week(number).source(self.customers)
        run_ours(self.lender, self.customers, empty_folder(self.used))
        print(f"Storing an offer for each of {self.customers:,} customers", flush=True)
        self.store.rename(self.used / "real")
        measure_process(self.load_week(0), self.used)
        fill = python("-m", "bench.tutorial_api", current_week(self.store)[0])
        measure_process(fill, self.used, variables={"TUTORIAL_DB": str(self.used / "tutorial.sqlite")})
        os.sync()

    def load_week(self, number: int) -> list[str | Path]:
        """The command that loads an offer for every customer, so many weeks later, and makes them current."""
        real, _ = current_week(self.used / "real")
        as_of = self.week(number).as_of
        return python("-m", "bench.loaded_offers", real, self.store, f"bench-{number}", as_of, str(self.customers))

    def run_week(self, number: int) -> list[str | Path]:
        """The command that makes, publishes and stores the offers so many weeks later."""
        week = self.week(number)
        return command("refi", "offers", "run", "--as-of", week.as_of, "--source", week.source(self.customers))

    def offers(self) -> list[tuple[str, str]]:
        """offer_id and customer_id of all served offers."""
        with closing(sqlite3.connect(current_week(self.store)[0])) as week:
            return week.execute("SELECT offer_id, customer_id FROM offer ORDER BY offer_id").fetchall()

    def lasting_offers(self) -> set[str]:
        """Firm offers that outlive their week: those of customers who have not opted out."""
        with closing(sqlite3.connect(current_week(self.used / "real")[0])) as week:
            opted_out = {customer_id for (customer_id,) in week.execute("SELECT customer_id FROM opted_out")}
        with closing(sqlite3.connect(f"file:{self.store / PROGRAM}/events.sqlite?mode=ro", uri=True)) as events:
            firm = events.execute("SELECT offer_id, customer_id FROM firm").fetchall()
        return {offer_id for offer_id, customer_id in firm if customer_id not in opted_out}

    def recorded_events(self) -> int:
        """The number of recorded events."""
        with closing(sqlite3.connect(f"file:{self.store / PROGRAM}/events.sqlite?mode=ro", uri=True)) as events:
            return int(events.execute("SELECT count(*) FROM event").fetchone()[0])

    def keys(self) -> list[str]:
        """The tokens of new API keys that may read, record events, and do so at any rate."""
        create = command("refi", "keys", "create", "--scope", "read", "--scope", "events")
        create += ["--requests-per-second", "100000"]
        printed = (measure_process(create, self.used, variables=self.variables).stdout for _ in range(KEYS))
        return [re.findall(r"refi_[0-9a-f]+_[0-9a-f]+", text)[0] for text in printed]
