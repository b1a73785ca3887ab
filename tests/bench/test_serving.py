"""The bench of serving: latencies from the intended moment, the mix of requests, the offers, and the page."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bench.load import Request, read_answers
from bench.loaded_offers import current_week, load_offers, offers_for
from bench.request_mix import EVENT, OFFERS, PAGE, RequestMix
from bench.serving_page import OURS, TUTORIAL, render
from refi_assets.store.sqlite_store import SqliteOfferStore

MS = 1_000_000  # nanoseconds
BODY = '{"offer_id":"0a","offered_on":"2026-11-09","customer_id":"%s","amount":15000.00,"expires_on":"2027-02-07"}'


def row(number: int, sent_ms: int, took_ms: int, status: int = 200, error: str = "") -> list[str]:
    """A line of vegeta's CSV."""
    return [str(sent_ms * MS), str(status), str(took_ms * MS), "0", "0", error, "", "", str(number), "GET", "", ""]


def test_a_latency_counts_from_the_moment_at_which_the_request_should_have_been_sent():
    requests = [Request(kind, "GET", "/", {}) for kind in (OFFERS, PAGE, OFFERS, EVENT)]
    # 10 a second: 0, 100, 200 and 300 ms after the first. The second waited 150 ms for a connection.
    rows = [row(0, 5000, 4), row(2, 5252, 3), row(1, 5250, 2), row(3, 5300, 1)]

    answers = read_answers(rows, requests, rate=10)

    assert answers.milliseconds.tolist() == pytest.approx([4, 152, 55, 1])
    assert answers.late.tolist() == pytest.approx([0, 150, 52, 0])
    assert answers.kinds.tolist() == [OFFERS, PAGE, OFFERS, EVENT]
    assert answers.began == pytest.approx(5)


def test_the_first_request_may_be_late_as_well():
    requests = [Request(OFFERS, "GET", "/", {})] * 2
    answers = read_answers([row(0, 1030, 1), row(1, 1100, 1)], requests, rate=10)
    assert answers.milliseconds.tolist() == pytest.approx([31, 1])


def test_every_answer_but_2xx_is_a_failure_and_so_is_a_request_without_one():
    requests = [Request(OFFERS, "GET", "/", {})] * 5
    timeout = 'Get "http://x/": context deadline exceeded'
    rows = [row(0, 0, 1), row(1, 100, 1, 201), row(2, 200, 1, 503, "503"), row(3, 300, 1, 0, timeout)]

    answers = read_answers(rows, requests, rate=10)

    assert answers.figures()["failures"] == {"status 503": 1, "context deadline exceeded": 1, "never sent": 1}


def test_what_vegeta_says_after_the_last_request_does_not_count():
    requests = [Request(OFFERS, "GET", "/", {})] * 2
    rows = [row(0, 0, 1), row(1, 100, 1), row(2, 200, 0, 0, "no targets to attack")]
    answers = read_answers(rows, requests, rate=10)
    assert answers.figures()["failures"] == {}
    assert len(answers.milliseconds) == 2
    assert answers.unsent == 0


def test_the_mix_is_70_20_10_and_an_offer_is_accepted_once_at_most():
    mix = RequestMix([(f"offer-{n}", f"C{n}") for n in range(20_000)], ["/page"], ["token"])
    requests = mix.requests(50_000)

    kinds = Counter(request.kind for request in requests)
    events = [request for request in requests if request.kind == EVENT]
    accepted = [request.path for request in events if json.loads(request.body)["event"] == "accepted"]
    assert kinds[OFFERS] == pytest.approx(35_000, rel=0.03)
    assert kinds[PAGE] == pytest.approx(10_000, rel=0.05)
    assert kinds[EVENT] == pytest.approx(5_000, rel=0.05)
    assert len(accepted) == len(set(accepted)) > 400
    assert len({request.headers["Idempotency-Key"] for request in events}) == len(events)
    without_offer = [request for request in requests if request.path.startswith("/v1/customers/X")]
    assert len(without_offer) == pytest.approx(7_000, rel=0.05)


def test_events_can_be_limited_to_offers_that_are_firm():
    mix = RequestMix([(f"offer-{n}", f"C{n}") for n in range(1_000)], ["/page"], ["token"])
    mix.requests(100)
    mix.use_only({"offer-1", "offer-2"})
    paths = {request.path for request in mix.requests(1_000) if request.kind == EVENT}
    assert paths == {"/v1/offers/offer-1/events", "/v1/offers/offer-2/events"}


@pytest.fixture
def real_week(tmp_path: Path) -> Path:
    """The file of a week with two offers."""
    offers = [
        (f"0{n}", f"R{n}", f"P{n}", tier, score, 1_500_000, date(2027, 2, 7), BODY % f"R{n}")
        for n, (tier, score) in enumerate([("good", 700_000), ("fair", 500_000)])
    ]
    with SqliteOfferStore(tmp_path / "real", "loan_offer_targeting") as store:
        store.load("week-1", date(2026, 11, 9), [offers])
        store.make_current("week-1")
    return current_week(tmp_path / "real")[0]


def test_every_customer_gets_an_offer_with_terms_of_a_real_one(real_week, tmp_path):
    load_offers(real_week, tmp_path / "store", "bench-1", date(2026, 11, 16), 5)

    path, as_of = current_week(tmp_path / "store")
    with closing(sqlite3.connect(path)) as week:
        rows = week.execute("SELECT customer_id, offer_id, tier, body FROM offer ORDER BY customer_id").fetchall()
    assert as_of == date(2026, 11, 16)
    assert [customer_id for customer_id, *_ in rows] == ["C000001", "C000002", "C000003", "C000004", "C000005"]
    assert len({offer_id for _, offer_id, *_ in rows}) == 5
    for customer_id, offer_id, _, body in rows:
        assert body == (
            f'{{"offer_id":"{offer_id}","offered_on":"2026-11-16","customer_id":"{customer_id}","amount":15000.00,'
            '"expires_on":"2027-02-14"}'
        )
    assert Counter(tier for _, _, tier, _ in rows) in ({"good": 3, "fair": 2}, {"good": 2, "fair": 3})


def test_the_next_week_has_other_offers(real_week):
    weeks = [offers_for(real_week, as_of, 4) for as_of in (date(2026, 11, 16), date(2026, 11, 23))]
    assert not {offer[0] for offer in weeks[0]} & {offer[0] for offer in weeks[1]}


def figures(rate: int, reads: float, events: float, failures: dict[str, int] | None = None) -> dict[str, Any]:
    kinds = {
        kind: {"requests": 10, "p50": 1.0, "p99": p99, "p999": p99 + 1, "max": p99 + 2}
        for kind, p99 in ((OFFERS, reads - 0.5), (PAGE, reads), (EVENT, events))
    }
    cores = {"server": 0.4, "generator": 0.1, "others": 0.02}
    return {
        "name": OURS, "rate": rate, "seconds": 60, "kinds": kinds, "failures": failures or {}, "cores": cores,
        "late": {"p99": 0.3}, "server_us": 400.0, "memory_mib": 210.0, "mapped_mib": 120.0,
    }  # fmt: skip


def measured(*runs: dict[str, Any], tutorial: dict[str, Any] | None = None) -> dict[str, Any]:
    beside = figures(1_000, 8.0, 20.0)
    beside["cores"]["a load"] = 0.5
    beside["batch"] = {"name": "a load", "seconds": 4.0, **{name: beside[name] for name in ("kinds", "failures")}}
    ours: dict[str, Any] = {"runs": list(runs), "ladder": [], "beside": [beside], "sync_ms": {"p50": 0.5, "p99": 2.0}}
    ours |= {"answered_events": 12_345, "recorded_events": 12_346}
    theirs = {"runs": [tutorial or figures(250, 200.0, 300.0)]}
    return {
        "machine": "a machine", "vegeta": "vegeta", "customers": 200_000, "seconds": 60, OURS: ours, TUTORIAL: theirs
    }  # fmt: skip


def cells(page: str, start: str) -> list[str]:
    line = next(line for line in page.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize(
    ("reads", "events", "failures", "verdicts"),
    [
        (4.99, 10.49, {}, ["reached"] * 4),  # events: 10 ms and the disk's 0.5
        (5.0, 10.5, {"status 503": 2}, ["**not reached**"] * 3 + ["reached"]),
        (4.0, 15.0, {}, ["reached", "**not reached**", "reached", "**not reached**"]),
    ],
)
def test_a_goal_is_reached_only_below_its_limit(reads, events, failures, verdicts):
    page = render(measured(figures(1_000, reads, events, failures)))
    goals = ("P99 of each kind of read", "P99 of events below 10 ms", "no failure", "P99 of every kind below the 15 ms")
    assert [cells(page, goal)[-1] for goal in goals] == verdicts


def test_the_page_names_the_last_rate_that_held_and_the_first_that_broke():
    runs = [figures(500, 2, 3), figures(1_000, 4, 9), figures(2_000, 100.0, 900.0), figures(2_500, 100.1, 120.0)]
    page = render(measured(*runs))
    assert "**2,000 requests a second held. 2,500 broke.**" in page
    assert "**No rate that was tried held. 250 broke.**" in page


def test_a_rate_with_a_failure_is_broken_however_fast_it_was():
    page = render(measured(figures(1_000, 4, 9), figures(2_000, 4, 9, {"status 503": 7})))
    assert "**1,000 requests a second held. 2,000 broke.**" in page
    assert "7: status 503" in page


def test_the_page_says_that_the_machine_was_busy_only_if_it_was():
    quiet, busy = measured(figures(1_000, 4, 9)), measured(figures(1_000, 4, 9))
    busy[OURS]["runs"][0]["cores"]["others"] = 1.25
    assert "Other programs used up to" not in render(quiet)
    assert "**Other programs used up to 1.25 of the cores" in render(busy)


def test_the_page_has_the_percentiles_of_each_kind_and_the_processor_per_request():
    page = render(measured(figures(1_000, 4.25, 9)))
    assert cells(page, "1,000 | 60 | page of 100") == [
        "1,000", "60", "page of 100", "10", "1.00", "4.25", "5.25", "6.25", ""
    ]  # fmt: skip
    assert cells(page, "refi serve | 1,000") == [
        "refi serve", "1,000", "0.40", "400", "0.10", "", "0.02", "0.30", "210", "120"
    ]  # fmt: skip
    assert cells(page, "a load: while it ran")[:4] == ["a load: while it ran", "4", "customer's offers", "10"]
    assert "12,345 events were answered with 2xx, and 12,346 are in the store" in page
