"""Staging whole files: which rows are accepted, which are quarantined and why, and that none is lost.

Single cells are the matter of test_judge.py, single records of test_records.py.
"""

import gzip
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refi_assets.contracts import load_contracts
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import SourceError
from refi_assets.lake import RunFolder, ingest_folder
from refi_assets.staging.snapshots import ScannedSnapshot, require_columns, scan_source
from refi_assets.staging.stage import QUARANTINE_COLUMNS
from tests import reference_staging
from tests.agreement import require_same_staging
from tests.sources import DAY, Sources, StagedSource, csv_bytes, market_csv

MARKET = "property_id,market_rate_offer,ltv_ratio,monthly_savings_est"


def loans_csv(*rows: str, header: str = "loan_id,borrower_id,current_interest_rate") -> bytes:
    return "".join(line + "\n" for line in (header, *rows)).encode()


def key_of(name: str, source: str = "market_equity") -> str:
    return f"raw/{source}/load_date={DAY}/{name}"


# --- Quarantine ---------------------------------------------------------------------------------------------------


def test_good_rows_are_typed_and_kept_in_the_files_order(sources: Sources) -> None:
    staged = sources.stage("market_equity", market_csv("P2,5.5,70,100", "P10,6,80.25,-3.10", "P1,4,0,0"))
    assert [tuple(row.values())[:4] for row in staged.accepted] == [
        ("P2", Decimal("5.500000"), Decimal("70.000000"), Decimal("100.00")),
        ("P10", Decimal("6.000000"), Decimal("80.250000"), Decimal("-3.10")),
        ("P1", Decimal("4.000000"), Decimal("0.000000"), Decimal("0.00")),
    ]
    assert (staged.counts.rows, staged.counts.accepted, staged.counts.keys) == (3, 3, 3)
    assert (staged.counts.quarantined, staged.counts.nulled, staged.quarantine) == ({}, {}, [])


def test_each_reason_is_quarantined_with_where_it_was_and_what_it_said(sources: Sources) -> None:
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
    assert staged.counts.quarantined_borrower_ids == ["B2"]


def test_the_quarantine_has_the_columns_and_types_it_says_it_has(sources: Sources) -> None:
    for row in ("P1,5,70,10", "bad", ",5,70,10"):
        assert sources.stage("market_equity", market_csv(row)).quarantine_types == QUARANTINE_COLUMNS


def test_original_cells_are_kept_exactly_as_they_were(sources: Sources) -> None:
    cells = ["", "\u00a05\u2003", 'say "hi", 日本😎', "line\r\nbreak\ttab\\ \x00\x01'", "trailing "]
    staged = sources.stage("market_equity", csv_bytes([[*MARKET.split(","), "x"], cells]))
    assert list(staged.quarantine[0]["original_cells"].values()) == cells


def test_original_bytes_are_kept_exactly_as_they_were(sources: Sources) -> None:
    rows = [b"P1,\xff\xfe\x00,70,10", b'P2,"5"x,70,10', b"P3,5,70,10,'; DROP TABLE judged; --", b"P4,5\r,70"]
    staged = sources.stage("market_equity", market_csv() + b"".join(row + b"\n" for row in rows))
    assert [row["original_bytes"] for row in staged.quarantine] == rows


def test_a_long_malformed_line_is_quarantined_like_any_other(sources: Sources) -> None:
    """Set aside in hex it is twice as long, and was more than DuckDB would read in one line."""
    long = b"x" * 5_000_000
    staged = sources.stage("market_equity", market_csv("P1,5,70,10") + long + b"\n" + b"P2,5,70,10\n")
    assert staged.column("property_id") == ["P1", "P2"]
    assert staged.reasons == [(2, "malformed_row", None)]
    assert staged.quarantine[0]["original_bytes"] == long


def test_a_file_of_malformed_rows_only_has_none_to_accept(sources: Sources) -> None:
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
def test_one_reason_a_row_the_first_in_the_contracts_order(
    sources: Sources, row: str, reason: str, column: str | None
) -> None:
    assert sources.stage("market_equity", market_csv(row)).reasons == [(1, reason, column)]


def test_the_order_is_the_contracts_not_the_files(sources: Sources) -> None:
    header = "monthly_savings_est,ltv_ratio,market_rate_offer,property_id"
    assert sources.stage("market_equity", market_csv("x,2000,31,P1", "x,2000,5,P2", header=header)).reasons == [
        (1, "out_of_range", "market_rate_offer"),
        (2, "out_of_range", "ltv_ratio"),
    ]


def test_a_bad_optional_cell_never_names_the_reason(sources: Sources) -> None:
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


def test_up_to_ten_borrowers_of_quarantined_rows_are_named_by_id(sources: Sources) -> None:
    rows = [{"borrower_id": f" B{n:02} ", "sms_opt_in": "?"} for n in range(15, 0, -1)]
    staged = sources.stage_rows("borrower_engagement", *rows, {"borrower_id": " ", "sms_opt_in": "?"})
    assert staged.counts.quarantined_borrower_ids == [f"B{n:02}" for n in range(1, 11)]


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
        (["P1,5,,10", "P1,,5,10"], 0, {1: "conflicting_key", 2: "conflicting_key"}),  # the same cells, elsewhere
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


def test_rows_that_differ_in_an_ignored_column_only_are_in_conflict(sources: Sources) -> None:
    header = MARKET + ",note"
    staged = sources.stage("market_equity", market_csv("P1,5,70,10,a", "P1,5,70,10,b", header=header))
    assert [reason for _, reason, _ in staged.reasons] == ["conflicting_key"] * 2
    staged = sources.stage("market_equity", market_csv("P1,5,70,10,a", "P1,5,70,10, a ", header=header))
    assert [reason for _, reason, _ in staged.reasons] == ["duplicate_row"]


def test_a_bad_copy_does_not_cost_the_good_one(sources: Sources) -> None:
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


def test_a_nulled_optional_cell_still_tells_copies_apart(sources: Sources) -> None:
    rows = ("P1,5,70,10,x", "P1,5,70,10,y")
    staged = sources.stage("market_equity", market_csv(*rows, header=MARKET + ",current_home_value"))
    assert staged.counts.quarantined == {"conflicting_key": 2}
    assert staged.counts.nulled == {}


@pytest.mark.parametrize("threads", [1, 4])
def test_hundreds_of_repeated_keys_are_judged_like_two(sources: Sources, threads: int) -> None:
    """From about a hundred repeated keys on, DuckDB read the rows in another order, and staging gave up."""
    keys = [f"P{number}" for number in range(500)]
    rows = [f"{key},5,70,10" for key in keys] + [f"{key},5,70,{11 if key == 'P7' else 10}" for key in keys]
    staged = sources.stage("market_equity", market_csv(*rows), threads=threads)
    assert staged.column("property_id") == [key for key in keys if key != "P7"]
    assert [(number, reason) for number, reason, _ in staged.reasons] == [
        (number, "conflicting_key" if number in (8, 508) else "duplicate_row") for number in [8, *range(501, 1001)]
    ]
    assert staged.quarantine[-1]["original_cells"]["property_id"] == "P499"


def test_a_file_in_which_every_row_is_repeated_often_is_judged(sources: Sources) -> None:
    staged = sources.stage("market_equity", market_csv(*["P1,5,70,10", "P2,x,70,10", "P3,5,70,10"] * 1000))
    assert staged.column("property_id") == ["P1", "P3"]
    assert staged.counts.quarantined == {"duplicate_row": 1998, "not_a_number": 1000}
    assert [number for number, _, _ in staged.reasons] == [2, *range(4, 3001)]


# --- The key of a loan --------------------------------------------------------------------------------------------


def test_a_loan_is_known_by_its_id_so_that_a_borrower_may_have_several(sources: Sources) -> None:
    staged = sources.stage("loan_information", loans_csv("L1,B1,5", "L2,B1,6", "L1,B2,5"))
    assert staged.column("loan_id") == ["L2"]
    assert staged.reasons == [(1, "conflicting_key", None), (3, "conflicting_key", None)]


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


def test_a_loan_and_a_borrower_of_the_same_name_are_not_one_key(sources: Sources) -> None:
    """Two files of one day, one of them without loan ids: loan 7 and borrower 7 have nothing to do with each other."""
    staged = sources.stage(
        "loan_information",
        {"a.csv": loans_csv("7,B1,5"), "b.csv": loans_csv("7,6", header="borrower_id,current_interest_rate")},
    )
    assert staged.reasons == []
    assert {(row["loan_id"], row["borrower_id"]) for row in staged.accepted} == {("7", "B1"), (None, "7")}


# --- Several files, other forms -----------------------------------------------------------------------------------


def test_files_of_one_day_are_one_source_whatever_their_columns_and_order(sources: Sources) -> None:
    staged = sources.stage(
        "market_equity",
        {
            "b.csv": market_csv(
                "10,70,5,P2,ignored", header="monthly_savings_est,ltv_ratio,market_rate_offer,property_id,x"
            ),
            "a.csv": market_csv("P1,5,70,10"),
            "c.csv": market_csv("P3,5,70,10,250000", header=MARKET.upper() + ",current_home_value"),
        },
    )
    home_values = {row["property_id"]: row["current_home_value"] for row in staged.accepted}
    assert home_values == {"P1": None, "P2": None, "P3": Decimal("250000.00")}
    assert staged.column("monthly_savings_est") == [Decimal("10.00")] * 3


def test_copies_and_conflicts_are_found_across_files_the_first_file_is_kept(sources: Sources) -> None:
    staged = sources.stage(
        "market_equity",
        {
            "b.csv": market_csv(
                "bad", "70,5,P1,10,", header="ltv_ratio,market_rate_offer,property_id,monthly_savings_est,x"
            ),
            "a.csv": market_csv("P1,5,70,10", "P2,5,70,10"),
            "c.csv": market_csv("P2,5,70,11", "P1,5,70,10"),
        },
    )
    assert [(row["file"][-5:], row["record_number"], row["reason"]) for row in staged.quarantine] == [
        ("a.csv", 2, "conflicting_key"),
        ("b.csv", 1, "malformed_row"),
        ("b.csv", 2, "duplicate_row"),
        ("c.csv", 1, "conflicting_key"),
        ("c.csv", 2, "duplicate_row"),
    ]
    assert staged.column("property_id") == ["P1"]
    assert staged.counts.rows == 6


def test_a_compressed_file_reads_as_the_file_in_it(sources: Sources) -> None:
    data = market_csv('"P1",5,70,10', "bad", "P2,x,70,10", "P3,5,70,10")
    plain, packed = sources.stage("market_equity", data), sources.stage("market_equity", {"part.csv.gz": data})
    assert (packed.accepted, packed.reasons, packed.counts) == (plain.accepted, plain.reasons, plain.counts)
    assert packed.files[0].sha256 != plain.files[0].sha256, "the hash is of the bytes in the lake"
    clean = sources.stage("market_equity", {"part.csv.gz": market_csv("P1,5,70,10")})
    assert clean.column("property_id") == ["P1"]


def stage_raw_gz(sources: Sources, data: bytes) -> StagedSource:
    folder = sources.new_folder({"market_equity/part.csv.gz": b""})
    (folder / "market_equity" / "part.csv.gz").write_bytes(data)
    return sources.stage_folder("market_equity", folder)


def test_a_compressed_file_may_have_several_members(sources: Sources) -> None:
    data = gzip.compress(market_csv("P1,5,70,10")) + gzip.compress(b"P2,5,70,10\n")
    assert stage_raw_gz(sources, data).column("property_id") == ["P1", "P2"]


GZ = gzip.compress(market_csv("P1,5,70,10"))


@pytest.mark.parametrize(
    "data",
    [
        GZ[:-9],
        GZ[:20],
        b"",
        b"not gzip",
        GZ + b"rubbish",
        GZ[:-8] + b"\0\0\0\0" + GZ[-4:],
        GZ[:15] + b"\xff" * 9 + GZ[24:],
    ],
    ids=["cut short", "cut very short", "empty", "not gzip", "rubbish after it", "wrong checksum", "damaged"],
)
def test_a_damaged_compressed_file_is_refused_by_name(sources: Sources, data: bytes) -> None:
    with pytest.raises(SourceError, match=r"^raw/market_equity/load_date=2026-02-20/part\.csv\.gz.*\.$"):
        stage_raw_gz(sources, data)


def test_zeros_after_a_compressed_file_are_nothing(sources: Sources) -> None:
    """Tapes and block devices pad files with zeros; gzip itself passes over them."""
    assert stage_raw_gz(sources, GZ + b"\0" * 512).column("property_id") == ["P1"]


def test_parquet_reads_like_csv(sources: Sources) -> None:
    staged = sources.stage(
        "market_equity",
        {
            "part.parquet": sources.parquet(
                """
                SELECT * FROM (VALUES
                    (' P1 ', 6.1249999999999996::DOUBLE, 80.5::FLOAT, 12.345::DECIMAL(9, 3), 250000::BIGINT, '1.5'),
                    ('P2', 30.0000001::DOUBLE, 80.5, 1, 1, '1'),
                    ('P3', 'NaN'::DOUBLE, 80.5, 1, 1, '1'),
                    (NULL, 5, 80.5, 1, 1, '1'),
                    ('P5', NULL, NULL, NULL, NULL, NULL),
                    ('P6', 1e-7::DOUBLE, 0, -1, 1, 'x'),
                    ('P7', 5, 80.5, 1, 1, '1'),
                    ('P7', 5, 80.5, 1, 1, ' 1'),
                    ('P8', 'Infinity'::DOUBLE, 80.5, 1, 1, '1')
                ) AS cells (property_id, "Market_Rate_Offer ", ltv_ratio, monthly_savings_est, current_home_value,
                            estimated_equity_amt)
                """
            )
        },
    )
    assert [tuple(row.values()) for row in staged.accepted] == [
        ("P1", *map(Decimal, ("6.125000", "80.500000", "12.35", "250000.00", "1.50"))),
        ("P5", None, None, None, None, None),
        ("P6", *map(Decimal, ("0.000000", "0.000000", "-1.00", "1.00")), None),
        ("P7", *map(Decimal, ("5.000000", "80.500000", "1.00", "1.00", "1.00"))),
    ]
    assert staged.reasons == [
        (2, "out_of_range", "market_rate_offer"),
        (3, "not_a_number", "market_rate_offer"),
        (4, "missing_key", "property_id"),
        (8, "duplicate_row", None),
        (9, "not_a_number", "market_rate_offer"),
    ]
    assert staged.counts.nulled == {"estimated_equity_amt": 1}


def test_booleans_and_integers_of_parquet_are_read(sources: Sources) -> None:
    staged = sources.stage(
        "borrower_engagement",
        {
            "part.parquet": sources.parquet(
                "SELECT 7::BIGINT AS borrower_id, true AS paperless_billing, 0::TINYINT AS email_open_last_30d, "
                "NULL::BOOLEAN AS mobile_app_login_last_30d, 'Yes' AS sms_opt_in, [1, 2] AS ignored, "
                'TIMESTAMP \'2026-01-01\' AS "also "" ignored"'
            )
        },
    )
    assert [tuple(row.values()) for row in staged.accepted] == [("7", True, False, None, True)]


def test_a_whole_number_stored_as_a_double_is_an_integer(sources: Sources) -> None:
    """pandas turns an integer column with one empty cell into doubles: 720 becomes 720.0."""
    select = "'Ada' AS first_name, 'Byron' AS last_name, 'P1' AS property_id"
    staged = sources.stage(
        "borrower_information",
        {
            "part.parquet": sources.parquet(
                f"SELECT 'B1' AS borrower_id, {select}, 720.0::DOUBLE AS credit_score UNION ALL "
                f"SELECT 'B2', {select}, NULL UNION ALL SELECT 'B3', {select}, 720.5"
            )
        },
    )
    assert staged.column("credit_score") == [720, None, None]
    assert staged.counts.nulled == {"credit_score": 1}


def test_the_name_of_the_load_dates_folder_is_no_column_of_the_file(sources: Sources) -> None:
    """DuckDB takes load_date=2026-02-20 in a path for a column, and would put it in place of the file's own."""
    good = "5 AS market_rate_offer, 70 AS ltv_ratio, 10 AS monthly_savings_est"
    plain = sources.stage("market_equity", {"part.parquet": sources.parquet(f"SELECT '' AS property_id, {good}")})
    assert list(plain.quarantine[0]["original_cells"]) == MARKET.split(",")
    own = sources.stage(
        "market_equity", {"part.parquet": sources.parquet(f"SELECT '' AS property_id, {good}, 'mine' AS load_date")}
    )
    assert own.quarantine[0]["original_cells"]["load_date"] == "mine"
    csv = sources.stage("market_equity", market_csv(",5,70,10,mine", header=MARKET + ",load_date"))
    assert csv.quarantine[0]["original_cells"]["load_date"] == "mine"


def test_a_file_that_is_no_parquet_is_refused_by_name(sources: Sources) -> None:
    for data in (b"", b"PAR1", market_csv("P1,5,70,10")):
        with pytest.raises(SourceError, match=r"part\.parquet cannot be read as Parquet"):
            sources.stage("market_equity", {"part.parquet": data})


def test_csv_and_parquet_may_be_parts_of_one_day(sources: Sources) -> None:
    parquet = sources.parquet(
        "SELECT 'P1' AS property_id, 5 AS market_rate_offer, 70 AS ltv_ratio, 10 AS monthly_savings_est"
    )
    staged = sources.stage("market_equity", {"a.csv": market_csv("P1,5,70,10"), "b.parquet": parquet})
    assert staged.column("property_id") == ["P1"]
    assert [(row["file"][-9:], row["reason"]) for row in staged.quarantine] == [("b.parquet", "duplicate_row")]


# --- Columns ------------------------------------------------------------------------------------------------------


def test_a_bad_optional_cell_becomes_null_and_is_counted_over_accepted_rows_only(sources: Sources) -> None:
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


def test_an_empty_required_cell_that_is_no_key_is_null_and_no_error(sources: Sources) -> None:
    staged = sources.stage("market_equity", market_csv("P1,,, \t"))
    assert [tuple(row.values())[:4] for row in staged.accepted] == [("P1", None, None, None)]
    assert (staged.counts.nulled, staged.quarantine) == ({}, [])


@pytest.mark.parametrize("source", ["borrower_information", "loan_information", "market_equity", "borrower_engagement"])
def test_absent_optional_columns_are_null_and_of_the_contracts_type(sources: Sources, source: str) -> None:
    staged = sources.stage_rows(source, {})
    contract = load_contracts()[source]
    assert staged.accepted_types == {column.name: column.sql_type for column in contract.columns}
    absent = [column.name for column in contract.columns if not column.present and column.name != "loan_id"]
    assert [staged.accepted[0][name] for name in absent] == [None] * len(absent)


def test_columns_without_a_name_are_ignored_and_kept_apart(sources: Sources) -> None:
    header = f"{MARKET},,"
    staged = sources.stage(
        "market_equity", market_csv("P1,5,70,10,a,b", "P1,5,70,10,a,b", "P1,5,70,10,a,c", header=header)
    )
    assert staged.counts.quarantined == {"conflicting_key": 3}
    assert sources.stage("market_equity", market_csv("P1,5,70,10,a,b", header=header)).column("property_id") == ["P1"]
    changed_places = sources.stage("market_equity", market_csv("P1,5,70,10,a,", "P1,5,70,10,,a", header=header))
    assert changed_places.counts.quarantined == {"conflicting_key": 2}


# --- A source that cannot be read at all --------------------------------------------------------------------------


def scan(sources: Sources, files: dict[str, bytes]) -> ScannedSnapshot:
    folder = sources.new_folder({f"market_equity/{name}": data for name, data in files.items()})
    ingest_folder(sources.lake, folder, DAY, load_contracts(), replace=True)
    contract = load_contracts()["market_equity"]
    scanned, _ = scan_source(sources.lake, DuckDBEngine(sources.lake), contract, DAY, RunFolder(sources.lake, "run"))
    require_columns(contract, scanned.files)
    return scanned


def test_a_source_that_is_missing_is_refused(sources: Sources) -> None:
    contract = load_contracts()["market_equity"]
    with pytest.raises(
        SourceError, match=r"market_equity: no file .* on or before 2026-02-20 .*expected market_equity"
    ):
        scan_source(sources.lake, DuckDBEngine(sources.lake), contract, DAY, RunFolder(sources.lake, "run"))


@pytest.mark.parametrize("data", [market_csv(), MARKET.encode(), market_csv("", "", "\r")])
def test_a_source_without_rows_is_refused(sources: Sources, data: bytes) -> None:
    with pytest.raises(SourceError, match=r"market_equity/load_date=2026-02-20/a\.csv.*: no rows"):
        scan(sources, {"a.csv": data})


def test_a_file_without_rows_beside_one_with_rows_is_no_error(sources: Sources) -> None:
    assert scan(sources, {"a.csv": market_csv(), "b.csv": market_csv("P1,5,70,10")}).rows == 1


@pytest.mark.parametrize("name", MARKET.split(","))
def test_a_source_without_a_required_column_is_refused_by_name(sources: Sources, name: str) -> None:
    others = [one for one in MARKET.split(",") if one != name]
    words = (
        rf"b\.csv: column '{name}' is missing; found: {', '.join(others)}, x; expected: {MARKET.replace(',', ', ')}\."
    )
    with pytest.raises(SourceError, match=words):
        scan(
            sources,
            {"a.csv": market_csv("P1,5,70,10"), "b.csv": market_csv("1,2,3,4", header=",".join([*others, "x"]))},
        )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (market_csv("P1,5,70,10").decode().encode("utf-16"), "the header is not UTF-8"),
        (b"property_id;market_rate_offer;ltv_ratio;monthly_savings_est\nP1;5;70;10\n", "'property_id', .* missing"),
        (b"property_id\n\nP1\n\n", "'market_rate_offer', 'ltv_ratio', 'monthly_savings_est' is missing"),
        (market_csv("P1,5,70,10").replace(b"\n", b"\r"), "no rows"),
    ],
    ids=["empty", "UTF-16", "semicolons", "one column", "CR line ends"],
)
def test_a_source_that_cannot_be_read_is_refused_with_one_clear_message(
    sources: Sources, data: bytes, words: str
) -> None:
    with pytest.raises(SourceError, match=words) as refused:
        scan(sources, {"a.csv": data})
    assert "raw/market_equity/load_date=2026-02-20/a.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


# --- Injection ----------------------------------------------------------------------------------------------------

INJECTIONS = [
    "'; DROP TABLE judged; --",
    "' OR '1'='1",
    '"; DELETE FROM quarantined; --',
    "'||(SELECT 1)||'",
    "{0} {name} %s :name $1 ?",
    "\\'; SELECT 1; --",
    "$$; DROP VIEW judged; $$",
    "NULL",
    "--",
    "/* */",
]


def test_sql_in_cells_is_text(sources: Sources) -> None:
    rows = [{"borrower_id": text, "first_name": text, "email": text, "extra": text} for text in INJECTIONS]
    staged = sources.stage_rows("borrower_information", *rows, *rows)
    assert staged.column("borrower_id") == staged.column("first_name") == staged.column("email") == INJECTIONS
    assert staged.counts.quarantined == {"duplicate_row": len(INJECTIONS)}
    assert [row["original_cells"]["extra"] for row in staged.quarantine] == INJECTIONS


@pytest.mark.parametrize(
    "name",
    [
        *INJECTIONS,
        "text of property_id",
        "raw 0",
        "fault",
        "nulled",
        "row_key",
        "cut of ltv_ratio",
        "c0",
        "c1",
        "*",
        "n",
    ],
)
def test_any_further_column_name_does_nothing(sources: Sources, name: str) -> None:
    header = [name, *MARKET.split(",")]
    rows = [["x", "P1", "5", "70", "10"], ["x", "P1", "5", "70", "10"], ["y", "", "5", "70", "10"]]
    staged = sources.stage("market_equity", csv_bytes([header, *rows]))
    assert staged.column("property_id") == ["P1"]
    assert [
        (reason, row["original_cells"][name.casefold()])
        for (_, reason, _), row in zip(staged.reasons, staged.quarantine, strict=True)
    ] == [
        ("duplicate_row", "x"),
        ("missing_key", "y"),
    ]


def test_a_nul_in_a_column_name_does_nothing(sources: Sources) -> None:
    """A NUL ends a statement for DuckDB's parser."""
    staged = sources.stage("market_equity", market_csv("P1,5,70,10,x", ",5,70,10,y", header=MARKET + ",a\x00b"))
    assert staged.column("property_id") == ["P1"]


@pytest.mark.parametrize("name", INJECTIONS)
def test_sql_in_a_parquet_columns_name_does_nothing(sources: Sources, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    select = (
        f"SELECT '' AS property_id, 5 AS market_rate_offer, 70 AS ltv_ratio, 10 AS monthly_savings_est, 'x' AS {quoted}"
    )
    staged = sources.stage("market_equity", {"part.parquet": sources.parquet(select)})
    assert staged.quarantine[0]["original_cells"][name.casefold()] == "x"


def test_quotes_in_file_names_do_nothing(sources: Sources) -> None:
    names = ["a'b.csv", 'a"b.csv', "a'); DROP VIEW judged; --.csv"]
    staged = sources.stage("market_equity", {name: market_csv(f"P{n},5,70,10", "bad") for n, name in enumerate(names)})
    assert sorted(staged.column("property_id")) == ["P0", "P1", "P2"]
    assert sorted({row["file"] for row in staged.quarantine}) == sorted(key_of(name) for name in names)


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
    one, two, four = (sources.stage("market_equity", data, threads=threads) for threads in (1, 2, 4))
    assert one.counts.rows == rows
    for other in (two, four):
        assert other.counts == one.counts
        assert in_order(other.accepted) == in_order(one.accepted)
        assert other.quarantine == one.quarantine


# --- Random messy files against a slow, independent judge ---------------------------------------------------------

KEYS = st.sampled_from(["P1", "P2", " P2", "P3", "P4", '"P,5"', '"P\n6"', "", " ", "é", "\u00a0P1"])
NUMBERS = st.one_of(
    st.sampled_from(
        ["5", "5", "5.0", " 5", "", "30.00000001", "0", "-0.005", "6.1249999999999996", "1e3", "$5", '"5"']
    ),
    st.sampled_from(
        ["1_0", "\u0661", "999.9999999", "1000.00000001", "99999999999999999", "-", ".", "+.5", '"1,200"', "\ufeff7"]
    ),
)
BROKEN_LINES = st.sampled_from(["bad", "", "  ", 'P1,"5,70,10', "P1,5", "P1,5,70,10,1,2,3", '"', "P1,5\r,70,10", "\r"])


@st.composite
def messy_files(draw: st.DrawFn) -> dict[str, bytes]:
    """One to three files of market_equity, each with columns in an order of its own."""
    found = {}
    for name in "abc"[: draw(st.integers(1, 3))]:
        optional = draw(st.lists(st.sampled_from(["current_home_value", "estimated_equity_amt", "Extra"]), unique=True))
        names = draw(st.permutations(["property_id", " LTV_Ratio", *reference_staging.REQUIRED[::2], *optional]))
        lines = [",".join(names)]
        for _ in range(draw(st.integers(0, 12))):
            if draw(st.integers(0, 6)) == 0:
                lines.append(draw(BROKEN_LINES))
            elif draw(st.integers(0, 2)) == 0:
                lines.append(draw(st.sampled_from(lines[1:])) if len(lines) > 1 else "bad")
            else:
                lines.append(",".join(draw(KEYS if column == "property_id" else NUMBERS) for column in names))
        line_end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
        found[f"{name}.csv"] = line_end.join([*lines, draw(st.sampled_from(["", '"', line_end]))]).encode()
    return found


@settings(max_examples=40)
@given(messy_files(), st.sampled_from([1, 2, 4]))
def test_any_messy_files_are_staged_as_a_slow_independent_judge_stages_them(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], threads: int
) -> None:
    require_same_staging(Sources(tmp_path_factory.mktemp("messy")), files, threads)


HEADERS = st.sampled_from(
    [
        *[MARKET.encode()] * 4,
        MARKET.upper().encode() + b",,note,",
        ("\ufeff " + MARKET.replace(",", "\u00a0,\t")).encode(),
        b'"' + MARKET.replace(",", '","').encode() + b'",current_home_value',
        b"\r\n" + MARKET.encode() + b",a,A",
        b"\xff," + MARKET.encode(),
        MARKET[:-1].encode(),
        b"",
    ]
)
BYTES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"\n", b"\r\n", b"\r", b",", b'"', b'""', b'","', b'"\n', b"\0", b"\xff", b"\xef\xbb\xbf"]),
    st.sampled_from([b"P1", b"P1,5,70,10", b"\nP1,5,70,10\n", b'\n"P1",5,70,"10"\r\n', b"\xc2\xa0", b"5", b"\xc3"]),
    st.sampled_from([b"x" * 5000, b'"' + b"y\n" * 3000 + b'"', b"9" * 60, b"0." + b"0" * 400 + b"1", b" "]),
    st.sampled_from([b"\nP1,5,70,10,x,y,z", b"P1,5,70,10,x,\n", b"P1,5,70,10,,x\n"]),
)


@settings(max_examples=120)
@given(HEADERS, st.sampled_from([b"\n", b"\n", b"\r\n", b""]), st.lists(BYTES, max_size=12))
@example(MARKET.encode() + b",,", b"\n", [b"P1,5,70,10,x,\n", b"P1,5,70,10,,x\n"])
def test_any_bytes_are_staged_as_a_slow_independent_judge_stages_them_or_refused_by_both(
    tmp_path_factory: pytest.TempPathFactory, header: bytes, line_end: bytes, rest: list[bytes]
) -> None:
    files = {"a.csv": header + line_end + b"".join(rest)}
    require_same_staging(Sources(tmp_path_factory.mktemp("bytes")), files)
