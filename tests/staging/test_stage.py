"""Staging whole files: which rows are accepted, which are quarantined and why, and that none is lost.

Single cells are tested in test_judged_cells.py and test_judged_numbers.py, single records in test_records.py.
"""

from decimal import Decimal
from typing import Any

import pytest

from refi_assets.specs.contracts import load_contracts
from refi_assets.staging import stage
from refi_assets.staging.quarantine import QUARANTINE_COLUMNS
from tests.support.sources import MARKET, Sources, csv_bytes, key_of, loans_csv, market_csv

# --- Quarantine ---------------------------------------------------------------------------------------------------


def test_good_rows_are_typed_and_kept_in_the_files_order(sources: Sources) -> None:
    staged = sources.stage("market_equity", market_csv("P2,5.5,70,100", "P10,6,80.25,-3.10", "P1,4,0,0"))
    names = ("property_id", "market_rate_offer", "ltv_ratio", "monthly_savings_est")
    assert [tuple(row[name] for name in names) for row in staged.accepted] == [
        ("P2", Decimal("5.500000"), Decimal("70.000000"), Decimal("100.00")),
        ("P10", Decimal("6.000000"), Decimal("80.250000"), Decimal("-3.10")),
        ("P1", Decimal("4.000000"), Decimal("0.000000"), Decimal("0.00")),
    ]
    assert (staged.counts.rows, staged.counts.accepted, staged.counts.keys) == (3, 3, 3)
    assert (staged.counts.quarantined, staged.counts.nulled, staged.quarantine) == ({}, {}, [])


def test_each_reason_is_quarantined_with_its_place_and_original(sources: Sources) -> None:
    staged = sources.stage(
        "market_equity",
        {
            "part.csv": market_csv(
                "P1,5,70,10",
                "P2,5,70",
                " ,5,70,10",
                "P4, 7.9% ,70,10",
                "P5,5,1000.1,10",
                "P6,5,70,10",
                " P6 ,5, 70,10",
                "P7,5,70,10",
                "P7,5,70,11",
            )
        },
    )
    names = MARKET.split(",")
    expected: list[tuple[int, str, str | None, list[str] | bytes]] = [
        (2, "malformed_row", None, b"P2,5,70"),
        (3, "missing_key", "property_id", [" ", "5", "70", "10"]),
        (4, "not_a_number", "market_rate_offer", ["P4", " 7.9% ", "70", "10"]),
        (5, "out_of_range", "ltv_ratio", ["P5", "5", "1000.1", "10"]),
        (7, "duplicate_row", None, [" P6 ", "5", " 70", "10"]),
        (8, "conflicting_key", None, ["P7", "5", "70", "10"]),
        (9, "conflicting_key", None, ["P7", "5", "70", "11"]),
    ]
    assert staged.quarantine == [
        {
            "source": "market_equity",
            "file": key_of("part.csv"),
            "record_number": number,
            "reason": reason,
            "column_name": column,
            "problem": "3 fields instead of 4" if reason == "malformed_row" else None,
            "original_cells": dict(zip(names, cells, strict=True)) if isinstance(cells, list) else None,
            "original_bytes": cells if isinstance(cells, bytes) else None,
        }
        for number, reason, column, cells in expected
    ]
    assert staged.column("property_id") == ["P1", "P6"]
    assert staged.counts.quarantined == {
        "conflicting_key": 2,
        "duplicate_row": 1,
        "malformed_row": 1,
        "missing_key": 1,
        "not_a_number": 1,
        "out_of_range": 1,
    }


def test_a_bad_boolean_is_quarantined(sources: Sources) -> None:
    staged = sources.stage_rows("borrower_engagement", {"borrower_id": "B1"}, {"borrower_id": "B2", "sms_opt_in": "on"})
    assert staged.reasons == [(2, "not_a_boolean", "sms_opt_in")]
    assert staged.counts.quarantined_keys == ("B2",)


def test_the_quarantine_has_its_declared_columns_and_types(sources: Sources) -> None:
    for row in ("P1,5,70,10", "bad", ",5,70,10"):
        assert sources.stage("market_equity", market_csv(row)).quarantine_types == QUARANTINE_COLUMNS


def test_original_cells_are_kept_exactly(sources: Sources) -> None:
    cells = ["", "\u00a05\u2003", 'say "hi", 日本😎', "line\r\nbreak\ttab\\ \x00\x01'", "trailing "]
    staged = sources.stage("market_equity", csv_bytes([[*MARKET.split(","), "x"], cells]))
    assert list(staged.quarantine[0]["original_cells"].values()) == cells


def test_original_bytes_are_kept_exactly(sources: Sources) -> None:
    rows = [b"P1,\xff\xfe\x00,70,10", b'P2,"5"x,70,10', b"P3,5,70,10,'; DROP TABLE judged; --", b"P4,5\r,70"]
    staged = sources.stage("market_equity", market_csv() + b"".join(row + b"\n" for row in rows))
    assert [row["original_bytes"] for row in staged.quarantine] == rows


def test_a_long_malformed_line_is_quarantined_like_any_other(sources: Sources) -> None:
    """In hex, it is twice as long, which was more than DuckDB reads in one line."""
    long = b"x" * 5_000_000
    staged = sources.stage("market_equity", market_csv("P1,5,70,10") + long + b"\n" + b"P2,5,70,10\n")
    assert staged.column("property_id") == ["P1", "P2"]
    assert staged.reasons == [(2, "malformed_row", None)]
    assert staged.quarantine[0]["original_bytes"] == long


def test_a_file_with_only_malformed_rows_has_no_accepted_ones(sources: Sources) -> None:
    staged = sources.stage("market_equity", market_csv("x", "y", '"'))
    assert (staged.counts.rows, staged.counts.accepted, staged.counts.quarantined) == (3, 0, {"malformed_row": 3})


@pytest.mark.parametrize(
    ("row", "reason", "column"),
    [
        (",x,x", "malformed_row", None),
        (",x,2000,x", "missing_key", "property_id"),
        ("P1,x,2000,x", "not_a_number", "market_rate_offer"),
        ("P1,31,x,x", "out_of_range", "market_rate_offer"),
        ("P1,5,2000,x", "out_of_range", "ltv_ratio"),
        ("P1,5,x,x", "not_a_number", "ltv_ratio"),
        ("P1,5,,x", "not_a_number", "monthly_savings_est"),
    ],
)
def test_a_row_has_one_reason_the_first_in_the_contracts_order(
    sources: Sources, row: str, reason: str, column: str | None
) -> None:
    assert sources.stage("market_equity", market_csv(row)).reasons == [(1, reason, column)]


def test_the_order_is_the_contracts_not_the_files(sources: Sources) -> None:
    header = "monthly_savings_est,ltv_ratio,market_rate_offer,property_id"
    assert sources.stage("market_equity", market_csv("x,2000,31,P1", "x,2000,5,P2", header=header)).reasons == [
        (1, "out_of_range", "market_rate_offer"),
        (2, "out_of_range", "ltv_ratio"),
    ]


def test_a_bad_optional_cell_is_never_the_reason(sources: Sources) -> None:
    staged = sources.stage(
        "loan_information",
        loans_csv("L1,B1,x,31", "L2,B2,x,5", header="loan_id,borrower_id,loan_amount,current_interest_rate"),
    )
    assert staged.reasons == [(1, "out_of_range", "current_interest_rate")]
    assert staged.counts.nulled == {"loan_amount": 1}


def test_record_numbers_count_malformed_rows_and_not_blank_lines(sources: Sources) -> None:
    staged = sources.stage(
        "market_equity",
        market_csv(
            *("P1,5,70,10", "", "", "bad", "P3,x,70,10", "bad", "", "bad", 'P6,5,70,"1', "P7,5,70,10", ",5,70,10", ""),
            *('"P\n9",5,70,10', "P10,5,x,10", "bad"),
        ),
    )
    assert staged.reasons == [
        (2, "malformed_row", None),
        (3, "not_a_number", "market_rate_offer"),
        (4, "malformed_row", None),
        (5, "malformed_row", None),
        (6, "malformed_row", None),
        (8, "missing_key", "property_id"),
        (10, "not_a_number", "ltv_ratio"),
        (11, "malformed_row", None),
    ]
    assert staged.column("property_id") == ["P1", "P7", "P\n9"]


def test_up_to_ten_quarantined_rows_are_named_by_key(sources: Sources) -> None:
    rows = [{"borrower_id": f" B{n:02} ", "sms_opt_in": "?"} for n in range(15, 0, -1)]
    staged = sources.stage_rows("borrower_engagement", *rows, {"borrower_id": " ", "sms_opt_in": "?"})
    assert staged.counts.quarantined_keys == tuple(f"B{n:02}" for n in range(1, 11))


# --- Duplicates and conflicts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "kept", "reasons"),
    [
        (["P1,5,70,10", "P1,5,70,10"], 1, {2: "duplicate_row"}),
        (["P1,5,70,10"] * 3, 1, {2: "duplicate_row", 3: "duplicate_row"}),
        (["P1,5,70,10", " P1\t,5 ,\u00a070,\ufeff10"], 1, {2: "duplicate_row"}),
        (['"P1",5,70,10', 'P1,"5",70,10'], 1, {2: "duplicate_row"}),
        (["P1,,70,10", 'P1," ",70,10'], 1, {2: "duplicate_row"}),
        (["P1,5,70,10", "P1,5,70,11"], 0, {1: "conflicting_key", 2: "conflicting_key"}),
        (["P1,5,70,10", "P1,5.0,70,10"], 0, {1: "conflicting_key", 2: "conflicting_key"}),  # the text is compared
        (["P1,5,70,10", "P1,5,70,"], 0, {1: "conflicting_key", 2: "conflicting_key"}),
        (["P1,5,,10", "P1,,5,10"], 0, {1: "conflicting_key", 2: "conflicting_key"}),  # the same cells in other columns
        (["P1,5,70,10", "P1,5,70,10", "P1,5,70,11"], 0, dict.fromkeys((1, 2, 3), "conflicting_key")),
        (["P1,5,70,10", "p1,5,70,10", "P01,5,70,10"], 3, {}),
    ],
    ids=[
        *("two copies", "three copies", "equal once trimmed", "equal once unquoted", "empty and blank", "other cells"),
        *("another text of the same number", "a cell against none", "cells that changed places", "two of three equal"),
        "other keys",
    ],
)
def test_a_repeated_key_is_a_duplicate_or_a_conflict(
    sources: Sources, rows: list[str], kept: int, reasons: dict[int, str]
) -> None:
    staged = sources.stage("market_equity", market_csv(*rows, "P9,5,70,10"))
    assert staged.reasons == [(number, reason, None) for number, reason in reasons.items()]
    assert len(staged.accepted) == kept + 1


def test_rows_that_differ_only_in_an_ignored_column_are_in_conflict(sources: Sources) -> None:
    header = MARKET + ",note"
    staged = sources.stage("market_equity", market_csv("P1,5,70,10,a", "P1,5,70,10,b", header=header))
    assert [reason for _, reason, _ in staged.reasons] == ["conflicting_key"] * 2
    staged = sources.stage("market_equity", market_csv("P1,5,70,10,a", "P1,5,70,10, a ", header=header))
    assert [reason for _, reason, _ in staged.reasons] == ["duplicate_row"]


def test_a_bad_copy_does_not_reject_the_good_one(sources: Sources) -> None:
    """Repeated keys are judged among the rows that passed, so that a bad row conflicts with nothing."""
    staged = sources.stage("market_equity", market_csv("P1,x,70,10", "P1,5,70,10", "P1,5,2000,10"))
    assert staged.reasons == [(1, "not_a_number", "market_rate_offer"), (3, "out_of_range", "ltv_ratio")]
    assert staged.column("property_id") == ["P1"]


def test_bad_copies_between_equal_ones_change_nothing(sources: Sources) -> None:
    staged = sources.stage("market_equity", market_csv("P1,5,70,10", "P1,x,70,10", "P1,5,70,10", "bad", "P1,5,70,10"))
    assert [(number, reason) for number, reason, _ in staged.reasons] == [
        (2, "not_a_number"),
        (3, "duplicate_row"),
        (4, "malformed_row"),
        (5, "duplicate_row"),
    ]


def test_copies_with_different_nulled_cells_are_in_conflict(sources: Sources) -> None:
    rows = ("P1,5,70,10,x", "P1,5,70,10,y")
    staged = sources.stage("market_equity", market_csv(*rows, header=MARKET + ",current_home_value"))
    assert staged.counts.quarantined == {"conflicting_key": 2}
    assert staged.counts.nulled == {}


@pytest.mark.parametrize("threads", [1, 4])
def test_hundreds_of_repeated_keys_are_judged_like_two(sources: Sources, threads: int) -> None:
    """With more than about a hundred repeated keys, DuckDB read the rows in another order, and staging failed."""
    keys = [f"P{number}" for number in range(500)]
    rows = [f"{key},5,70,10" for key in keys] + [f"{key},5,70,{11 if key == 'P7' else 10}" for key in keys]
    staged = sources.stage("market_equity", market_csv(*rows), threads=threads)
    assert staged.column("property_id") == [key for key in keys if key != "P7"]
    assert [(number, reason) for number, reason, _ in staged.reasons] == [
        (number, "conflicting_key" if number in (8, 508) else "duplicate_row") for number in [8, *range(501, 1001)]
    ]
    assert staged.quarantine[-1]["original_cells"]["property_id"] == "P499"


def test_more_repeated_keys_than_a_statement_takes_are_judged_the_same(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"P{number % 70},5.5,70,{number // 105}" for number in range(140)]  # 35 homes with two different rows
    few = sources.stage("market_equity", market_csv(*rows))
    monkeypatch.setattr(stage, "_NUMBERS_IN_A_STATEMENT", 3)
    many = sources.stage("market_equity", market_csv(*rows))
    assert few.counts.quarantined == many.counts.quarantined == {"conflicting_key": 70, "duplicate_row": 35}
    assert few.accepted == many.accepted
    assert few.quarantine == many.quarantine


def test_a_file_in_which_every_row_is_repeated_often_is_judged(sources: Sources) -> None:
    staged = sources.stage("market_equity", market_csv(*["P1,5,70,10", "P2,x,70,10", "P3,5,70,10"] * 1000))
    assert staged.column("property_id") == ["P1", "P3"]
    assert staged.counts.quarantined == {"duplicate_row": 1998, "not_a_number": 1000}
    assert [number for number, _, _ in staged.reasons] == [2, *range(4, 3001)]


# --- The key of a loan --------------------------------------------------------------------------------------------


def test_loans_are_identified_by_id_so_a_borrower_may_have_several(sources: Sources) -> None:
    staged = sources.stage("loan_information", loans_csv("L1,B1,5", "L2,B1,6"))
    assert staged.column("loan_id") == ["L1", "L2"]
    assert staged.column("borrower_id") == ["B1", "B1"]


JOINT = "loan_id,borrower_id,borrower_role,current_interest_rate,loan_type,remaining_balance,note"


@pytest.mark.parametrize(
    ("rows", "accepted", "reasons"),
    [
        # Two borrowers whose rows agree on the loan, since the numbers are equal.
        (["L1,B1,primary,5.0,Fixed,100,x", "L1,B2,co,5.00,Fixed,100.00,y"], ["B1", "B2"], []),
        (["L1,B1,,5,,,", "L1,B2,,5,,,", "L1,B3,,5,,,"], ["B1", "B2", "B3"], []),
        # An empty cell does not agree with the other row.
        (["L1,B1,,5,Fixed,,", "L1,B2,,5,,,"], [], [(1, "conflicting_key"), (2, "conflicting_key")]),
        (["L1,B1,,5,,,", "L1,B2,,,,,"], [], [(1, "conflicting_key"), (2, "conflicting_key")]),
        (["L1,B1,,5,,,", "L1,B2,,6,,,", "L2,B3,,7,,,"], ["B3"], [(1, "conflicting_key"), (2, "conflicting_key")]),
        (["L1,B1,,5,,paid off,", "L1,B2,,5,,,"], [], [(1, "conflicting_key"), (2, "conflicting_key")]),
        # Two primaries contradict each other; an unknown role is null; roles are read in any case.
        (["L1,B1,primary,5,,,", "L1,B2,Primary,5,,,"], [], [(1, "conflicting_key"), (2, "conflicting_key")]),
        (["L1,B1,PRIMARY,5,,,", "L1,B2,guarantor,5,,,"], ["B1", "B2"], []),
        # Rows of one loan and borrower are compared literally; a conflict rejects every row of the loan.
        (["L1,B1,,5,,,x", "L1,B1, ,5,,,x", "L1,B2,,5,,,y"], ["B1", "B2"], [(2, "duplicate_row")]),
        (["L1,B1,,5,,,x", "L1,B2,,5,,,y", "L1,B1,,5,,,z"], [], [(n, "conflicting_key") for n in (1, 2, 3)]),
        (["L1,B1,,5,,,", "L1,B1,,5.0,,,", "L1,B2,,5,,,"], [], [(n, "conflicting_key") for n in (1, 2, 3)]),
        (["L1,B1,primary,5,,,", "L1,B1,primary,5,,,", "L1,B2,co,5,,,"], ["B1", "B2"], [(2, "duplicate_row")]),
        # A row with a bad cell does not contradict the others.
        (["L1,B1,primary,5,,,", "L1,B2,primary,7.9%,,,"], ["B1"], [(2, "not_a_number")]),
    ],
)
def test_borrowers_may_share_a_loan_if_their_rows_agree_on_it(
    sources: Sources, rows: list[str], accepted: list[str], reasons: list[tuple[int, str]]
) -> None:
    staged = sources.stage("loan_information", loans_csv(*rows, header=JOINT))
    assert staged.column("borrower_id") == accepted
    assert [(number, reason) for number, reason, _ in staged.reasons] == reasons
    assert staged.counts.keys == len(accepted)
    assert all(row["original_cells"]["loan_id"] == "L1" for row in staged.quarantine)


@pytest.mark.parametrize(
    ("rows", "accepted", "reasons"),
    [
        (["P1,30Y,360,own,5", "P1,15Y,180,own,4.5", "P1,30Y,360,rival,4"], 3, []),
        (["P1,30Y,,,5", "P1,,,,5", "P1,,360,,5"], 3, []),
        (["P1,30Y,360,own,5", "P1,30Y,360,own,5"], 1, [(2, "duplicate_row")]),
        (["P1,30Y,360,own,5", "P1,30Y,360.0,own,4"], 0, [(1, "conflicting_key"), (2, "conflicting_key")]),
        (["P1,,,,5", "P1,,,,4"], 0, [(1, "conflicting_key"), (2, "conflicting_key")]),
        (["P1,3,0,,5", "P1,30,,,5"], 2, []),
    ],
)
def test_a_home_may_have_several_offers(
    sources: Sources, rows: list[str], accepted: int, reasons: list[tuple[int, str]]
) -> None:
    header = "property_id,product,term_months,offered_by,market_rate_offer,ltv_ratio,monthly_savings_est"
    staged = sources.stage("market_equity", market_csv(*(f"{row},70,10" for row in rows), header=header))
    assert (len(staged.accepted), staged.counts.keys) == (accepted, accepted)
    assert [(number, reason) for number, reason, _ in staged.reasons] == reasons


def test_some_files_of_a_day_may_lack_the_product(sources: Sources) -> None:
    product = market_csv("P1,5,70,10,30Y", "P2,5,70,10,", header=f"{MARKET},product")
    staged = sources.stage("market_equity", {"a.csv": market_csv("P1,6,70,10", "P2,6,70,10"), "b.csv": product})
    assert [(row["property_id"], row["product"]) for row in staged.accepted] == [("P1", None), ("P1", "30Y")]
    assert staged.counts.quarantined == {"conflicting_key": 2}, "no product is a value like any other"


def test_without_loan_ids_a_borrower_has_one_loan(sources: Sources) -> None:
    header = "borrower_id,current_interest_rate"
    staged = sources.stage("loan_information", loans_csv("B1,5", "B2,6", "B1,5", "B3,5", "B3,6", ",5", header=header))
    assert [(row["loan_id"], row["borrower_id"]) for row in staged.accepted] == [(None, "B1"), (None, "B2")]
    assert staged.reasons == [
        (3, "duplicate_row", None),
        (4, "conflicting_key", None),
        (5, "conflicting_key", None),
        (6, "missing_key", "borrower_id"),
    ]
    assert staged.counts.keys == 2


def test_a_loan_needs_its_id_and_its_borrower(sources: Sources) -> None:
    staged = sources.stage("loan_information", loans_csv("L1,,5", ",B2,5", ",,5", "L4,B4,"))
    assert staged.reasons == [
        (1, "missing_key", "borrower_id"),
        (2, "missing_key", "loan_id"),
        (3, "missing_key", "loan_id"),
    ]
    assert staged.column("current_interest_rate") == [None]


def test_a_loan_and_a_borrower_with_the_same_id_are_not_one_key(sources: Sources) -> None:
    """Two files of one day, one of them without loan ids: loan 7 and borrower 7 are unrelated."""
    staged = sources.stage(
        "loan_information",
        {"a.csv": loans_csv("7,B1,5"), "b.csv": loans_csv("7,6", header="borrower_id,current_interest_rate")},
    )
    assert staged.reasons == []
    assert {(row["loan_id"], row["borrower_id"]) for row in staged.accepted} == {("7", "B1"), (None, "7")}


# --- Columns ------------------------------------------------------------------------------------------------------


def test_a_bad_optional_cell_becomes_null_and_is_counted_among_accepted_rows_only(sources: Sources) -> None:
    header = MARKET + ",current_home_value,estimated_equity_amt"
    staged = sources.stage(
        "market_equity",
        market_csv(
            "P1,5,70,10,x,1e5", "P2,5,70,10,,y", "P3,x,70,10,x,x", "P4,5,70,10,1,x", "P4,5,70,10,1,x", header=header
        ),
    )
    assert [(row["current_home_value"], row["estimated_equity_amt"]) for row in staged.accepted] == [
        (None, None),
        (None, None),
        (Decimal("1.00"), None),
    ]
    assert staged.counts.nulled == {"current_home_value": 1, "estimated_equity_amt": 3}


def test_an_empty_required_cell_that_is_not_a_key_is_null_and_not_an_error(sources: Sources) -> None:
    staged = sources.stage("market_equity", market_csv("P1,,, \t"))
    names = ("property_id", "market_rate_offer", "ltv_ratio", "monthly_savings_est")
    assert [tuple(row[name] for name in names) for row in staged.accepted] == [("P1", None, None, None)]
    assert (staged.counts.nulled, staged.quarantine) == ({}, [])


@pytest.mark.parametrize("source", ["borrower_information", "loan_information", "market_equity", "borrower_engagement"])
def test_absent_optional_columns_have_the_contracts_type_and_are_null_by_default(sources: Sources, source: str) -> None:
    staged = sources.stage_rows(source, {})
    contract = load_contracts()[source]
    states = {f"{column.name}_state": "VARCHAR" for column in contract.columns if column.states}
    assert staged.accepted_types == {column.name: column.sql_type for column in contract.columns} | states
    absent = [column.name for column in contract.columns if not column.present and column.name != "loan_id"]
    own = {"offered_by": "own"} if source == "market_equity" else {}
    assert {name: staged.accepted[0][name] for name in absent} == dict.fromkeys(absent) | own


def test_columns_without_a_name_are_ignored_and_kept_apart(sources: Sources) -> None:
    header = f"{MARKET},,"
    staged = sources.stage(
        "market_equity", market_csv("P1,5,70,10,a,b", "P1,5,70,10,a,b", "P1,5,70,10,a,c", header=header)
    )
    assert staged.counts.quarantined == {"conflicting_key": 3}
    assert sources.stage("market_equity", market_csv("P1,5,70,10,a,b", header=header)).column("property_id") == ["P1"]
    changed_places = sources.stage("market_equity", market_csv("P1,5,70,10,a,", "P1,5,70,10,,a", header=header))
    assert changed_places.counts.quarantined == {"conflicting_key": 2}


# --- The same whatever the threads --------------------------------------------------------------------------------


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows by their key; a relation has no order of its own."""
    return sorted(rows, key=lambda row: str(row["property_id"]))


def test_the_rows_are_the_same_whatever_the_number_of_threads(sources: Sources) -> None:
    rows = 260_000  # more than two row groups of DuckDB's

    def line(n: int) -> str:
        if n % 5000 == 7:
            return "bad"
        rate = "x" if n % 3000 == 5 else '"6.125"' if n % 1000 == 9 else "6.125"
        return f"P{n if n % 1000 else n // 2},{rate},80.5,{n}.25"

    data = market_csv(*map(line, range(rows)))
    one, four = (sources.stage("market_equity", data, threads=threads) for threads in (1, 4))
    assert one.counts.rows == rows
    assert four.counts == one.counts
    assert in_order(four.accepted) == in_order(one.accepted)
    assert four.quarantine == one.quarantine
