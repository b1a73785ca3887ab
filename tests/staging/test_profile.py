"""Profiles of the numbers of a source, and their checks: units, empty columns, ids that stand for nothing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from refi_assets.ingestion.details import Baseline, Profile, SharedValue
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.policies import At, ProfileLimits
from refi_assets.staging.profile_checks import ids_not_shared, medians_plausible, profile_steady
from tests.support.sources import Sources, market_csv

MARKET, LOANS = (load_contracts()[source] for source in ("market_equity", "loan_information"))
LIMITS = ProfileLimits()


def profile(median: str | None = "5", *, rows: int = 1000, nulls: int = 0, zeros: int = 0, whole: int = 0) -> Profile:
    number = None if median is None else Decimal(median)
    return Profile(
        rows=rows,
        numbers=rows - nulls,
        quartile_1=number,
        median=number,
        quartile_3=number,
        zeros=zeros,
        whole=whole,
    )


def test_a_profile_counts_every_number_of_the_files_plausible_or_not(sources: Sources) -> None:
    """Worked out by hand; a rate of 40 is out of range, one of 0.1 implausible."""
    header = "property_id,market_rate_offer,ltv_ratio,monthly_savings_est,estimated_equity_amt"
    rows = [
        "P1,1,70.5,0,x",
        "P2,2,0,0,-",
        "P3,3,80,-1.50,7",
        "P4,4,,12,",
        "P4,4,,12,",
        "P5,0.1,80,N/A,5",
        "P6,40,80,7%,6",
    ]
    profiles = sources.stage("market_equity", market_csv(*rows, header=header)).counts.profiles
    assert list(profiles) == ["market_rate_offer", "ltv_ratio", "monthly_savings_est", "estimated_equity_amt"]
    rate = profiles["market_rate_offer"]  # 0.1 1 2 3 4 4 40
    assert (rate.rows, rate.numbers, rate.nulls, rate.zeros, rate.whole) == (7, 7, 0, 0, 6)
    assert (rate.quartile_1, rate.median, rate.quartile_3) == (Decimal("1.5"), Decimal(3), Decimal(4))
    ltv = profiles["ltv_ratio"]  # 0 70.5 80 80 80
    assert (ltv.numbers, ltv.nulls, ltv.zeros, ltv.whole, ltv.median) == (5, 2, 1, 4, Decimal(80))
    savings = profiles["monthly_savings_est"]  # -1.50 0 0 12 12
    assert (savings.numbers, savings.zeros, savings.whole, savings.median) == (5, 2, 4, Decimal(0))
    assert profiles["estimated_equity_amt"].numbers == 3


def test_the_profile_of_an_optional_column_includes_its_nulled_numbers(sources: Sources) -> None:
    score = sources.stage_rows(
        "borrower_information",
        {"borrower_id": "B1", "credit_score": "7.2"},
        {"borrower_id": "B2", "credit_score": "720"},
        {"borrower_id": "B3", "credit_score": "7200"},
        {"borrower_id": "B4", "credit_score": "7300"},
        {"borrower_id": "B5", "credit_score": "n/a"},
    ).counts.profiles["credit_score"]
    assert (score.rows, score.numbers, score.median) == (5, 4, Decimal("3960"))


def test_a_column_without_a_number_has_no_median(sources: Sources) -> None:
    rate = sources.stage("market_equity", market_csv("P1,,70,10", "P2,-,70,10")).counts.profiles["market_rate_offer"]
    assert (rate.numbers, rate.median, rate.quartile_1) == (0, None, None)
    assert medians_plausible(MARKET, {"market_rate_offer": rate}).passed


@pytest.mark.parametrize(
    ("column", "median", "problem"),
    [
        ("market_rate_offer", "0.0575", "0.0575, not from 0.5 to 25: looks like a fraction: 0.0575 for 5.75 %?"),
        (
            "market_rate_offer",
            "0.499999",
            "0.499999, not from 0.5 to 25",
        ),
        ("market_rate_offer", "575", "575, not from 0.5 to 25: looks like hundredths: 575 for 5.75 %?"),
        ("ltv_ratio", "0.92", "0.92, not from 2 to 150: looks like a fraction: 0.92 for 92 %?"),
        ("ltv_ratio", "1.99", "1.99, not from 2 to 150"),
        ("ltv_ratio", "0", "0, not from 2 to 150"),
    ],
)
def test_a_median_in_another_unit_blocks_at_any_number_of_rows(column: str, median: str, problem: str) -> None:
    outcome = medians_plausible(MARKET, {column: profile(median, rows=1)})
    assert (outcome.passed, outcome.blocks, outcome.number) == (False, True, 1)
    assert outcome.description == f"the median of {column} is {problem}"


@pytest.mark.parametrize(
    ("column", "median"),
    [("market_rate_offer", "0.5"), ("market_rate_offer", "25"), ("ltv_ratio", "2"), ("ltv_ratio", "150")],
)
def test_a_median_on_its_bound_is_plausible(column: str, median: str) -> None:
    assert medians_plausible(MARKET, {column: profile(median)}).passed


@pytest.mark.parametrize(
    ("column", "before", "now", "passed", "blocks"),
    [
        ("market_rate_offer", profile("6"), profile("2"), False, True),
        ("market_rate_offer", profile("6"), profile("2.000001"), True, False),
        ("market_rate_offer", profile("2"), profile("6"), False, True),
        ("market_rate_offer", profile("2", rows=199), profile("6"), True, False),
        ("market_rate_offer", profile("2"), profile("6", rows=199), True, False),
        ("market_rate_offer", profile("2", rows=200), profile("6", rows=200), False, True),
        ("ltv_ratio", profile("60"), profile("0"), True, False),  # a median of 0 is not compared
        ("ltv_ratio", profile("0"), profile("60"), True, False),
        ("market_rate_offer", profile(), profile(nulls=300), False, True),
        ("market_rate_offer", profile(), profile(nulls=299), True, False),
        ("market_rate_offer", profile(nulls=300), profile(), True, False),  # a gap that was filled
        ("market_rate_offer", profile(), profile(None, nulls=1000), False, True),
        ("market_rate_offer", profile(), profile(zeros=300), False, False),  # other changes only warn
        ("market_rate_offer", profile(whole=300), profile(), False, False),
        ("monthly_savings_est", profile("6"), profile("600", nulls=900), True, False),  # US dollars are not compared
    ],
)
def test_a_profile_must_be_similar_to_the_last_one(
    column: str, before: Profile, now: Profile, passed: bool, blocks: bool
) -> None:
    baseline = Baseline(run_id="r", load_date=date(2026, 2, 19), rows=1000, profiles={column: before})
    outcome = profile_steady(MARKET, {column: now}, baseline, LIMITS)
    assert (outcome.passed, outcome.blocks) == (passed, blocks)
    assert passed or (outcome.description or "").startswith(f"{column}: ")


def test_a_median_of_another_column_only_warns() -> None:
    baseline = Baseline(
        run_id="r", load_date=date(2026, 2, 19), rows=1000, profiles={"remaining_term_months": profile("360")}
    )
    outcome = profile_steady(LOANS, {"remaining_term_months": profile("30")}, baseline, LIMITS)
    assert (outcome.passed, outcome.blocks) == (False, False)
    assert outcome.description == "remaining_term_months: the median is 30 and was 360"


def test_nothing_is_compared_without_a_published_snapshot() -> None:
    assert profile_steady(MARKET, {"market_rate_offer": profile("6")}, None, LIMITS).passed


@pytest.mark.parametrize(
    ("rows", "of", "passed", "blocks"),
    [
        (9, 200, True, False),
        (10, 200, False, False),
        (49, 200, False, False),
        (50, 200, False, True),
        (51, 199, True, False),
    ],
)
def test_an_id_that_too_many_rows_share_fails_the_check(rows: int, of: int, passed: bool, blocks: bool) -> None:
    outcome = ids_not_shared(LOANS, {"property_id": SharedValue(value="999", rows=rows, of=of)}, 200)
    assert (outcome.passed, outcome.blocks) == (passed, blocks)


def test_a_share_is_checked_only_if_the_contract_limits_it() -> None:
    columns = tuple(replace(column, shared_share=None) for column in LOANS.columns)
    shared = {"property_id": SharedValue(value="999", rows=200, of=200)}
    assert ids_not_shared(replace(LOANS, columns=columns), shared, 200).passed
    limit = At(warn_at=Decimal(100))
    columns = tuple(replace(column, shared_share=limit) for column in LOANS.columns)
    outcome = ids_not_shared(replace(LOANS, columns=columns), shared, 200)
    assert (outcome.passed, outcome.blocks) == (False, False)


def test_the_most_frequent_value_of_accepted_rows_is_counted(sources: Sources) -> None:
    homes = ["P9"] * 30 + [f"P{n % 7}" for n in range(100)] + [""] * 40
    rows = [{"borrower_id": f"B{n}", "property_id": home} for n, home in enumerate(homes)]
    shared = sources.stage_rows("borrower_information", *rows).counts.shared
    assert shared == {"property_id": SharedValue(value="P9", rows=30, of=170)}
    assert sources.stage_rows("borrower_information", {"property_id": ""}).counts.shared == {}


def test_one_of_several_files_may_be_in_another_unit(sources: Sources) -> None:
    """The overall median is 80; in b.csv it is 0.8, and each of its cells alone is plausible."""
    percent = market_csv(*(f"P{n},5,80,1" for n in range(40)))
    fractions = market_csv(*(f"Q{n},5,0.8,1" for n in range(20)))
    few = market_csv(*(f"R{n},5,0.8,1" for n in range(19)))
    counts = sources.stage("market_equity", {"a.csv": percent, "b.csv": fractions, "c.csv": few}).counts
    (a, b) = counts.file_medians["ltv_ratio"]
    assert (a.rsplit("/")[-1], b.rsplit("/")[-1]) == ("a.csv", "b.csv")
    assert list(counts.file_medians["ltv_ratio"].values()) == [Decimal(80), Decimal("0.8")]
    outcome = medians_plausible(MARKET, counts.profiles, counts.file_medians)
    assert (outcome.passed, outcome.blocks) == (False, True)
    assert outcome.description == (
        f"the median of ltv_ratio in {b} is 0.8, not from 2 to 150: looks like a fraction: 0.8 for 80 %?"
    )
    assert sources.stage("market_equity", percent).counts.file_medians == {}
