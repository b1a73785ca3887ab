"""The causes of rows in quarantine: counts, and shapes that quote no data."""

import pytest

from refi_assets.specs.outcomes import Cause
from refi_assets.staging.causes import masked
from tests.support.sources import Sources, csv_bytes, loans_csv, market_csv


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("6.250%", "9.999%"),
        ('="00123"', '="99999"'),
        ("1.2E+05", "9.9E+99"),
        ("3e5", "9e9"),
        ("$1,200.50", "$9,999.99"),
        ("0.0575", "9.9999"),
        ("May-25", "Aaa-99"),
        ("Élodie d'Été", "Aaaaaa a'Aaa"),
        ("मीना", "aaaa"),
        ("\uff15\uff0e\uff12\uff15", "9\uff0e99"),
        ("a\x1b[2Jb", "a?[9Aa"),
        ("x" * 61, "a" * 60 + "…"),
        ("", ""),
    ],
)
def test_a_shape_reveals_no_digits_or_letters(text: str, shape: str) -> None:
    assert masked(text) == shape


def test_cells_of_one_shape_are_one_cause_and_the_most_frequent_is_first(sources: Sources) -> None:
    rates = ["6.250%", "10.5%", "7%", "$6.25", "6,25", "6,5", ""]
    rows = [f'L{n},B{n},"{rate}"' for n, rate in enumerate(rates)]

    staged = sources.stage("loan_information", loans_csv(*rows))

    column = "current_interest_rate"
    assert staged.counts.causes == (
        Cause("not_a_number", 3, column, shape="99.9%"),
        Cause("not_a_number", 2, column, shape="9,99"),
        Cause("not_a_number", 1, column, shape="$9.99"),
    )


def test_a_malformed_record_shows_the_field_that_is_wrong(sources: Sources) -> None:
    rows = ['="L1","B1",6.25', "L2,B2,1,200", "L3,B3", "L4,B\u20194,6".encode("cp1252").decode("latin-1")]
    data = loans_csv(*rows).decode().encode("latin-1")

    staged = sources.stage("loan_information", data)

    shapes = {cause.problem: cause.shape for cause in staged.counts.causes}
    assert shapes == {
        "broken quoting": '="A9"',
        "4 fields instead of 3": "A9,A9,9,999",
        "2 fields instead of 3": "A9,A9",
        "not UTF-8; reads as Windows-1252": "A\u20199",
    }
    assert {cause.reason for cause in staged.counts.causes} == {"malformed_row"}


def test_a_conflict_names_the_columns_in_which_rows_of_one_key_differ(sources: Sources) -> None:
    header = 'property_id,market_rate_offer,ltv_ratio,monthly_savings_est,current_home_value,what/~is "it"'
    rows = ["P1,5.25,70,1,400000,a", "P1,5.00,70,1,400000,b", "P2,5.25,70,1,1,c", "P2, 5.25,70,1,1,d", "P3,5,70,1,1,e"]

    staged = sources.stage("market_equity", market_csv(*rows, header=header.replace('"', "'")))

    (cause,) = staged.counts.causes
    assert (cause.reason, cause.rows) == ("conflicting_key", 4)
    assert cause.problem == "rows of one property_id differ in what/~is 'it', market_rate_offer"


def test_a_missing_key_and_a_duplicate_row_have_no_shape(sources: Sources) -> None:
    staged = sources.stage("loan_information", loans_csv("L1,B1,6", "L1,B1,6", "L2,,6", "L3,B3,99", "L4,B4,6"))

    assert staged.counts.causes == (
        Cause("duplicate_row", 1),
        Cause("missing_key", 1, "borrower_id"),
        Cause("out_of_range", 1, "current_interest_rate", shape="99"),
    )


def test_at_most_ten_causes_are_kept_and_clean_rows_have_none(sources: Sources) -> None:
    odd = [f"6{'%' * n}" for n in range(1, 13)]
    many = sources.stage(
        "loan_information",
        csv_bytes(
            [
                ["loan_id", "borrower_id", "current_interest_rate"],
                *([f"L{n}", f"B{n}", rate] for n, rate in enumerate(odd)),
            ]
        ),
    )

    assert len(many.counts.causes) == 10
    assert sources.stage("loan_information", loans_csv("L1,B1,6")).counts.causes == ()
