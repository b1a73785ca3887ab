"""Weeks: loaded where nobody sees them, made current at once, read in order, and deleted when nothing needs them."""

from pathlib import Path

import pytest

from refi_assets.errors import StoreError
from refi_assets.settings import overridden
from refi_assets.store.protocol import EventKind, PageCursor, Standing, StoredOffer
from refi_assets.store.sqlite_store import SqliteOfferStore, open_store
from tests.store.offers import TTL, day, live_ids, noon, offer, publish, week_files


def test_a_loaded_week_is_not_seen_until_it_becomes_current(store):
    first = store.load("w1", day(0), [[offer("a", "c1")], [offer("b", "c2")]])
    assert store.current() is None
    with pytest.raises(StoreError, match=r"has no offers\. .* Run the program"):
        store.get("a", day(0))
    assert store.make_current("w1") == first == store.current()
    assert (first.new_offers, first.carried_offers, first.last_expires_on) == (2, 0, day(30))
    assert store.get("a", day(0)) == offer("a", "c1")
    assert store.offers_of("c2", day(0)) == [offer("b", "c2")]
    assert store.count(day(0)) == 2


def test_unknown_ids_have_no_offers(store):
    publish(store, "w1", [offer("a", "c1")])
    assert store.get("b", day(0)) is None
    assert store.offers_of("c2", day(0)) == []
    assert store.page("excellent", day(0)) == ([], None)
    assert store.events_of("b") == []


def test_a_new_week_replaces_the_offers_that_nobody_saw(store):
    publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
    publish(store, "w2", [offer("d", "c1")], day(7))
    assert live_ids(store, "c1", day(7)) == ["d"]
    assert live_ids(store, "c2", day(7)) == []
    assert store.get("a", day(7)) is None


def test_an_offer_is_read_until_its_last_day(store):
    publish(store, "w1", [offer("a", "c1", expires_on=day(3)), offer("b", "c2", expires_on=day(4))])
    assert [store.count(day(number)) for number in (0, 3, 4, 5)] == [2, 2, 1, 0]
    assert live_ids(store, "c1", day(3)) == ["a"]
    assert live_ids(store, "c1", day(4)) == []
    assert store.get("a", day(4)) is None
    assert store.page("good", day(4)).bodies == [offer("b", "c2").body]


def test_pages_are_by_score_descending_then_by_the_bytes_of_the_customer(store):
    offers = [
        offer("o1", "b", score=700_000),
        offer("o2", "B", score=700_000),
        offer("o3", "é", score=700_000),
        offer("o4", "z", score=700_000),
        offer("o5", "a", score=699_999),
        offer("o6", "y", score=700_001),
        offer("o7", "x", tier="fair"),
    ]
    publish(store, "w1", offers)
    bodies: list[str] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        page = store.page("good", day(0), after=after, limit=2)
        bodies, after, pages = bodies + page.bodies, page.after, pages + 1
    ids = ["o6", "o2", "o1", "o4", "o3", "o5"]
    assert bodies == [f'{{"offer_id": "{offer_id}"}}' for offer_id in ids]
    assert pages == 3, "the last page is full, and says that it is the last"


def test_pages_have_a_least_score_and_a_least_amount(store):
    publish(
        store,
        "w1",
        [
            offer("a", "c1", score=800_000, amount_cents=100_000),
            offer("b", "c2", score=700_000, amount_cents=300_000),
            offer("c", "c3", score=600_000, amount_cents=900_000),
        ],
    )
    page = store.page("good", day(0), least_score=700_000, least_amount_cents=300_000)
    assert page == (['{"offer_id": "b"}'], None)


def test_a_cursor_stays_in_its_week_while_another_becomes_current(store, tmp_path):
    publish(store, "w1", [offer(f"a{n}", f"c{n}") for n in range(3)])
    first = store.page("good", day(0), limit=1)
    assert first.after == PageCursor("w1", 700_000, "c0")
    with SqliteOfferStore(tmp_path, "cards") as writer:
        publish(writer, "w2", [offer(f"b{n}", f"c{n}") for n in range(3)], day(7))
    assert store.page("good", day(7), after=first.after).bodies == ['{"offer_id": "a1"}', '{"offer_id": "a2"}']
    assert store.page("good", day(7), limit=1).bodies == ['{"offer_id": "b0"}']


def test_a_cursor_of_a_deleted_week_says_to_begin_again(store):
    for number in range(3):
        publish(store, f"w{number}", [offer(f"o{number}", "c1", expires_on=day(number))], day(number))
    with pytest.raises(StoreError, match=r"the week of this cursor is gone.*Begin at the first page"):
        store.page("good", day(2), after=PageCursor("w0", 0, ""))


def test_a_reader_sees_a_new_week_that_another_process_made_current(store, tmp_path):
    publish(store, "w1", [offer("a", "c1")])
    with SqliteOfferStore(tmp_path, "cards", read_only=True) as reader:
        assert live_ids(reader, "c1", day(0)) == ["a"]
        publish(store, "w2", [offer("b", "c1")], day(7))
        assert live_ids(reader, "c1", day(7)) == ["b"]
        with pytest.raises(StoreError, match="opened read-only"):
            reader.record_event("b", EventKind.SENT, noon(7))


def test_a_reader_keeps_a_deleted_week_open(store, tmp_path):
    """Its file is deleted under it by later weeks; the next reading is of the new one."""
    publish(store, "w0", [offer("o0", "c1", expires_on=day(0))])
    with SqliteOfferStore(tmp_path, "cards", read_only=True) as reader:
        with reader._reading() as week:
            for number in range(1, 4):
                publish(store, f"w{number}", [offer(f"o{number}", "c1", expires_on=day(number))], day(number))
            assert not (tmp_path / "cards" / "w0.sqlite").exists()
            assert week.live_offer("o0", day(0)) is not None
        assert live_ids(reader, "c1", day(3)) == ["o3"]


def test_a_weeks_file_is_kept_while_an_event_can_make_its_offers_firm(store):
    publish(store, "w0", [offer("o0", "c1", expires_on=day(20))])
    for number in range(1, 4):
        publish(store, f"w{number}", [offer(f"o{number}", "c1", expires_on=day(number))], day(number))
    publish(store, "w21", [], day(21))
    assert week_files(store.folder) == ["current.json", "w0.sqlite", "w2.sqlite", "w21.sqlite", "w3.sqlite"]
    publish(store, "w22", [], day(22))
    assert week_files(store.folder) == ["current.json", "w21.sqlite", "w22.sqlite", "w3.sqlite"]


def test_what_was_loaded_but_never_made_current_is_removed_by_the_next_load(store):
    publish(store, "w1", [offer("a", "c1")])
    store.load("lost", day(7), [[offer("b", "c1")]])
    store.load("w2", day(7), [[offer("b", "c1")]])
    assert week_files(store.folder) == ["current.json", "w1.sqlite", "w2.sqlite"]
    with pytest.raises(StoreError, match=r"run lost are not loaded.*Last week's offers are unchanged; run again"):
        store.make_current("lost")


def test_the_offers_of_an_earlier_day_do_not_replace_those_of_a_later_one(store):
    publish(store, "w2", [offer("b", "c1")], day(7))
    with pytest.raises(StoreError, match=r"a later day, 2026-02-27; those of 2026-02-20 do not replace them"):
        store.load("w1", day(0), [[offer("a", "c1")]])
    assert live_ids(store, "c1", day(7)) == ["b"]


def test_the_same_day_can_be_loaded_again_by_another_run(store):
    publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
    publish(store, "w1-again", [offer("a", "c1", amount_cents=1)])
    assert store.get("a", day(0)) == offer("a", "c1", amount_cents=1)
    assert store.get("b", day(0)) is None


def test_a_run_is_stored_once(store):
    week = publish(store, "w1", [offer("a", "c1")])
    with pytest.raises(StoreError, match="the offers of run w1 are stored already"):
        store.load("w1", day(0), [])
    assert store.make_current("w1") == week, "a step that was killed after the move can be repeated"
    publish(store, "w2", [offer("b", "c1")])
    with pytest.raises(StoreError, match="a later run superseded the offers of run w1"):
        store.make_current("w1")
    assert live_ids(store, "c1", day(0)) == ["b"]


@pytest.mark.parametrize(
    "second",
    [
        offer("a", "c2"),
        offer("b", "c1"),
        offer("b", "c1", score=1),
        offer("b", "c2", person_id="p-c1"),
        offer("b", "c2")._replace(amount_cents="many"),  # type: ignore[arg-type]
        offer("b", "c2")._replace(body=None),  # type: ignore[arg-type]
    ],
)
def test_a_load_with_two_offers_for_one_id_customer_or_person_or_a_wrong_type_is_refused(store, second: StoredOffer):
    publish(store, "w1", [offer("o", "c9")])
    with pytest.raises(StoreError, match="Last week's offers are unchanged; correct the offers") as refused:
        store.load("w2", day(7), [[offer("a", "c1")], [second]])
    assert "c1" not in str(refused.value), "a message never quotes an id of a customer"
    assert live_ids(store, "c9", day(7)) == ["o"]
    assert week_files(store.folder) == ["current.json", "w1.sqlite"]
    publish(store, "w2", [offer("a", "c1")], day(7))


def test_an_empty_week_is_a_week(store):
    publish(store, "w1", [offer("a", "c1")])
    week = publish(store, "w2", [], day(7))
    assert (week.new_offers, week.last_expires_on, store.count(day(7))) == (0, day(7), 0)


def test_programs_do_not_see_each_others_offers(store, tmp_path):
    publish(store, "w1", [offer("a", "c1")])
    with SqliteOfferStore(tmp_path, "savings") as other:
        publish(other, "w1", [offer("b", "c1")])
        assert live_ids(other, "c1", day(0)) == ["b"]
        assert other.record_event("a", EventKind.SENT, noon(0)) is Standing.UNKNOWN
    assert live_ids(store, "c1", day(0)) == ["a"]


@pytest.mark.parametrize("name", ["", "..", "a/b", "events", ".hidden", "a b", "a.sqlite"])
def test_a_run_or_a_program_that_would_not_be_a_file_name_is_refused(store, tmp_path, name: str):
    with pytest.raises(StoreError, match="is not valid as"):
        store.load(name, day(0), [])
    with pytest.raises(StoreError, match="is not valid as"):
        SqliteOfferStore(tmp_path, name)


def test_the_setting_names_the_folder(tmp_path):
    with (
        overridden("REFI_STORE_DIR", str(tmp_path / "elsewhere")),
        open_store(str(tmp_path / "lake"), "cards") as store,
    ):
        publish(store, "w1", [offer("a", "c1", expires_on=day(0) + TTL)])
    assert Path(tmp_path / "elsewhere" / "cards" / "w1.sqlite").is_file()
