"""The independent reading gives the figures and codes of the issue, and those of the customers made by hand."""

import csv
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.offers.cases import AS_OF, CASES, PRODUCTS, persons_of, scores_of, write_program, write_sources, write_states
from tests.offers.independent_pricing import apr_pct, last_payment, level_payment, price_of
from tests.offers.independent_reading import OFFER_COLUMNS, Reading, differences, read_program
from tests.offers.independent_staging import COLUMNS, Absent, Cell, staged
from tests.offers.made_customers import LENIENT, STRICT, Case

PROJECT_DIR = Path(__file__).parents[2]

# Every code in the issue's text, and the codes of empty cells that a rule needs.
CODES = {
    *("identity_unverified", "account_not_active"),
    *("credit_score_below_min", "dti_above_max", "late_payment", "payment_history_short", "too_many_loans"),
    *("income_unstable", "employment_not_accepted", "amount_below_min"),
    *("offered_within_days", "opted_out"),
    *("state_missing", "state_excluded", "state_rate_cap", "covered_borrower"),
    *("no_segment", "score_below_min", "default_risk_above_max", "other_record_chosen"),
    *("identity_verified_missing", "account_status_missing", "credit_score_missing", "debt_to_income_ratio_missing"),
    *("payment_history_missing", "existing_loans_missing", "income_variation_missing", "employment_status_missing"),
    *("income_missing", "covered_borrower_missing"),
}


def reading_of(folder: Path, program: str, cases: tuple[Case, ...]) -> Reading:
    write_sources(folder, cases)
    write_program(folder / "program.yaml", program)
    write_states(folder / "states.yaml")
    return read_program(
        *(folder, folder / "program.yaml", folder / "states.yaml", AS_OF),
        *(scores_of(cases), persons_of(cases), PRODUCTS),
    )


@pytest.fixture(scope="module", params=[STRICT, LENIENT])
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Reading]:
    return request.param, reading_of(tmp_path_factory.mktemp("cases"), request.param, CASES[request.param])


@pytest.mark.parametrize(
    ("amount", "rate", "months", "payment", "last", "apr"),
    [
        (50_000, "5.5", 60, "955.06", "954.94", "6.7680"),
        (30_000, "6.5", 48, "711.45", "711.39", "8.0756"),
        (15_000, "7.5", 36, "466.59", "466.71", "9.5755"),
    ],
)
def test_the_offers_of_the_issue_have_its_payments_and_apr(amount, rate, months, payment, last, apr):
    price = price_of(Decimal(amount), Decimal(rate), months, Decimal(3))
    assert (price.monthly_payment, price.last_payment) == (Decimal(payment), Decimal(last))
    assert round(price.apr_pct, 4) == Decimal(apr)


def test_fee_and_finance_charge_of_the_issue():
    price = price_of(Decimal(50_000), Decimal("5.5"), 60, Decimal(3))
    assert price.total_of_payments == Decimal("57303.48")
    assert (price.origination_fee, price.amount_financed) == (Decimal(1500), Decimal(48_500))
    assert price.finance_charge == Decimal("8803.48")


def test_the_examples_of_appendix_j():
    assert round(apr_pct(Decimal(5000), [Decimal(230)] * 24), 2) == Decimal("9.69")
    first_period = 1 + Fraction(19, 30)
    assert round(apr_pct(Decimal(6000), [Decimal(200)] * 36, first_period), 2) == Decimal("11.82")


def test_a_loan_without_interest_is_paid_in_equal_parts_and_has_no_apr():
    assert level_payment(Decimal(1000), Decimal(0), 12) == Decimal("83.33")
    assert last_payment(Decimal(1000), Decimal(0), 12) == Decimal("83.37")
    assert price_of(Decimal(1200), Decimal(0), 12, Decimal(0)).apr_pct == 0


def test_every_case_has_the_codes_of_the_table(read):
    program, reading = read
    failed = {customer_id: verdict.failed for customer_id, verdict in reading.verdicts.items()}
    assert failed == {case.customer_id: case.failed for case in CASES[program] if not case.quarantined}


def test_filters_and_reasons_are_in_the_order_of_the_table(read):
    program, reading = read
    for case in CASES[program]:
        if not case.quarantined:
            verdict = reading.verdicts[case.customer_id]
            assert list(verdict.failed) == list(case.failed), case.customer_id
            assert verdict.reasons == case.reasons, case.customer_id


def test_every_case_has_the_offer_of_the_table(read):
    program, reading = read
    assert reading.offers.keys() == {case.customer_id for case in CASES[program] if case.offer}
    for case in CASES[program]:
        for column, value in case.offer.items():
            term = reading.offers[case.customer_id][column]
            assert term == Decimal(value) if isinstance(term, Decimal | int) else str(term) == value, case


def test_each_case_alone_has_the_same_codes(tmp_path):
    """Nobody's verdict depends on other persons."""
    for case in CASES[STRICT]:
        if not case.person and not case.quarantined:
            assert reading_of(tmp_path, STRICT, (case,)).verdicts[case.customer_id].failed == case.failed


def test_every_code_has_a_case():
    assert {code for cases in CASES.values() for case in cases for code in case.reasons} == CODES


def test_every_row_is_accounted_for(read):
    counts = read[1].counts
    stopped = counts["stopped"]
    assert counts["accepted"] == sum(counts["offers"].values()) + sum(part["in_sequence"] for part in stopped.values())
    assert list(stopped)[-2:] == ["score", "offer"]
    assert all(stopped[last]["alone"] == stopped[last]["in_sequence"] for last in ("score", "offer"))


def test_a_customer_whom_three_filters_stop_counts_in_each_and_once_in_sequence(tmp_path):
    cases = tuple(case for case in CASES[STRICT] if case.customer_id in ("all-filters", "base", "dti-empty"))
    counts = reading_of(tmp_path, STRICT, cases).counts
    assert counts["accepted"] == 3
    assert counts["offers"] == {"excellent": 1, "good": 0, "fair": 0}
    assert counts["stopped"]["trust"] == {"alone": 1, "in_sequence": 1, "reasons": {"identity_unverified": 1}}
    assert counts["stopped"]["credit-qualification"] == {
        "alone": 2,
        "in_sequence": 1,
        "reasons": {"debt_to_income_ratio_missing": 1, "late_payment": 1, "too_many_loans": 1},
    }
    assert counts["stopped"]["affordability"] == {
        "alone": 2,
        "in_sequence": 0,
        "reasons": {"income_unstable": 1, "debt_to_income_ratio_missing": 1},
    }


def test_an_optional_column_that_a_filter_needs_must_be_in_the_file(tmp_path):
    write_sources(tmp_path, CASES[STRICT][:1])
    file = tmp_path / "customer_credit_profiles.csv"
    file.write_text(file.read_text().replace("income_variation", "income_stability"))
    write_program(tmp_path / "program.yaml", STRICT)
    write_states(tmp_path / "states.yaml")
    with pytest.raises(Absent, match="income_variation is missing; filter affordability"):
        read_program(tmp_path, tmp_path / "program.yaml", tmp_path / "states.yaml", AS_OF, {})


def test_malformed_records_and_rows_without_a_key_are_not_accepted(tmp_path):
    (tmp_path / "offer_history.csv").write_bytes(
        b'\xef\xbb\xbfCustomer Id,programId,offered-on\r\n "c1",x,2026-01-02\r\n"c2",x,2026-01-02\r\n\r\n'
        b'c3,"x,\r\ny",2026-01-02\nc4,x\nc5,"x,2026-01-02\nc6,\xff,2026-01-02\nNULL,x,2026-01-02\nc7,x,02/01/2026\n'
        b"c8,x,2026-02-30\nc9,x,\n c10\xe2\x80\x8b ,x,2026-01-02"
    )
    assert [tuple(row.values()) for row in staged(tmp_path, "offer_history").rows] == [
        ("c2", "x", date(2026, 1, 2)),
        ("c3", "x,\r\ny", date(2026, 1, 2)),
        ("c10", "x", date(2026, 1, 2)),
    ]


def test_the_columns_read_are_those_of_the_contracts():
    for source, columns in COLUMNS.items():
        contract = yaml.safe_load((PROJECT_DIR / "contracts" / "offers" / f"{source}.yaml").read_text("utf-8"))
        assert columns == {item["name"]: _declared(item) for item in contract["schema"][0]["properties"]}, source


def _declared(item: dict[str, Any]) -> Cell:
    custom = {entry["property"]: entry["value"] for entry in item.get("customProperties", [])}
    bounds = item.get("logicalTypeOptions", {})
    assert custom.keys() <= {"columnPresence", "unit", "personAttribute", "consent", "values", "missingWords", "pii"}
    return Cell(
        kind=item["logicalType"],
        required=custom.get("columnPresence") == "required",
        key=item.get("primaryKey", False),
        low=Decimal(bounds["minimum"]) if "minimum" in bounds else None,
        high=Decimal(bounds["maximum"]) if "maximum" in bounds else None,
        scale=int(item["physicalType"].rstrip(")").split(",")[1]) if "," in item["physicalType"] else 0,
        values=tuple(custom.get("values", ())),
        any_word=custom.get("missingWords") == [],
        wide=item["physicalType"] == "BIGINT",
    )


def test_differences_between_an_export_and_the_reading_are_listed(tmp_path):
    cases = tuple(case for case in CASES[STRICT] if case.customer_id in ("all-filters", "base"))
    reading = reading_of(tmp_path, STRICT, cases)
    offers, judged = tmp_path / "offers.csv", tmp_path / "judged.csv"
    terms = {column: str(value) for column, value in reading.offers["base"].items()}
    verdict = {"customer_id": "base", "first_filter": "", "first_reason": "", "reasons": ""}
    _write(offers, [terms])
    _write(judged, [verdict])
    assert differences(reading, offers, judged) == ["all-filters: not exported"]
    assert tuple(terms) == OFFER_COLUMNS
    _write(offers, [terms | {"apr_pct": "6.768002", "tier": "good"}])
    assert differences(reading, offers, judged) == [
        "base: apr_pct is '6.768002', expected 6.768001",
        "base: tier is 'good', expected excellent",
        "all-filters: not exported",
    ]


def _write(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
