"""The files that `make bench-serving` serves: a lake, a registry, a store with an offer of every customer, and API keys.

They are made by our own commands once a week, and copied for each session, which changes them.
"""

import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bench.measure import command, empty_folder, measure_process, python
from bench.offers import Lender, run_ours
from bench.served_offers import PROGRAM, current_week

KEYS = 10
_TOKEN = re.compile(r"refi_[0-9a-f]+_[0-9a-f]+")


@dataclass(frozen=True)
class Deployment:
    """The files that are served. `new` has them as they were before the first request; they are made once a week."""

    folder: Path
    customers: int
    as_of: date

    @property
    def lender(self) -> Lender:
        """Generated customers, and two champions."""
        return Lender(self.folder, str(self.as_of))

    @property
    def next_week(self) -> Lender:
        """The customers of a week later."""
        return Lender(self.folder / "next", str(self.as_of + timedelta(days=7)))

    @property
    def new(self) -> Path:
        return self.folder / "new"

    @property
    def used(self) -> Path:
        """A copy of `new`: lake, store, and the tutorial's database."""
        return self.folder / "used"

    @property
    def store(self) -> Path:
        return self.used / "store"

    @property
    def real_week(self) -> Path:
        """The file of a week as `refi offers run` stored it."""
        return current_week(self.new / "real")[0]

    @property
    def variables(self) -> dict[str, str]:
        """The settings of our commands."""
        return self.lender.variables(self.used)

    def prepare(self) -> None:
        """Make what is missing, and copy it."""
        self.lender.train()
        self.next_week.source(self.customers)
        if not self.new.is_dir():
            unfinished = empty_folder(self.folder / "unfinished")
            run_ours(self.lender, self.customers, unfinished)
            (unfinished / "store").rename(unfinished / "real")
            real, _ = current_week(unfinished / "real")
            measure_process(self.load(real, unfinished / "store", "bench-1", self.as_of), unfinished)
            served, _ = current_week(unfinished / "store")
            fill = python("-m", "bench.tutorial_api", served)
            measure_process(fill, unfinished, variables={"TUTORIAL_DB": str(unfinished / "tutorial.sqlite")})
            unfinished.rename(self.new)
        shutil.rmtree(self.used, ignore_errors=True)
        shutil.copytree(self.new, self.used)
        os.sync()

    def load(self, real: Path, store: Path, run_id: str, as_of: date) -> list[str | Path]:
        """The command that loads an offer of every customer."""
        return python("-m", "bench.served_offers", real, store, run_id, str(as_of), str(self.customers))

    def offers(self) -> list[tuple[str, str]]:
        """offer_id and customer_id of all served offers."""
        with closing(sqlite3.connect(current_week(self.store)[0])) as week:
            return week.execute("SELECT offer_id, customer_id FROM offer ORDER BY offer_id").fetchall()

    def lasting_offers(self) -> set[str]:
        """Firm offers that outlive their week: those of customers who have not opted out."""
        with closing(sqlite3.connect(self.real_week)) as week:
            opted_out = {customer_id for (customer_id,) in week.execute("SELECT customer_id FROM opted_out")}
        with closing(sqlite3.connect(f"file:{self.store / PROGRAM}/events.sqlite?mode=ro", uri=True)) as events:
            firm = events.execute("SELECT offer_id, customer_id FROM firm").fetchall()
        return {offer_id for offer_id, customer_id in firm if customer_id not in opted_out}

    def events(self) -> int:
        """The number of recorded events."""
        with closing(sqlite3.connect(f"file:{self.store / PROGRAM}/events.sqlite?mode=ro", uri=True)) as events:
            return int(events.execute("SELECT count(*) FROM event").fetchone()[0])

    def keys(self) -> list[str]:
        """The tokens of new API keys that may read, record events, and do so at any rate."""
        create = command("refi", "keys", "create", "--scope", "read", "--scope", "events")
        create += ["--requests-per-second", "100000"]
        printed = (measure_process(create, self.used, variables=self.variables).stdout for _ in range(KEYS))
        return [re.findall(r"refi_[0-9a-f]+_[0-9a-f]+", text)[0] for text in printed]
