"""What customers heard of our offers, in the runs that follow: suppression, firm offers, the manifest, and replay."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from refi_assets.store.protocol import EventKind
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.offers.attempts import NEXT_WEEK, copied_attempt
from tests.offers.test_offer_replay import state
from tests.support.offer_runs import CUSTOMERS, WEEK, OfferRuns
from tests.support.served_offers import PROGRAM

# In the second week. RECENT is in the lender's history.
EVENTS = {
    "RICH00": [EventKind.DISPLAYED],
    "RICH01": [EventKind.SENT],
    "RICH02": [EventKind.DISPLAYED],  # and withdrawn
    "RICH03": [EventKind.DISPLAYED, EventKind.ACCEPTED],
}
LOG = "raw/offer_log"


@dataclass
class Weeks:
    """Three runs of the week after the events: the second with nothing new, the third after another display."""

    runs: OfferRuns
    store: Path
    before: Mapping[str, str]  # the offer of each customer before these runs
    printed: list[dict[str, Any]] = field(default_factory=list)  # by each run
    log_files: list[dict[str, tuple[int, int]]] = field(default_factory=list)  # after each run

    def run(self, *options: object) -> None:
        self.printed.append(self.runs.refi("offers", "run", "--as-of", NEXT_WEEK, "--json", *options).json)
        self.log_files.append(state(self.runs.lake / LOG))

    def record(self, offer_id: str, kind: EventKind, day: str) -> None:
        with SqliteOfferStore(self.store, PROGRAM) as store:
            store.record_event(offer_id, kind, datetime.combine(date.fromisoformat(day), time(12), UTC))

    def run_id(self, number: int) -> str:
        return str(self.printed[number]["run_id"])

    def manifest(self, number: int) -> dict[str, Any]:
        return json_in(self.runs.lake / f"output/{PROGRAM}/{self.run_id(number)}.manifest.json")

    def relation(self, number: int, key: str) -> dict[str, Any]:
        return json_in(self.runs.lake / f"runs/{self.run_id(number)}/{key}.json")

    def suppressed(self, number: int) -> set[str]:
        """The customers whom the run stops because they were offered a loan lately."""
        file = self.runs.lake.parent / f"{number}.csv"
        self.runs.refi("offers", "export", "--run", self.run_id(number), "--judged", file)
        with file.open(newline="", encoding="utf-8") as stream:
            return {row["customer_id"] for row in csv.DictReader(stream) if "offered_within_days" in row["reasons"]}


def json_in(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def live(store_root: Path, day: str) -> dict[str, str]:
    """The live offer of each customer who has one."""
    with SqliteOfferStore(store_root, PROGRAM) as store:
        offers = [offer for name in CUSTOMERS for offer in store.offers_of(name, date.fromisoformat(day))]
        return {offer.customer_id: offer.offer_id for offer in offers}


@pytest.fixture(scope="module")
def weeks(offer_runs, tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    attempt = copied_attempt(offer_runs, tmp_path_factory.mktemp("weeks"))
    weeks = Weeks(attempt.runs, attempt.store, live(attempt.store, WEEK))
    for customer_id, kinds in EVENTS.items():
        for kind in kinds:
            weeks.record(weeks.before[customer_id], kind, WEEK)
    weeks.runs.refi("offers", "withdraw", "RICH02", "--reason", "error in the price", "--as-of", WEEK)
    weeks.run("--source", attempt.files)
    weeks.run()
    weeks.record(live(weeks.store, NEXT_WEEK)["RICH04"], EventKind.DISPLAYED, NEXT_WEEK)
    weeks.run()
    return weeks


def test_customers_who_heard_of_an_offer_get_no_new_one(weeks):
    assert weeks.suppressed(0) == {*EVENTS, "RECENT"}
    stopped = weeks.printed[0]["counts"]["stopped"]["eligibility"]
    assert stopped == {"alone": 5, "in_sequence": 5, "reasons": {"offered_within_days": 5}}
    assert weeks.printed[0]["counts"]["sources"]["offer_log"]["accepted"] == 4
    assert not [warning for warning in weeks.printed[0]["warnings"] if "offer_log" in warning]


def test_a_live_firm_offer_stays_and_nobody_has_two(weeks):
    offers = live(weeks.store, NEXT_WEEK)
    offered = sum(weeks.manifest(2)["counts"]["offers"].values())
    firm = {name: weeks.before[name] for name in ("RICH00", "RICH01", "RICH03")}
    assert {name: offers.get(name) for name in firm} == firm
    assert "RICH02" not in offers
    assert len(offers) == offered + len({*firm, "RICH04"})
    stored = weeks.relation(2, f"{PROGRAM}/stored")["details"]
    assert (stored["new_offers"], stored["carried_offers"]) == (offered, len({*firm, "RICH04"}))


def test_the_manifest_names_the_files_of_the_log(weeks):
    inputs = [[file for file in weeks.manifest(place)["inputs"] if file["source"] == "offer_log"] for place in (0, 2)]
    assert [sorted(file["rows"] for file in files) for files in inputs] == [[4], [1, 4]]
    assert {file["load_date"] for files in inputs for file in files} == {NEXT_WEEK}


def test_an_unchanged_log_costs_nothing(weeks):
    assert weeks.log_files[1] == weeks.log_files[0]
    for key in ("staging/offer_log", f"{PROGRAM}/customers", f"{PROGRAM}/judged"):
        assert weeks.relation(1, key)["made_by"] == weeks.run_id(0)


def test_a_later_run_of_the_same_day_sees_what_has_happened_since(weeks):
    assert weeks.suppressed(2) == {*EVENTS, "RECENT", "RICH04"}


def test_a_replay_reads_the_version_of_its_manifest_and_never_the_live_store(weeks):
    """The live store cannot even be read."""
    events = weeks.store / PROGRAM / "events.sqlite"
    content = events.read_bytes()
    events.write_bytes(b"not a database" * 1_000)
    before = state(weeks.runs.lake, weeks.store)
    done = weeks.runs.refi("offers", "replay", weeks.run_id(0), "--json")
    assert done.json["same"] is True
    assert state(weeks.runs.lake, weeks.store) == before
    events.write_bytes(content)


def test_explain_says_that_the_customer_still_has_an_offer(weeks):
    done = weeks.runs.refi("offers", "explain", "RICH00")
    text = " ".join(done.stdout.split())
    assert f"RICH00 has no offer as of {NEXT_WEEK}" in text
    assert "eligibility says offered_within_days first" in text
    assert (
        "RICH00 still has an offer of an earlier run: 50,000.00 USD in tier excellent, until 2026-05-31 (offer "
        f"{weeks.before['RICH00']})."
    ) in text
    answer = weeks.runs.refi("offers", "explain", "RICH00", "--json").json
    assert [offer["offer_id"] for offer in answer["kept_offers"]] == [weeks.before["RICH00"]]
    for withdrawn_or_offered in ("RICH02", "RICH05"):
        assert weeks.runs.refi("offers", "explain", withdrawn_or_offered, "--json").json["kept_offers"] == []


def test_the_lender_cannot_deliver_the_log(weeks, tmp_path):
    (tmp_path / "offer_log.csv").write_text("customer_id,program_id,offered_on\n", "utf-8")
    (tmp_path / "offer_history.csv").write_text("customer_id,program_id,offered_on\n", "utf-8")
    before = state(weeks.runs.lake / "raw")
    done = weeks.runs.refi("offers", "ingest", "--source", tmp_path, "--as-of", NEXT_WEEK, "--replace", check=1)
    message = " ".join(done.stderr.split())
    assert "offer_log.csv is never delivered: the platform writes it. Change or remove it" in message
    assert state(weeks.runs.lake / "raw") == before
    (tmp_path / "offer_history.csv").unlink()
    done = weeks.runs.refi("offers", "ingest", "--source", tmp_path, "--as-of", NEXT_WEEK, "--ignore-others", check=1)
    assert "no source file; found: offer_log.csv; expected" in " ".join(done.stderr.split())
