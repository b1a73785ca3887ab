"""Events of offers through the API: what is recorded, what is refused, and that a key is answered once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from refi_assets.store.key_file import Scope
from refi_assets.store.protocol import OfferStore
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import FIRST_DAY, day, live_ids, noon, offer, publish
from tests.support.event_app import EventApp
from tests.support.scored import without_id


@pytest.fixture
def cards(tmp_path: Path) -> Iterator[SqliteOfferStore]:
    """The store of the first program, with two offers; the second program has one."""
    with SqliteOfferStore(tmp_path, "cards") as store, SqliteOfferStore(tmp_path, "cars") as cars:
        publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
        publish(cars, "w1", [offer("car", "c1")])
        yield store


@pytest.fixture
def app(cards: OfferStore, tmp_path: Path) -> EventApp:
    return EventApp(tmp_path)


@pytest.fixture
def keys(app: EventApp) -> dict[str, dict[str, str]]:
    """The headers of keys: for every program, two of them; for one; for a program that does not exist; for reading."""
    programs = {"all": None, "all too": None, "cards": "card-offers", "none": "no-such-program"}
    tokens = {name: app.token(program) for name, program in programs.items()}
    tokens["reading"] = app.token(scopes=frozenset({Scope.READ}))
    return {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}


@pytest.fixture
def client(app: EventApp, keys: dict[str, dict[str, str]]) -> Iterator[TestClient]:
    """A client of the running app, with a key for every program."""
    with TestClient(app.app, headers=keys["all"]) as running:
        yield running


def post(client: TestClient, offer_id: str, event: str, key: str, **headers: str) -> Any:
    return client.post(
        f"/v1/offers/{offer_id}/events", json={"event": event}, headers={"Idempotency-Key": key, **headers}
    )


def problem(response: Any) -> dict[str, Any]:
    """A problem's kind and words."""
    assert response.headers["content-type"] == "application/problem+json"
    body = without_id(response.json())
    assert body["status"] == response.status_code
    return {"status": body["status"], "kind": body["type"].removeprefix("urn:refi:problem:"), "detail": body["detail"]}


def kinds(store: OfferStore, offer_id: str) -> list[str]:
    return [event.kind.value for event in store.events_of(offer_id)]


def test_an_event_is_recorded_with_the_lenders_time(client: TestClient, app: EventApp, cards: OfferStore) -> None:
    app.now = noon(3)
    answer = post(client, "a", "displayed", "k")
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
    assert answer.json() == {
        "offer_id": "a",
        "event": "displayed",
        "at": "2026-02-23T12:00:00Z",
        "standing": "live",
        "application_id": None,
    }
    (event,) = cards.events_of("a")
    assert (event.kind, event.at) == ("displayed", noon(3))
    assert live_ids(cards, "c1", day(3)) == ["a"]


def test_accepting_is_the_application_and_its_reference_is_the_same_everywhere(
    client: TestClient, cards: OfferStore
) -> None:
    accepted = post(client, "a", "accepted", "k1").json()["application_id"]
    others = {post(client, "b", "accepted", "k1").json()["application_id"]}
    assert len({accepted, *others} - {None}) == 2, "of each offer another one"
    assert post(client, "a", "accepted", "k1").json()["application_id"] == accepted
    for event in ("applied", "approved", "funded"):
        assert post(client, "a", event, event).json()["application_id"] == accepted
    assert [event.application_id for event in cards.events_of("a")] == [accepted, None, None, None]


@pytest.mark.parametrize(
    ("events", "kind", "words"),
    [
        (
            ["accepted"],
            "accepted",
            "accepted can be recorded only once. Recorded of this offer: accepted at 2026-02-20",
        ),
        (["declined"], "accepted", "accepted cannot follow declined. Recorded of this offer: declined at 2026-02-20"),
        (["sent"], "applied", "applied can only follow accepted. Recorded of this offer: sent at 2026-02-20T12:00:00"),
    ],
)
def test_an_event_out_of_order_is_refused_with_what_was_recorded_before(
    client: TestClient, cards: OfferStore, events: list[str], kind: str, words: str
) -> None:
    for event in events:
        post(client, "a", event, event)
    refused = problem(post(client, "a", kind, "k"))
    assert (refused["status"], refused["kind"]) == (409, "event-not-allowed")
    assert refused["detail"].startswith(words)
    assert kinds(cards, "a") == events


@pytest.mark.parametrize("standing", ["expired", "ended", "superseded"])
def test_an_offer_that_is_not_live_takes_facts_and_cannot_be_accepted(
    client: TestClient, app: EventApp, cards: OfferStore, standing: str
) -> None:
    """A superseded one is of a person who has another firm offer."""
    if standing == "expired":
        app.now = noon(31)
    elif standing == "ended":
        cards.withdraw("a", "a test", noon(0))
    else:
        publish(cards, "w2", [offer("new", "c1")], day(7))
        app.now = noon(8)
        assert post(client, "new", "displayed", "k").json()["standing"] == "live"
    response = post(client, "a", "accepted", "k0")
    assert response.json()["standing"] == standing
    refused = problem(response)
    assert (refused["status"], refused["kind"]) == (409, "offer-not-live")
    assert refused["detail"] == f"This offer is {standing}; accepted needs one that is live. Nothing was recorded."
    for event in ("sent", "displayed", "clicked", "declined"):
        answer = post(client, "a", event, event)
        assert (answer.status_code, answer.json()["standing"]) == (201, standing)
    assert kinds(cards, "a") == ["sent", "displayed", "clicked", "declined"]


def test_outcomes_of_an_accepted_offer_are_recorded_after_it_expired(
    client: TestClient, app: EventApp, cards: OfferStore
) -> None:
    post(client, "a", "accepted", "k")
    for number, event in enumerate(("applied", "approved", "funded"), 1):
        app.now = noon(40 * number)
        publish(cards, f"w{number + 1}", [], day(40 * number))
        answer = post(client, "a", event, "k" + event)
        assert (answer.status_code, answer.json()["standing"]) == (201, "expired")
    assert kinds(cards, "a") == ["accepted", "applied", "approved", "funded"]


@pytest.mark.parametrize("event", ["displayed", "accepted"])
def test_a_superseded_offer_that_is_displayed_or_accepted_is_live_again(
    client: TestClient, app: EventApp, cards: OfferStore, event: str
) -> None:
    publish(cards, "w2", [offer("new", "c1")], day(7))
    app.now = noon(8)
    assert post(client, "a", "sent", "1").json()["standing"] == "superseded"
    answer = post(client, "a", event, "2")
    assert (answer.status_code, answer.json()["standing"]) == (201, "live")
    assert live_ids(cards, "c1", day(8)) == ["a"]


def test_an_offer_of_another_program_is_as_unknown_as_one_that_does_not_exist(
    client: TestClient, keys: dict[str, dict[str, str]]
) -> None:
    answers = [post(client, name, "sent", "k", **keys["cards"]) for name in ("car", "nothing", "%00", "x" * 5_000)]
    answers.append(post(client, "a", "sent", "k", **keys["none"]))
    answers.append(post(client, "nothing", "sent", "k"))
    assert {json.dumps(problem(answer)) for answer in answers} == {
        '{"status": 404, "kind": "unknown-offer", "detail": "There is no such offer."}'
    }
    assert post(client, "a", "sent", "k", **keys["cards"]).status_code == 201
    assert post(client, "car", "sent", "k").status_code == 201


def test_a_404_is_not_kept(client: TestClient, app: EventApp, cards: OfferStore) -> None:
    assert post(client, "next", "sent", "k").status_code == 404
    publish(cards, "w2", [offer("next", "c3")], FIRST_DAY)
    assert post(client, "next", "sent", "k").status_code == 201


def test_a_422_is_not_kept(client: TestClient) -> None:
    assert post(client, "a", "seen", "k").status_code == 422
    assert post(client, "a", "sent", "k").status_code == 201


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_nothing_is_recorded(client: TestClient, cards: OfferStore, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    refused = problem(client.post("/v1/offers/a/events", json={"event": "sent"}, headers=headers))
    assert (refused["status"], refused["kind"]) == (400, "no-idempotency-key")
    assert kinds(cards, "a") == []


@pytest.mark.parametrize("key", [b"x" * 256, b"a\tb", b"a\x01b", b"a\x7fb", b"a\x85b", "ключ".encode()])
def test_a_key_that_is_too_long_or_has_other_characters_than_printable_ascii_is_refused(
    client: TestClient, cards: OfferStore, key: bytes
) -> None:
    headers = [(b"Idempotency-Key", key)]
    refused = problem(client.post("/v1/offers/a/events", json={"event": "sent"}, headers=headers))
    assert (refused["status"], refused["kind"]) == (400, "invalid-idempotency-key")
    assert kinds(cards, "a") == []


def test_two_keys_are_refused_and_255_characters_are_not(client: TestClient, cards: OfferStore) -> None:
    two = [("Idempotency-Key", "1"), ("Idempotency-Key", "2")]
    assert client.post("/v1/offers/a/events", json={"event": "sent"}, headers=two).status_code == 400
    assert post(client, "a", "sent", '"' + "~ " * 126 + '"').status_code == 201
    assert kinds(cards, "a") == ["sent"]


def test_a_repeat_gets_the_first_answer_byte_for_byte(client: TestClient, app: EventApp, cards: OfferStore) -> None:
    first, refused = post(client, "a", "accepted", "1"), post(client, "a", "accepted", "2")
    assert (first.status_code, refused.status_code) == (201, 409)
    app.now = noon(50)
    post(client, "a", "sent", "3")
    for answer, key in ((first, "1"), (refused, "2")):
        again = post(client, "a", "accepted", key)
        assert (again.status_code, again.content) == (answer.status_code, answer.content)
        assert again.headers["content-type"] == answer.headers["content-type"]
        assert again.headers["X-Request-ID"] != answer.headers["X-Request-ID"]
    assert kinds(cards, "a") == ["accepted", "sent"]


def test_the_body_of_a_repeat_is_compared_as_json(client: TestClient, cards: OfferStore) -> None:
    first = post(client, "a", "clicked", "k")
    for text in ('{ "event" :\n"clicked" }', '{"\\u0065vent": "click\\u0065d"}'):
        again = client.post(
            "/v1/offers/a/events",
            content=text,
            headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
        )
        assert again.content == first.content
    reused = problem(post(client, "a", "sent", "k"))
    assert (reused["status"], reused["kind"]) == (409, "key-reused")
    assert post(client, "a", "clicked", "k").content == first.content, "and the first answer is still kept"
    assert kinds(cards, "a") == ["clicked"]


def test_a_key_belongs_to_an_api_key_and_an_offer(
    client: TestClient, keys: dict[str, dict[str, str]], cards: OfferStore
) -> None:
    post(client, "a", "sent", "k")
    assert post(client, "a", "clicked", "k", **keys["all too"]).status_code == 201
    assert post(client, "b", "displayed", "k").status_code == 201
    assert (kinds(cards, "a"), kinds(cards, "b")) == (["sent", "clicked"], ["displayed"])


def test_answers_are_kept_over_a_restart(app: EventApp, tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {app.token()}"}
    with TestClient(app.app, headers=headers) as client:
        first = post(client, "a", "accepted", "k")
    with TestClient(EventApp(tmp_path).app, headers=headers) as client:
        assert post(client, "a", "accepted", "k").content == first.content


def test_requests_at_once_with_one_key_record_one_event(client: TestClient, cards: OfferStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(client, "a", "accepted", "k").content, range(24)))
    assert len(set(answers)) == 1
    assert kinds(cards, "a") == ["accepted"]


def test_of_requests_at_once_with_keys_of_their_own_one_is_accepted(client: TestClient, cards: OfferStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: post(client, "a", "accepted", f"k{n}").status_code, range(24)))
    assert sorted(answers) == [201] + [409] * 23
    assert kinds(cards, "a") == ["accepted"]


def test_a_key_without_the_scope_or_none_is_refused_before_the_body_is_read(
    client: TestClient, keys: dict[str, dict[str, str]], cards: OfferStore
) -> None:
    for headers, status in ((keys["reading"], 403), ({"Authorization": "Bearer none"}, 401)):
        for offer_id in ("a", "nothing"):
            answer = client.post(f"/v1/offers/{offer_id}/events", content=b"{", headers=headers)
            assert answer.status_code == status
    assert kinds(cards, "a") == []


def test_the_metrics_count_events_by_kind_and_outcome(client: TestClient, app: EventApp) -> None:
    for key in ("1", "1", "2"):
        post(client, "a", "declined", key)
    post(client, "nothing", "sent", "1")
    assert dict(app.writer.metrics.events) == {
        ("declined", "recorded"): 1,
        ("declined", "repeated"): 1,
        ("declined", "refused"): 1,
    }
    families = {family.name: family.samples for family in app.writer.metrics.collect()}
    assert next(s.value for s in families["refi_event_group_size"] if s.name.endswith("_sum")) == 4
    assert next(s.value for s in families["refi_event_commit_seconds"] if s.name.endswith("_count")) == 4
