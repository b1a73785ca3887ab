"""Firm offers: an offer that was sent or displayed lives to its expiry, and its person gets no other one."""

import pytest

from refi_assets.errors import StoreError
from refi_assets.store.protocol import EventKind, OfferEvent, Standing
from tests.store.offers import FIRST_DAY, day, live_ids, noon, offer, publish


@pytest.mark.parametrize("kind", EventKind)
def test_an_offer_with_an_event_is_carried_into_the_new_week_and_the_new_one_is_lost(store, kind: EventKind):
    publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
    assert store.record_event("a", kind, noon(1)) is Standing.LIVE
    week = publish(store, "w2", [offer("d", "c1"), offer("e", "c2")], day(7))
    assert (week.new_offers, week.carried_offers) == (1, 1)
    assert store.offers_of("c1", day(7)) == [offer("a", "c1")]
    assert store.get("d", day(7)) is None
    assert store.page("good", day(7)).bodies == [offer("a", "c1").body, offer("e", "c2").body]


def test_a_firm_offer_lives_through_weeks_to_its_expiry_and_no_longer(store):
    publish(store, "w0", [offer("a", "c1", expires_on=day(14))])
    store.record_event("a", EventKind.SENT, noon(0))
    for number in (7, 14):
        publish(store, f"w{number}", [offer(f"o{number}", "c1", expires_on=day(number + 14))], day(number))
        assert live_ids(store, "c1", day(number)) == ["a"]
    assert live_ids(store, "c1", day(15)) == []
    publish(store, "w21", [offer("o21", "c1", expires_on=day(35))], day(21))
    assert live_ids(store, "c1", day(21)) == ["o21"]


def test_a_person_who_has_a_firm_offer_loses_the_new_one_of_another_record(store):
    publish(store, "w1", [offer("a", "c1", person_id="p")])
    store.record_event("a", EventKind.DISPLAYED, noon(0))
    publish(store, "w2", [offer("b", "c2", person_id="p")], day(7))
    assert (live_ids(store, "c1", day(7)), live_ids(store, "c2", day(7))) == (["a"], [])


def test_records_that_became_one_person_since_have_the_firm_offer_only(store):
    publish(store, "w1", [offer("a", "c1", person_id="p1"), offer("b", "c2", person_id="p2")])
    store.record_event("a", EventKind.DISPLAYED, noon(0))
    publish(store, "w2", [offer("d", "c2", person_id="p2")], day(7), persons=[("c1", "p2"), ("c2", "p2")])
    assert (live_ids(store, "c1", day(7)), live_ids(store, "c2", day(7))) == (["a"], [])
    store_again = publish(store, "w3", [offer("e", "c3", person_id="p2")], day(8), persons=[("c1", "p2")])
    assert (store_again.new_offers, store_again.carried_offers) == (0, 1)


def test_a_person_with_two_firm_offers_by_two_records_keeps_both(store):
    """They were promised before the records were known to be of one person."""
    publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
    for offer_id in "ab":
        store.record_event(offer_id, EventKind.SENT, noon(0))
    publish(store, "w2", [offer("d", "c2", person_id="p")], day(7), persons=[("c1", "p"), ("c2", "p")])
    assert (live_ids(store, "c1", day(7)), live_ids(store, "c2", day(7))) == (["a"], ["b"])


def test_an_event_between_load_and_move_makes_its_offer_firm(store):
    publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
    loaded = store.load("w2", day(7), [[offer("d", "c1"), offer("e", "c2")]])
    assert (loaded.new_offers, loaded.carried_offers) == (2, 0)
    store.record_event("a", EventKind.SENT, noon(6))
    week = store.make_current("w2")
    assert (week.new_offers, week.carried_offers) == (1, 1)
    assert (live_ids(store, "c1", day(7)), live_ids(store, "c2", day(7))) == (["a"], ["e"])


@pytest.mark.parametrize("kind", [kind for kind in EventKind if kind is not EventKind.SENT])
def test_an_offer_displayed_after_it_was_superseded_is_firm_and_supersedes_the_newer_one(store, kind: EventKind):
    publish(store, "w1", [offer("a", "c1", score=650_000), offer("b", "c2")])
    publish(store, "w2", [offer("d", "c1", score=750_000), offer("e", "c2")], day(7))
    assert store.record_event("a", kind, noon(8)) is Standing.LIVE
    assert store.offers_of("c1", day(8)) == [offer("a", "c1", score=650_000)]
    assert store.get("d", day(8)) is None
    assert store.page("good", day(8)).bodies == [offer("e", "c2").body, offer("a", "c1").body], "each in its place"
    assert store.count(day(8)) == 2
    week = publish(store, "w3", [offer("f", "c1"), offer("g", "c2")], day(14))
    assert week.carried_offers == 1
    assert (live_ids(store, "c1", day(14)), live_ids(store, "c2", day(14))) == (["a"], ["g"])


def test_a_superseded_offer_that_is_only_sent_stays_superseded(store):
    publish(store, "w1", [offer("a", "c1")])
    publish(store, "w2", [offer("b", "c1")], day(7))
    assert store.record_event("a", EventKind.SENT, noon(8)) is Standing.SUPERSEDED
    assert live_ids(store, "c1", day(8)) == ["b"]
    assert [event.kind for event in store.events_of("a")] == [EventKind.SENT], "but what happened is recorded"


def test_of_two_offers_that_a_person_saw_the_first_firm_one_stays(store):
    publish(store, "w1", [offer("a", "c1")])
    publish(store, "w2", [offer("b", "c1")], day(7))
    assert store.record_event("b", EventKind.DISPLAYED, noon(8)) is Standing.LIVE
    assert store.record_event("a", EventKind.DISPLAYED, noon(8)) is Standing.SUPERSEDED
    assert live_ids(store, "c1", day(8)) == ["b"]


def test_a_superseded_offer_becomes_firm_again_if_what_superseded_it_has_ended(store):
    publish(store, "w1", [offer("a", "c1")])
    publish(store, "w2", [offer("b", "c1")], day(7))
    store.record_event("a", EventKind.DISPLAYED, noon(8))
    store.withdraw("a", "error in the price", noon(8))
    assert live_ids(store, "c1", day(8)) == [], "a new offer that was lost does not come back alone"
    assert store.record_event("b", EventKind.CLICKED, noon(8)) is Standing.LIVE
    assert live_ids(store, "c1", day(8)) == ["b"]


def test_an_offer_of_a_customer_who_got_no_new_one_is_firm_again_when_it_is_displayed(store):
    publish(store, "w1", [offer("a", "c1")])
    publish(store, "w2", [], day(7))
    assert live_ids(store, "c1", day(8)) == []
    assert store.record_event("a", EventKind.DISPLAYED, noon(8)) is Standing.LIVE
    assert live_ids(store, "c1", day(8)) == ["a"]


def test_a_late_event_supersedes_the_newer_offer_of_another_record_of_the_person(store):
    publish(store, "w1", [offer("a", "c1", person_id="p1")])
    people = [("c1", "p2"), ("c2", "p2")]
    publish(store, "w2", [offer("b", "c2", person_id="p2")], day(7), persons=people)
    assert store.record_event("a", EventKind.DISPLAYED, noon(8)) is Standing.LIVE
    assert (live_ids(store, "c1", day(8)), live_ids(store, "c2", day(8))) == (["a"], [])


def test_a_withdrawn_offer_is_never_live_again(store):
    publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
    store.record_event("a", EventKind.DISPLAYED, noon(0))
    store.withdraw("a", "error in the price", noon(1))
    store.withdraw("a", "another reason", noon(2))
    assert live_ids(store, "c1", day(1)) == []
    assert store.get("a", day(1)) is None
    assert store.page("good", day(1)).bodies == [offer("b", "c2").body]
    assert store.record_event("a", EventKind.CLICKED, noon(2)) is Standing.ENDED
    publish(store, "w2", [offer("d", "c1")], day(7))
    assert live_ids(store, "c1", day(7)) == ["d"]
    publish(store, "w2-again", [offer("a", "c1")], day(7))
    assert live_ids(store, "c1", day(7)) == []


def test_an_unknown_offer_cannot_be_withdrawn(store):
    publish(store, "w1", [offer("a", "c1")])
    with pytest.raises(StoreError, match=r"there is no offer b\. .* check the id"):
        store.withdraw("b", "by mistake", noon(0))


def test_the_customers_opt_out_ends_a_firm_offer(store):
    publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
    for offer_id in "ab":
        store.record_event(offer_id, EventKind.SENT, noon(0))
    store.load("w2", day(7), [[]], opted_out=["c1", "c9", "c1"])
    assert live_ids(store, "c1", day(6)) == ["a"], "not before the week is current"
    assert store.make_current("w2").carried_offers == 1
    assert (live_ids(store, "c1", day(7)), live_ids(store, "c2", day(7))) == ([], ["b"])
    publish(store, "w3", [], day(14))
    assert live_ids(store, "c1", day(14)) == [], "nor does it come back with the consent"


def test_the_opt_out_also_ends_what_became_firm_between_load_and_move(store):
    publish(store, "w1", [offer("a", "c1")])
    store.load("w2", day(7), [[]], opted_out=["c1"])
    store.record_event("a", EventKind.SENT, noon(6))
    assert store.make_current("w2").carried_offers == 0
    assert store.record_event("a", EventKind.CLICKED, noon(7)) is Standing.ENDED
    assert live_ids(store, "c1", day(7)) == []


def test_an_offer_of_a_customer_who_opted_out_does_not_become_firm_late(store):
    publish(store, "w1", [offer("a", "c1")])
    publish(store, "w2", [], day(7), opted_out=["c1"])
    assert store.record_event("a", EventKind.DISPLAYED, noon(8)) is Standing.SUPERSEDED
    assert live_ids(store, "c1", day(8)) == []


def test_an_expired_offer_does_not_become_firm_even_if_the_event_is_old(store):
    publish(store, "w1", [offer("a", "c1", expires_on=day(9))])
    publish(store, "w2", [offer("b", "c1", expires_on=day(40))], day(7))
    assert store.record_event("a", EventKind.DISPLAYED, noon(10)) is Standing.EXPIRED
    publish(store, "w3", [offer("d", "c1", expires_on=day(44))], day(14))
    assert store.record_event("a", EventKind.DISPLAYED, noon(2)) is Standing.EXPIRED
    assert live_ids(store, "c1", day(14)) == ["d"]


def test_events_of_an_offer_are_recorded_after_its_file_is_deleted(store):
    """An application is approved and funded weeks after the offer expired."""
    publish(store, "w1", [offer("a", "c1", expires_on=day(1))])
    store.record_event("a", EventKind.APPLIED, noon(1))
    for number in (7, 14, 21):
        publish(store, f"w{number}", [], day(number))
    assert store.record_event("a", EventKind.FUNDED, noon(22)) is Standing.EXPIRED
    assert store.events_of("a") == [
        OfferEvent("a", EventKind.APPLIED, noon(1)),
        OfferEvent("a", EventKind.FUNDED, noon(22)),
    ]


def test_an_event_of_an_unknown_offer_is_not_recorded(store):
    with pytest.raises(StoreError, match=r"has no offers\. Nothing was recorded"):
        store.record_event("a", EventKind.SENT, noon(0))
    publish(store, "w1", [offer("a", "c1")])
    assert store.record_event("b", EventKind.SENT, noon(0)) is Standing.UNKNOWN
    assert (store.events_of("a"), store.events_of("b")) == ([], [])


def test_the_time_of_an_event_has_a_time_zone(store):
    publish(store, "w1", [offer("a", "c1")])
    with pytest.raises(ValueError, match="no time zone"):
        store.record_event("a", EventKind.SENT, noon(0).replace(tzinfo=None))
    assert store.count(FIRST_DAY) == 1
