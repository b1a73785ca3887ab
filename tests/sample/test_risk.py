"""A generated portfolio: plain readings of its files confirm what truth.json counts."""

import base64
import csv
import json
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from refi_assets.errors import SettingError
from refi_assets.ingestion.source_folder import find_source_files
from refi_assets.sample.risk import generated_risk
from refi_assets.sample.risk_malformed import DEFECTS_OF_MESSAGES
from refi_assets.sample.risk_stream import stored_messages
from refi_assets.specs.contracts import contracts_of
from tests.support.commands import refi_here

AS_OF, DAYS, BORROWERS = date(2026, 3, 31), 20, 600
LATE, AHEAD = timedelta(hours=48), timedelta(minutes=5)
SOURCES = {"loan-events": "loan_event", "transactions": "account_transaction"}
FIELDS_OF_KIND = {
    "payment": ("payment_id", "due_on", "paid_on", "amount"),
    "balance": ("balance",),
    "limit": ("credit_line_id", "balance", "credit_limit"),
    "income": ("amount",),
    "statement": ("gross_monthly_income", "monthly_debt"),
    "transaction": ("amount",),
}
MONEY = ("amount", "balance", "credit_limit", "gross_monthly_income", "monthly_debt")
Row = dict[str, str]


@dataclass(frozen=True)
class Line:
    """A message as it is in a file."""

    number: int
    topic: str
    key: str | None
    received: datetime
    value: bytes | None

    def event(self) -> Any:
        """The message, if it keeps the rules of its topic; else None."""
        try:
            assert self.value is not None
            assert len(self.value) <= 65_536
            message = json.loads(self.value.decode(), object_pairs_hook=once, parse_constant=refuse)
            kinds = {"transaction"} if self.topic == "transactions" else FIELDS_OF_KIND.keys() - {"transaction"}
            assert message["kind"] in kinds
            assert all(name in message for name in FIELDS_OF_KIND[message["kind"]])
            assert all(re.fullmatch(r"[\w.:-]{1,64}", message[name]) for name in ("event_id", "borrower_id"))
            assert all(re.fullmatch(r"-?\d{1,16}(\.\d{1,2})?", message[name]) for name in MONEY if name in message)
            assert message["event_time"].endswith("Z")
            message["time"] = datetime.fromisoformat(message["event_time"])
            assert message["time"] <= self.received + AHEAD
            assert self.key == message["borrower_id"]
        except (AssertionError, KeyError, RecursionError, TypeError, ValueError):
            return None
        return message


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def refuse(word: str) -> None:
    raise ValueError(word)


def lines_of(folder: Path) -> list[Line]:
    lines = []
    for topic in SOURCES:
        for text in (folder / "messages" / f"{topic}.jsonl").read_text().splitlines():
            line = json.loads(text)
            value = line["value"].encode() if line["value"] is not None else line["value_base64"]
            received = datetime.fromisoformat("1970-01-01T00:00:00Z") + timedelta(milliseconds=line["timestamp"])
            value = base64.b64decode(value) if isinstance(value, str) else value
            lines.append(Line(line["number"], topic, line["key"], received, value))
    return sorted(lines, key=lambda line: line.number)


def rows_of(folder: Path, source: str) -> Iterator[Row]:
    for path in sorted((folder / source).glob("*.csv")) if (folder / source).is_dir() else [folder / f"{source}.csv"]:
        with path.open(newline="") as file:
            yield from csv.DictReader(file)


def key_of(row: Row) -> tuple[str, str]:
    return row["borrower_id"], row["event_id"]


def times_of(row: Row) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(row["event_time"]), datetime.fromisoformat(row["received_at"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("risk")
    with generated_risk(BORROWERS, 5, folder, as_of=AS_OF, days=DAYS, months=16):
        return folder


@pytest.fixture(scope="module")
def truth(folder: Path) -> Any:
    return json.loads((folder / "truth.json").read_text())


@pytest.fixture(scope="module")
def lines(folder: Path) -> list[Line]:
    return lines_of(folder)


def test_a_plain_reading_of_the_messages_counts_what_the_truth_counts(lines, truth):
    for topic in SOURCES:
        seen = set()
        outcomes, kinds = Counter[str](), Counter[str]()
        for line in lines:
            if line.topic != topic:
                continue
            event = line.event()
            outcomes["messages"] += 1
            if event is None:
                outcomes["dead_letters"] += 1
            elif key_of(event) in seen:
                outcomes["duplicates"] += 1
            else:
                seen.add(key_of(event))
                kinds[event["kind"]] += 1
                outcomes["too_late" if line.received - event["time"] > LATE else "accepted"] += 1
        expected = truth["stream"][topic]
        assert all(outcomes.values())
        assert outcomes == {name: expected[name] for name in outcomes}
        assert kinds == expected["events_by_kind"]
        assert sum(expected["dead_letters_by_reason"].values()) == outcomes["dead_letters"]


def test_there_are_messages_of_every_defect(truth):
    defects = [truth["stream"][topic]["dead_letters_by_defect"].keys() for topic in SOURCES]
    assert set().union(*defects) == DEFECTS_OF_MESSAGES.keys()


def test_messages_are_in_the_order_in_which_they_are_received_after_the_as_of_day(lines):
    assert [line.number for line in lines] == list(range(len(lines)))
    assert all(earlier.received <= later.received for earlier, later in pairwise(lines))
    assert lines[0].received.date() == AS_OF + timedelta(days=1)
    assert lines[-1].received.date() == AS_OF + timedelta(days=DAYS)


def test_stored_messages_are_read_in_their_order_with_their_bytes(folder, lines):
    stored = list(stored_messages(folder / "messages"))
    assert [(topic, key) for topic, key, _, _ in stored] == [(line.topic, line.key) for line in lines]
    values = [value.encode() if isinstance(value, str) else value for _, _, value, _ in stored]
    assert values == [line.value for line in lines]


def test_copies_come_later_and_some_have_other_bytes(lines, truth):
    first: dict[tuple[str, str, str], Line] = {}
    altered = Counter[bool]()
    for line in lines:
        event = line.event()
        if event is None:
            continue
        original = first.setdefault((line.topic, *key_of(event)), line)
        if original is not line:
            assert line.received - original.received < timedelta(days=7)
            altered[line.value != original.value] += 1
    kinds = Counter[str]()
    for topic in SOURCES:
        kinds.update(truth["stream"][topic]["duplicates_by_kind"])
    assert altered == {False: kinds["same"], True: kinds["with_another_field"] + kinds["with_another_amount"]}


def test_events_come_out_of_order_and_some_within_the_allowance(lines):
    delays_of: dict[tuple[str, str, str], timedelta] = {}
    for line in lines:
        if event := line.event():
            delays_of.setdefault((line.topic, *key_of(event)), line.received - event["time"])
    delays = list(delays_of.values())
    assert min(delays) >= timedelta(0)
    assert statistics.median(delay.total_seconds() for delay in delays) < 60
    assert sum(timedelta(hours=6) < delay <= LATE for delay in delays) > 0.01 * len(delays)
    assert not any(LATE - timedelta(hours=1) < delay < LATE + timedelta(hours=1) for delay in delays)


def test_the_history_ends_with_the_as_of_day_and_counts_what_the_truth_counts(folder, truth):
    for source, expected in truth["history"].items():
        seen, counts = set(), Counter[str]()
        for row in rows_of(folder, source):
            happened, received = times_of(row)
            assert received.date() <= AS_OF
            counts["rows"] += 1
            if key_of(row) in seen:
                counts["duplicates"] += 1
            elif received - happened > LATE:
                counts["too_late"] += 1
            seen.add(key_of(row))
        assert counts == expected


def test_the_sources_after_the_stream_are_the_history_and_its_well_formed_messages(folder, lines):
    for topic, source in SOURCES.items():
        before, after = (Counter(map(key_of, rows_of(place, source))) for place in (folder, folder / "replayed"))
        assert after - before == Counter(
            key_of(event) for line in lines if line.topic == topic and (event := line.event())
        )


def test_a_row_of_a_source_says_the_same_as_its_message(folder, lines):
    messages = {(line.topic, line.number): event for line in lines if (event := line.event())}
    numbers = {topic: sorted(number for place, number in messages if place == topic) for topic in SOURCES}
    for topic, source in SOURCES.items():
        path = folder / "replayed" / source / "streamed.csv"
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        for number, row in zip(numbers[topic], rows, strict=True):
            event = messages[topic, number]
            for name in row.keys() - {"received_at", "event_time"}:
                assert row[name] == (event.get(name) or "")
            assert times_of(row) == (event["time"], lines[number].received)


@pytest.mark.parametrize("place", [".", "replayed"])
def test_the_files_are_sources_of_the_domain_without_warnings(folder, place):
    found = find_source_files(folder / place, list(contracts_of("risk")))
    assert {file.source for file in found.files} == contracts_of("risk").keys()
    assert found.warnings == []


def test_payments_are_due_once_a_month_and_paid_once(folder):
    states: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
    for row in rows_of(folder, "loan_event"):
        if row["kind"] == "payment":
            states[row["payment_id"]].append((times_of(row)[0], row["due_on"], row["paid_on"]))
    assert len(states) > 15 * BORROWERS
    for payment in states.values():
        days = sorted(payment)
        assert len({due for _, due, _ in days}) == 1
        assert all(not paid or paid >= due for _, due, paid in days)
        paid_on = [paid for _, _, paid in days if paid]
        assert len(set(paid_on)) <= 1
        assert [paid for _, _, paid in days][len(days) - len(paid_on) :] == paid_on  # it stays paid


def test_the_best_auc_is_that_of_the_true_probabilities(folder, truth):
    rows = list(rows_of(folder, "expected_risk"))
    outcomes = {row["borrower_id"]: row for row in rows_of(folder, "default_outcome")}
    assert all((outcomes[row["borrower_id"]]["defaulted"] == "true") == (row["defaulted"] == "1") for row in rows)
    good, bad = ([float(row["probability_observed"]) for row in rows if row["defaulted"] == label] for label in "01")
    wins = sum((chance > lower) + (chance == lower) / 2 for chance in bad for lower in good)
    assert truth["outcomes"]["best_possible_auc"] == pytest.approx(wins / len(good) / len(bad), abs=1e-6)
    assert truth["outcomes"]["defaults"] == len(bad)
    expected = sum(float(row["probability_observed"]) for row in rows)
    assert abs(len(bad) - expected) < 4 * expected**0.5


def test_outcomes_are_of_past_days_and_known_by_the_as_of_day(folder):
    for row in rows_of(folder, "default_outcome"):
        assert date.fromisoformat(row["outcome_known_on"]) <= AS_OF
        assert date.fromisoformat(row["outcome_known_on"]) - date.fromisoformat(row["observed_on"]) == timedelta(
            days=365
        )


def test_a_history_of_a_year_has_no_outcomes(tmp_path):
    with generated_risk(10, 1, tmp_path, as_of=AS_OF, days=1, months=13):
        pass
    with generated_risk(10, 1, tmp_path, as_of=AS_OF, days=1, months=12) as (truth, _):
        assert truth["outcomes"] is None
    assert not (tmp_path / "default_outcome.csv").exists()


def test_risk_shows_before_the_observed_day(folder):
    """Borrowers of a high chance pay later, and have less and owe more, than those of a low one."""
    risk = {row["borrower_id"]: row for row in rows_of(folder, "expected_risk")}
    late, balance, used = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in rows_of(folder, "loan_event"):
        person = risk[row["borrower_id"]]
        if row["event_time"][:10] > person["observed_on"]:
            continue
        is_high = float(person["probability_observed"]) > 0.2
        if row["kind"] == "payment":
            late[is_high].append(row["paid_on"] != row["due_on"])
        elif row["kind"] == "balance":
            balance[is_high].append(float(row["balance"]))
        elif row["kind"] == "limit":
            used[is_high].append(float(row["balance"]) / float(row["credit_limit"]))
    assert statistics.mean(late[True]) > 3 * statistics.mean(late[False])
    assert statistics.median(balance[True]) < statistics.median(balance[False]) / 2
    assert statistics.mean(used[True]) > statistics.mean(used[False]) + 0.1


def test_cases_of_fraud_are_bursts_huge_payouts_and_new_payees(tmp_path):
    with generated_risk(3000, 2, tmp_path, as_of=AS_OF, days=3, months=13) as (truth, _):
        pass
    after = {key_of(row): row for row in rows_of(tmp_path / "replayed", "account_transaction")}
    paid: dict[str, list[Row]] = defaultdict(list)
    for row in after.values():
        if row["amount"].startswith("-"):
            paid[row["borrower_id"]].append(row)
    cases: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows_of(tmp_path, "expected_fraud"):
        cases[row["borrower_id"], row["kind"]].append(after[key_of(row)])
    assert Counter(kind for _, kind in cases) == truth["fraud_cases"]
    assert len(truth["fraud_cases"]) == 3
    assert len({borrower for borrower, _ in cases}) == len(cases)
    for (borrower, kind), events in cases.items():
        times = sorted(times_of(row)[0] for row in events)
        own = [row for row in paid[borrower] if row not in events]
        mean = statistics.mean(-float(row["amount"]) for row in own)
        if kind == "velocity":
            assert len(events) >= 9
            assert times[-1] - times[0] < timedelta(minutes=30)
        elif kind == "amount":
            assert [-float(row["amount"]) > 6 * mean for row in events] == [True]
        else:
            first, large = sorted(events, key=lambda row: row["event_time"])
            assert first["payee_id"] == large["payee_id"] not in {row["payee_id"] for row in own}
            assert times[1] - times[0] <= timedelta(hours=5)
            assert -float(first["amount"]) < 10
            assert -float(large["amount"]) >= 3500


def test_the_same_seed_gives_the_same_files_and_another_seed_others(folder, tmp_path):
    again, other = tmp_path / "again", tmp_path / "other"
    for place, seed in ((again, 5), (other, 6)):
        with generated_risk(BORROWERS, seed, place, as_of=AS_OF, days=DAYS, months=16):
            pass
    for path in folder.rglob("*.*"):
        assert (again / path.relative_to(folder)).read_bytes() == path.read_bytes()
        assert (other / path.relative_to(folder)).read_bytes() != path.read_bytes()


def test_a_live_stream_happens_now_and_keeps_its_delays():
    with generated_risk(400, 5, None, as_of=AS_OF, days=DAYS, live_rate=None) as (truth, stream):
        planned = list(stream.messages())
    with generated_risk(400, 5, None, as_of=AS_OF, days=DAYS, live_rate=100) as (live_truth, stream):
        live = list(stream.messages())
    assert live_truth == truth
    assert [received - live[0][3] for *_, received in live] == [10 * number for number in range(len(live))]
    now = datetime.now().timestamp() * 1000  # noqa: DTZ005
    assert abs(live[0][3] - now) < 60_000
    delays = [[delay(message) for message in messages] for messages in (planned, live)]
    of_events = {delay_ms for delay_ms in delays[0] if delay_ms is not None}
    assert sum(delay_ms in of_events for delay_ms in delays[1]) > 0.95 * len(live)  # all but those of copies


def delay(message: tuple[str, str | None, Any, int]) -> int | None:
    match = re.search(rb'"event_time":"(20[^"]+Z)"', message[2] or b"")
    if not match or b"2099" in match[1] or b"02-30" in match[1]:
        return None
    return round(message[3] - datetime.fromisoformat(match[1].decode()).timestamp() * 1000)


def test_numbers_out_of_range_and_a_file_for_a_folder_are_refused_in_words(tmp_path):
    for arguments, message in (
        ({"borrowers": 0}, "0 borrowers"),
        ({"days": 400}, "400 days"),
        ({"months": 0}, "0 months"),
    ):
        numbers = {"borrowers": 10, "days": 1, "months": 13} | arguments
        with (
            pytest.raises(SettingError, match=f"{message}.* cannot be generated; ask for"),
            generated_risk(numbers.pop("borrowers"), 1, tmp_path, as_of=AS_OF, **numbers),
        ):
            pass
    (tmp_path / "file").touch()
    with (
        pytest.raises(SettingError, match="cannot be written to as a folder"),
        generated_risk(10, 1, tmp_path / "file", as_of=AS_OF, days=1),
    ):
        pass


def test_the_command_writes_files_and_needs_a_folder_or_kafka(tmp_path):
    answer = refi_here("risk", "generate", tmp_path, "--borrowers", 20, "--days", 2, "--months", 13, "--as-of", AS_OF)
    assert answer.stdout.startswith("20 borrowers up to 2026-03-31, ")
    assert json.loads((tmp_path / "truth.json").read_text())["borrowers"] == 20
    assert "name a folder" in refi_here("risk", "generate").stderr
    assert "needs --kafka" in refi_here("risk", "generate", tmp_path, "--rate", 5).stderr
