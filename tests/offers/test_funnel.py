"""refi offers funnel: what each filter stops, and how that moved since the week before."""

from tests.support.offer_runs import WEEK, WEEK_BEFORE


def test_the_funnel_counts_alone_in_sequence_and_who_remains(offer_runs):
    # 20 customers: LOW and EMPTY fail the credit, LOW also its state, and RECENT got an offer.
    funnel = offer_runs.refi("offers", "funnel", "--json").json
    assert (funnel["as_of"], funnel["accepted"]) == (WEEK, 20)
    assert [
        (step["name"], step["alone"], step["in_sequence"], step["share_pct"], step["remaining"])
        for step in funnel["steps"]
    ] == [
        ("trust", 0, 0, "0.00", 20),
        ("credit-qualification", 2, 2, "10.00", 18),
        ("affordability", 0, 0, "0.00", 18),
        ("eligibility", 1, 1, "5.00", 17),
        ("regulatory-compliance", 1, 0, "0.00", 17),
        ("score", 0, 0, "0.00", 17),
        ("offer", 0, 0, "0.00", 17),
    ]
    reasons = {step["name"]: step["reasons"] for step in funnel["steps"] if step["reasons"]}
    assert reasons == {
        "credit-qualification": {"credit_score_below_min": 1, "credit_score_missing": 1, "late_payment": 1},
        "eligibility": {"offered_within_days": 1},
        "regulatory-compliance": {"state_excluded": 1},
    }


def test_offers_are_listed_by_tier_with_their_amounts_best_first(offer_runs):
    tiers = offer_runs.refi("offers", "funnel", "--json").json["tiers"]
    assert [(tier["tier"], tier["offers"], tier["amount"], tier["share_pct"]) for tier in tiers] == [
        ("excellent", 16, "800000.00", "80.00"),
        ("good", 0, "0.00", "0.00"),
        ("fair", 1, "1200.00", "5.00"),
    ]


def test_shares_are_compared_with_the_week_before_in_points(offer_runs):
    # Of the 20 customers of the week before, only LOW was stopped.
    funnel = offer_runs.refi("offers", "funnel", "--json").json
    assert funnel["before"] == WEEK_BEFORE
    moved = {step["name"]: step["share_moved"] for step in funnel["steps"]}
    assert (moved["credit-qualification"], moved["eligibility"], moved["trust"]) == ("5.00", "5.00", "0.00")
    assert [tier["share_moved"] for tier in funnel["tiers"]] == ["-15.00", "0.00", "5.00"]


def test_the_first_run_is_compared_with_nothing(offer_runs):
    before, _ = offer_runs.run_ids
    funnel = offer_runs.refi("offers", "funnel", "--run", before, "--json").json
    assert funnel["before"] is None
    assert {step["share_moved"] for step in funnel["steps"]} == {None}
    assert "points moved" not in offer_runs.refi("offers", "funnel", "--run", before).stdout


def test_the_text_has_both_tables(offer_runs):
    text = offer_runs.refi("offers", "funnel").stdout
    assert "20 customers as of 2026-03-02" in text
    for words in (
        ["credit-qualification", "2", "2", "10.00", "18", "+5.00"],
        ["fair", "1", "5.00", "1,200.00", "+5.00"],
    ):
        assert words in [line.split() for line in text.splitlines()]
