"""The routes that read offers: order, filters, cursors and banners, and what a store that is away does to them."""

import base64
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from refi_assets.lake import FolderStore
from refi_assets.ml.registry import Registry
from refi_assets.store.key_file import Scope
from refi_assets.store.protocol import EventKind
from tests.support.scored import new_authorization
from tests.support.stored_offers import MONDAY, PROGRAM_ID, OfferApp, offer_of

CANDIDATES = f"/v1/programs/{PROGRAM_ID}/candidates"

# customer: tier, score in millionths, amount
OFFERS = {
    "c1": ("good", 700_000, 5_000),
    "c2": ("good", 900_000, 3_000),
    "c3": ("good", 700_001, 9_000),
    "C4": ("good", 700_000, 8_000),
    "c5": ("excellent", 999_999, 50_000),
}


@pytest.fixture
def app(registry: Registry, tmp_path: Path) -> OfferApp:
    """An app whose store has a week of these offers."""
    app = OfferApp(registry, FolderStore(str(tmp_path / "lake")))
    app.publish("w1", (offer_of(name, tier=tier, score=s, amount=amount) for name, (tier, s, amount) in OFFERS.items()))
    return app


@pytest.fixture
def client(app: OfferApp) -> Iterator[TestClient]:
    """A client with every scope, of the running app."""
    with app.served.client as client:
        yield client


def customers(answer: dict[str, Any]) -> list[str]:
    return [candidate["customer_id"] for candidate in answer["candidates"]]


def pages(client: TestClient, **parameters: Any) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = client.get(CANDIDATES, params={**parameters, **({"cursor": cursor} if cursor else {})}).json()
        yield page
        cursor = page["next_cursor"]
        if cursor is None:
            return


def test_candidates_come_by_score_descending_then_by_customer(client: TestClient) -> None:
    page = client.get(CANDIDATES, params={"creditTier": "good"}).json()
    assert customers(page) == ["c2", "c3", "C4", "c1"]  # C4 before c1: by bytes
    assert page["candidates"][0] == json.loads(offer_of("c2", score=900_000, amount=3_000).body)
    assert {name: page[name] for name in ("program_id", "run_id", "as_of", "next_cursor")} == {
        "program_id": PROGRAM_ID,
        "run_id": "w1",
        "as_of": "2026-03-02",
        "next_cursor": None,
    }
    assert customers(client.get(CANDIDATES, params={"creditTier": "fair"}).json()) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"minScore": "0.700001"}, ["c2", "c3"]),
        ({"minScore": "0.7000001"}, ["c2", "c3"]),
        ({"minScore": "7e-1"}, ["c2", "c3", "C4", "c1"]),
        ({"minAmount": "5000"}, ["c3", "C4", "c1"]),
        ({"minAmount": "5000.001"}, ["c3", "C4"]),
        ({"minScore": "0.7", "minAmount": "8000", "limit": "1"}, ["c3"]),
    ],
)
def test_candidates_are_filtered(client: TestClient, filters: dict[str, str], expected: list[str]) -> None:
    assert customers(client.get(CANDIDATES, params={"creditTier": "good", **filters}).json()) == expected


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_pages_join_to_the_whole(client: TestClient, limit: int) -> None:
    shown = [customers(page) for page in pages(client, creditTier="good", limit=limit)]
    assert [name for page in shown for name in page] == ["c2", "c3", "C4", "c1"]
    assert all(len(page) == limit for page in shown[:-1])


def test_a_cursor_stays_in_its_week_until_the_second_week_after_it(app: OfferApp, client: TestClient) -> None:
    first = next(pages(client, creditTier="good", limit=1))
    app.publish("w2", [offer_of("c9", "w2")])
    query = {"creditTier": "good", "limit": 9, "cursor": first["next_cursor"]}
    rest = client.get(CANDIDATES, params=query).json()
    assert (customers(rest), rest["run_id"], rest["as_of"]) == (["c3", "C4", "c1"], "w1", "2026-03-02")
    assert customers(client.get(CANDIDATES, params={"creditTier": "good"}).json()) == ["c9"]

    app.wait(days=100)  # the offers of a week that nobody needs are removed at the load after the next
    for week in ("w3", "w4"):
        app.publish(week, [offer_of("c9", week)], as_of=app.now.date())
    gone = client.get(CANDIDATES, params=query)
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:refi:problem:cursor-gone")


def test_a_cursor_cannot_be_bent(client: TestClient) -> None:
    cursor = next(pages(client, creditTier="good", limit=1))["next_cursor"]
    place = json.loads(base64.urlsafe_b64decode(cursor))
    bent: list[Any] = [
        place[:-1],
        [*place, 1],
        {},
        None,
        ["w1", 2**70, *place[2:]],
        ["w1", True, "\ud800", *place[3:]],
        [*place[:3], "now", *place[4:]],
    ]
    forged = ["", "x", "é", cursor[:-4]]
    forged += [base64.urlsafe_b64encode(json.dumps(wrong).encode()).decode() for wrong in bent]
    for text in forged:
        answer = client.get(CANDIDATES, params={"creditTier": "good", "cursor": text})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor"), text
    other = client.get(CANDIDATES, params={"creditTier": "good", "minScore": "0.1", "cursor": cursor})
    assert other.json()["detail"] == "cursor: it belongs to another creditTier, minScore or minAmount."


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("creditTier", "gold"),
        ("creditTier", ""),
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "1.0"),
        ("limit", "\u0661"),
    ]
    + [(name, value) for name in ("minScore", "minAmount") for value in ("-1", "nan", "Infinity", "1e99", "x", "")],
)
def test_a_wrong_parameter_is_named(client: TestClient, parameter: str, value: str) -> None:
    answer = client.get(CANDIDATES, params={"creditTier": "good", parameter: value})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [parameter]


def test_a_customers_offers_and_one_offer(client: TestClient) -> None:
    body = json.loads(offer_of("c1").body)
    assert client.get("/v1/customers/c1/offers").json() == {"offers": [body]}
    assert client.get("/v1/offers/w1-c1").json() == body
    nobody, without = client.get("/v1/customers/nobody/offers"), client.get("/v1/customers/c0/offers")
    assert (nobody.status_code, nobody.json()) == (without.status_code, without.json()) == (200, {"offers": []})
    unknown = client.get("/v1/offers/w1-c0")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:refi:problem:unknown-offer")


def test_a_program_that_is_not_the_keys_does_not_exist_for_it(app: OfferApp, client: TestClient) -> None:
    header = new_authorization(app.lake.root / "store", Scope.READ, program="other")
    unknown = client.get("/v1/programs/nothing/candidates")
    client.headers.update(header)
    other = client.get(CANDIDATES)
    assert other.status_code == unknown.status_code == 404
    assert {**other.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert client.get("/v1/customers/c1/offers").json() == {"offers": []}
    assert client.get("/v1/customers/c1/banners").json() == {"banners": []}
    assert client.get("/v1/offers/w1-c1").status_code == 404


@pytest.mark.parametrize(
    "path", [CANDIDATES, "/v1/customers/c1/offers", "/v1/offers/w1-c1", "/v1/customers/c1/banners"]
)
def test_every_route_asks_for_a_key_that_may_read(app: OfferApp, client: TestClient, path: str) -> None:
    client.headers.update(new_authorization(app.lake.root / "store", Scope.EVENTS, Scope.SCORE))
    assert client.get(path).status_code == 403
    del client.headers["Authorization"]
    assert client.get(path).status_code == 401


def test_a_banner_ends_thirty_days_after_its_first_display(app: OfferApp, client: TestClient) -> None:
    (banner,) = client.get("/v1/customers/c1/banners", params={"placement": "dashboard"}).json()["banners"]
    assert banner == {
        "program_id": PROGRAM_ID,
        "placement": "dashboard",
        "banner_type": "loan-offer",
        "display_duration": 30,
        "first_displayed_at": None,
        "displays": 0,
        "ends_at": None,
        "offer": json.loads(offer_of("c1").body),
    }
    assert client.get("/v1/customers/c1/banners", params={"placement": "checkout"}).json() == {"banners": []}

    for kind in (EventKind.SENT, EventKind.DISPLAYED, EventKind.CLICKED, EventKind.DISPLAYED):
        app.wait(hours=1)
        app.store.record_event("w1-c1", kind, app.now)
    (banner,) = client.get("/v1/customers/c1/banners").json()["banners"]
    assert (banner["displays"], banner["first_displayed_at"]) == (2, "2026-03-02T14:00:00+00:00")
    assert banner["ends_at"] == "2026-04-01T14:00:00+00:00"

    app.wait(days=29, hours=21, minutes=59)
    assert len(client.get("/v1/customers/c1/banners").json()["banners"]) == 1
    app.wait(minutes=1)
    assert client.get("/v1/customers/c1/banners").json() == {"banners": []}
    assert len(client.get("/v1/customers/c1/offers").json()["offers"]) == 1  # the offer lives on


@pytest.mark.parametrize("kind", [EventKind.ACCEPTED, EventKind.DECLINED])
def test_no_banner_of_an_offer_that_was_answered(app: OfferApp, client: TestClient, kind: EventKind) -> None:
    app.store.record_event("w1-c1", kind, app.now)
    assert client.get("/v1/customers/c1/banners").json() == {"banners": []}


def test_no_banner_for_a_customer_whose_app_channel_is_closed_this_week(app: OfferApp, client: TestClient) -> None:
    app.store.record_event("w1-c1", EventKind.DISPLAYED, app.now)
    app.store.load("w2", MONDAY, [], open_channels=[("c1", "email sms")])
    app.store.make_current("w2")
    assert len(client.get("/v1/customers/c1/offers").json()["offers"]) == 1  # firm
    assert client.get("/v1/customers/c1/banners").json() == {"banners": []}


def test_before_the_first_week_there_are_no_offers_and_no_candidates(registry: Registry, tmp_path: Path) -> None:
    with OfferApp(registry, FolderStore(str(tmp_path / "empty"))).served.client as client:
        assert client.get("/v1/customers/c1/offers").json() == {"offers": []}
        answer = client.get(CANDIDATES, params={"creditTier": "good"})
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:refi:problem:no-offers-yet")
        assert client.get("/readyz").json()["offers"][0]["run_id"] is None


READS = [(CANDIDATES, {"creditTier": "good"}), ("/v1/customers/c1/offers", {}), ("/v1/offers/w1-c1", {})]


def statuses(client: TestClient) -> set[tuple[int, str | None]]:
    answers = [client.get(path, params=query) for path, query in READS]
    return {(answer.status_code, answer.headers.get("retry-after")) for answer in answers}


@pytest.mark.parametrize("part", ["store", f"store/{PROGRAM_ID.replace('-', '_')}"])
def test_a_store_that_is_away_is_503_at_once_and_comes_back(app: OfferApp, client: TestClient, part: str) -> None:
    assert statuses(client) == {(200, None)}
    folder = app.lake.root / part
    folder.rename(app.lake.root / "away")
    assert {status for status, retry_after in statuses(client) if retry_after} == {503}
    readiness = client.get("/readyz")
    assert (readiness.status_code, readiness.json()["offers"][0]["run_id"]) == (503, None)
    assert "refi_store_readable" in client.get("/metrics").text
    (app.lake.root / "away").rename(folder)
    assert statuses(client) == {(200, None)}


def test_a_locked_store_is_503_and_not_an_earlier_answer(app: OfferApp, client: TestClient) -> None:
    events = app.lake.root / "store" / PROGRAM_ID.replace("-", "_") / "events.sqlite"
    app.store.close()
    with closing(sqlite3.connect(events)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert statuses(client) == {(503, "7")}
    assert statuses(client) == {(200, None)}


def test_a_store_that_was_restored_from_a_backup_is_read_from_then_on(app: OfferApp, client: TestClient) -> None:
    folder = app.lake.root / "store" / PROGRAM_ID.replace("-", "_")
    app.store.withdraw("w1-c1", "a test", app.now)
    app.store.close()
    shutil.copytree(folder, app.lake.root / "backup")
    assert client.get("/v1/offers/w1-c1").status_code == 404
    shutil.rmtree(folder)
    (app.lake.root / "backup").rename(folder)
    app.store.withdraw("w1-c2", "a test", app.now)
    assert client.get("/v1/offers/w1-c2").status_code == 404
    assert client.get("/v1/offers/w1-c3").status_code == 200
