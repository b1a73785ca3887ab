"""Staging files of every form: several per day, compressed, Parquet, unreadable, or with SQL in them.

Accepted and quarantined rows are tested in test_stage.py.
"""

import gzip
from decimal import Decimal

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import SourceError
from refi_assets.ingestion.raw_zone import ingest_folder
from refi_assets.ingestion.snapshots import ScannedSnapshot, require_columns, scan_source
from refi_assets.lake import RunFolder
from refi_assets.specs.contracts import load_contracts
from tests.support import reference_staging
from tests.support.sources import DAY, MARKET, Sources, StagedSource, csv_bytes, key_of, market_csv

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


def test_copies_and_conflicts_are_found_across_files_and_the_first_copy_is_kept(sources: Sources) -> None:
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


def test_a_compressed_file_is_read_like_the_file_in_it(sources: Sources) -> None:
    data = market_csv('"P1",5,70,10', "bad", "P2,x,70,10", "P3,5,70,10")
    plain, packed = sources.stage("market_equity", data), sources.stage("market_equity", {"part.csv.gz": data})
    assert (packed.accepted, packed.reasons, packed.counts) == (plain.accepted, plain.reasons, plain.counts)
    assert packed.files[0].sha256 != plain.files[0].sha256, "the hash is that of the bytes in the lake"
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


def test_zeros_after_a_compressed_file_are_ignored(sources: Sources) -> None:
    """Tapes and block devices pad files with zeros; gzip itself ignores them."""
    assert stage_raw_gz(sources, GZ + b"\0" * 512).column("property_id") == ["P1"]


def test_parquet_is_read_like_csv(sources: Sources) -> None:
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
                    ('P6', 0.5::DOUBLE, 0, -1, 1, 'x'),
                    ('P7', 5, 80.5, 1, 1, '1'),
                    ('P7', 5, 80.5, 1, 1, ' 1'),
                    ('P8', 'Infinity'::DOUBLE, 80.5, 1, 1, '1')
                ) AS cells (property_id, "Market_Rate_Offer ", ltv_ratio, monthly_savings_est, current_home_value,
                            estimated_equity_amt)
                """
            )
        },
    )
    names = ("property_id", *reference_staging.RANGES)
    assert [tuple(row[name] for name in names) for row in staged.accepted] == [
        ("P1", *map(Decimal, ("6.125000", "80.500000", "12.35", "250000.00", "1.50"))),
        ("P3", None, *map(Decimal, ("80.500000", "1.00", "1.00", "1.00"))),
        ("P5", None, None, None, None, None),
        ("P6", *map(Decimal, ("0.500000", "0.000000", "-1.00", "1.00")), None),
        ("P7", *map(Decimal, ("5.000000", "80.500000", "1.00", "1.00", "1.00"))),
    ]
    assert staged.reasons == [
        (2, "out_of_range", "market_rate_offer"),
        (4, "missing_key", "property_id"),
        (8, "duplicate_row", None),
        (9, "not_a_number", "market_rate_offer"),
    ]
    assert staged.counts.nulled == {"estimated_equity_amt": 1}
    assert staged.counts.emptied == {"market_rate_offer": {"NAN": 1}}


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


def test_the_name_of_the_load_dates_folder_is_not_a_column_of_the_file(sources: Sources) -> None:
    """DuckDB reads load_date=2026-02-20 in a path as a column, which would replace the file's own."""
    good = "5 AS market_rate_offer, 70 AS ltv_ratio, 10 AS monthly_savings_est"
    plain = sources.stage("market_equity", {"part.parquet": sources.parquet(f"SELECT '' AS property_id, {good}")})
    assert list(plain.quarantine[0]["original_cells"]) == MARKET.split(",")
    own = sources.stage(
        "market_equity", {"part.parquet": sources.parquet(f"SELECT '' AS property_id, {good}, 'mine' AS load_date")}
    )
    assert own.quarantine[0]["original_cells"]["load_date"] == "mine"
    csv = sources.stage("market_equity", market_csv(",5,70,10,mine", header=MARKET + ",load_date"))
    assert csv.quarantine[0]["original_cells"]["load_date"] == "mine"


def test_a_file_that_is_not_parquet_is_refused_by_name(sources: Sources) -> None:
    for data in (b"", b"PAR1", market_csv("P1,5,70,10")):
        with pytest.raises(SourceError, match=r"part\.parquet cannot be read as Parquet"):
            sources.stage("market_equity", {"part.parquet": data})


def test_a_day_may_have_csv_and_parquet_files(sources: Sources) -> None:
    parquet = sources.parquet(
        "SELECT 'P1' AS property_id, 5 AS market_rate_offer, 70 AS ltv_ratio, 10 AS monthly_savings_est"
    )
    staged = sources.stage("market_equity", {"a.csv": market_csv("P1,5,70,10"), "b.parquet": parquet})
    assert staged.column("property_id") == ["P1"]
    assert [(row["file"][-9:], row["reason"]) for row in staged.quarantine] == [("b.parquet", "duplicate_row")]


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


def test_a_file_without_rows_beside_one_with_rows_is_not_an_error(sources: Sources) -> None:
    assert scan(sources, {"a.csv": market_csv(), "b.csv": market_csv("P1,5,70,10")}).rows == 1


@pytest.mark.parametrize("name", MARKET.split(","))
def test_a_source_without_a_required_column_is_refused_by_name(sources: Sources, name: str) -> None:
    others = [one for one in MARKET.split(",") if one != name]
    message = (
        rf"b\.csv: column '{name}' is missing; found: {', '.join(others)}, x; expected: {MARKET.replace(',', ', ')}\."
    )
    with pytest.raises(SourceError, match=message):
        scan(
            sources,
            {"a.csv": market_csv("P1,5,70,10"), "b.csv": market_csv("1,2,3,4", header=",".join([*others, "x"]))},
        )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (market_csv("P1,5,70,10").decode().encode("utf-16"), "not CSV in UTF-8, but UTF-16"),
        (b"property_id;market_rate_offer;ltv_ratio;monthly_savings_est\nP1;5;70;10\n", "separated by semicolons"),
        (b"property_id\n\nP1\n\n", "'market_rate_offer', 'ltv_ratio', 'monthly_savings_est' is missing"),
        (market_csv("P1,5,70,10").replace(b"\n", b"\r"), "its lines end in CR alone"),
    ],
    ids=["empty", "UTF-16", "semicolons", "one column", "CR line ends"],
)
def test_a_source_that_cannot_be_read_is_refused_with_one_clear_message(
    sources: Sources, data: bytes, message: str
) -> None:
    with pytest.raises(SourceError, match=message) as refused:
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
    "NULL;",
    "-- ;",
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
        *("text of property_id", "raw 0", "fault", "nulled", "row_key", "cut of ltv_ratio", "c0", "c1", "*", "n"),
    ],
)
def test_any_further_column_name_is_harmless(sources: Sources, name: str) -> None:
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


def test_a_nul_in_a_column_name_is_harmless(sources: Sources) -> None:
    """A NUL ends a statement for DuckDB's parser."""
    staged = sources.stage("market_equity", market_csv("P1,5,70,10,x", ",5,70,10,y", header=MARKET + ",a\x00b"))
    assert staged.column("property_id") == ["P1"]


@pytest.mark.parametrize("name", INJECTIONS)
def test_sql_in_a_parquet_columns_name_is_harmless(sources: Sources, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    select = (
        f"SELECT '' AS property_id, 5 AS market_rate_offer, 70 AS ltv_ratio, 10 AS monthly_savings_est, 'x' AS {quoted}"
    )
    staged = sources.stage("market_equity", {"part.parquet": sources.parquet(select)})
    assert staged.quarantine[0]["original_cells"][name.casefold()] == "x"


def test_quotes_in_file_names_are_harmless(sources: Sources) -> None:
    names = ["a'b.csv", 'a"b.csv', "a'); DROP VIEW judged; --.csv"]
    staged = sources.stage("market_equity", {name: market_csv(f"P{n},5,70,10", "bad") for n, name in enumerate(names)})
    assert sorted(staged.column("property_id")) == ["P0", "P1", "P2"]
    assert sorted({row["file"] for row in staged.quarantine}) == sorted(key_of(name) for name in names)
