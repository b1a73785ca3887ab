"""Files that are not read: those that seem to be a source's are refused by name, most others cause a warning."""

from pathlib import Path

import pytest

from refi_assets.errors import SourceError
from refi_assets.ingestion.file_names import original_of, seems_source
from refi_assets.ingestion.raw_zone import Ingested, ingest_folder, others_of
from refi_assets.lake import FolderStore
from tests.support.hostile import GOOD, RAW, put, scan
from tests.support.sources import DAY, Sources, loans_csv, market_csv

SOURCES = ["market_equity", "loan_information"]
LOANS = loans_csv("L1,B1,6.5")


def ingest(sources: Sources, files: dict[str, bytes], *, ignore_others: bool = False) -> Ingested:
    folder = sources.new_folder({"market_equity.csv": GOOD} | files)
    return ingest_folder(sources.lake, folder, DAY, SOURCES, ignore_others=ignore_others)


def names(ingested: Ingested) -> list[str]:
    return [key.rsplit("/", 1)[-1] for key in ingested.keys]


@pytest.mark.parametrize(
    "name",
    [
        *("loan_information.CSV", "LOAN_INFORMATION.csv", "Loan_Information.Csv", "loan_information.CSV.GZ"),
        *("LOAN_INFORMATION/part.CSV", "loan_information/ANY NAME.CSV"),
    ],
)
def test_names_and_endings_are_read_in_any_case(sources: Sources, name: str) -> None:
    """loan_information.CSV was ignored silently, and the loans of two days before were used."""
    folder = sources.new_folder({"market_equity.csv": GOOD, name: LOANS})
    if name.endswith(".GZ"):
        (folder / name).write_bytes(sources.new_folder({"x.gz": LOANS}).joinpath("x.gz").read_bytes())
    staged = sources.stage_folder("loan_information", folder)
    assert staged.column("loan_id") == ["L1"]


def test_a_parquet_file_may_have_an_upper_case_ending(sources: Sources) -> None:
    data = sources.parquet("SELECT 'L1' AS loan_id, 'B1' AS borrower_id, 6.5 AS current_interest_rate")
    staged = sources.stage_folder("loan_information", sources.new_folder({"Loan_Information.PARQUET": data}))
    assert staged.column("loan_id") == ["L1"]


def test_a_source_in_two_cases_is_refused(sources: Sources) -> None:
    with pytest.raises(SourceError, match=r"more than once \(LOAN_INFORMATION.csv, loan_information.csv\)"):
        ingest(sources, {"loan_information.csv": LOANS, "LOAN_INFORMATION.csv": LOANS})


SEEMING = {
    "loan_information_2026-02-20.csv": "rename it to loan_information.csv",
    "2026-02-20 Loan Information.csv": "rename it to loan_information.csv",
    "20260220_loan_information.CSV.gz": "rename it to loan_information.csv.gz",
    "Loan Information.csv": "rename it to loan_information.csv",
    "loan-information.parquet": "rename it to loan_information.parquet",
    "loan_information_final.csv": "rename it to loan_information.csv",
    "loan_information (1).csv": "rename it to loan_information.csv",
    "Copy of loan_information.csv": "rename it to loan_information.csv",
    "loan_information.csv.bak": "not a kind of file that can be read",
    "loan_information.csv.zip": "not a kind of file that can be read",
    "loan_information.xlsx": "not a kind of file that can be read",
    "loan_information.txt": "not a kind of file that can be read",
    "loan_information": "not a kind of file that can be read",
    "loan_information_old/part.csv": "rename it to loan_information/",
    "market_equity_2.csv": "rename it to market_equity.csv",
}


@pytest.mark.parametrize("name", SEEMING)
def test_a_file_that_seems_to_be_a_sources_but_is_not_read_is_refused_by_name(sources: Sources, name: str) -> None:
    files = {"loan_information/a.csv": LOANS, name: b"other bytes"}
    if name == "loan_information":
        del files["loan_information/a.csv"]
    with pytest.raises(SourceError) as refused:
        ingest(sources, files)
    assert name.split("/", maxsplit=1)[0] in str(refused.value)
    assert SEEMING[name] in str(refused.value)
    assert "--ignore-others" in str(refused.value)
    assert list(sources.lake.objects("raw")) == [], "nothing was put for any source"

    ingested = ingest(sources, files, ignore_others=True)
    assert "market_equity.csv" in names(ingested)
    (warning,) = ingested.warnings
    assert name.split("/", maxsplit=1)[0] in warning


@pytest.mark.parametrize("name", ["load_date=20260222", "load_date=2026-02-22", "old"])
def test_a_folder_in_a_sources_folder_is_refused_by_name(sources: Sources, name: str) -> None:
    files = {"loan_information/a.csv": LOANS, f"loan_information/{name}/part.csv": LOANS}
    with pytest.raises(SourceError, match=f"loan_information/{name}/ is a folder in a source's folder"):
        ingest(sources, files)
    assert names(ingest(sources, files, ignore_others=True)) == ["a.csv", "market_equity.csv"]


def test_sources_of_other_domains_are_ignored_silently(sources: Sources) -> None:
    assert ingest(sources, {"Borrower_Information.CSV": b"x", "borrower_engagement/part.csv": b"x"}).warnings == []


@pytest.mark.parametrize(
    "name",
    [
        *("truth.json", "persons.csv", "README", "README.md", "readme.txt", "expected_audience.csv", ".DS_Store"),
        "~$loan_information.xlsx",
        *("_SUCCESS", "loan_information/README", "Truth.JSON"),
    ],
)
def test_notes_truths_and_hidden_files_are_ignored_silently(sources: Sources, name: str) -> None:
    ingested = ingest(sources, {"loan_information/a.csv": LOANS, name: b"x"})
    assert (names(ingested), ingested.warnings) == (["a.csv", "market_equity.csv"], [])


def test_any_other_file_is_a_warning(sources: Sources) -> None:
    ingested = ingest(sources, {"notes.txt": b"x", "equity.csv": b"x", "archive/loan_information.csv": b"x"})
    assert names(ingested) == ["market_equity.csv"]
    (warning,) = ingested.warnings
    assert warning.endswith("not read, since no source has that name: archive/, equity.csv, notes.txt")


@pytest.mark.parametrize(
    "name", ["market_equity (1).csv", "Market_Equity(2).CSV", "market_equity - Copy.csv", "Copy of market_equity.csv"]
)
def test_a_source_with_a_copy_beside_it_is_read_once_with_a_warning(sources: Sources, name: str) -> None:
    ingested = ingest(sources, {name: GOOD})
    assert names(ingested) == ["market_equity.csv"]
    (warning,) = ingested.warnings
    assert warning.endswith(f"{name} is a copy of market_equity.csv; it is read once")
    with pytest.raises(SourceError, match=r"by its name, it is a copy of market_equity\.csv, but it differs; keep one"):
        ingest(sources, {name: market_csv("P1,5,70,11")})


def test_among_parts_a_copy_is_read_once_and_a_part_that_only_looks_like_one_is_read(sources: Sources) -> None:
    other = loans_csv("L2,B1,6.5")
    ingested = ingest(sources, {f"loan_information/tape{n}.csv": LOANS for n in ("", " (1)", " (1) (1)")})
    assert names(ingested) == ["tape.csv", "market_equity.csv"]
    files = {"loan_information/tape.csv": LOANS, "loan_information/tape (1).csv": other}
    staged = sources.stage_folder("loan_information", sources.new_folder(files))
    assert sorted(staged.column("loan_id")) == ["L1", "L2"]


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("tape (1).csv", "tape.csv"),
        ("a/Tape (12).CSV.GZ", "a/tape.csv.gz"),
        ("tape copy 2.parquet", "tape.parquet"),
        ("tape.csv", None),
        ("tape_1.csv", None),
        ("tape (b).csv", None),
    ],
)
def test_the_name_of_a_copy_implies_the_name_of_the_original(name: str, original: str | None) -> None:
    assert original_of(name) == original


def test_a_name_that_begins_with_two_sources_seems_to_be_the_longer_ones() -> None:
    assert seems_source("Loan Information v2.csv", ["loan", "loan_information"]) == "loan_information"
    assert seems_source("my_loan_information.csv", ["loan", "loan_information"]) is None


# --- In the raw zone, to which other programs write --------------------------------------------------------------


@pytest.fixture
def lake(sources: Sources) -> FolderStore:
    return sources.lake


def test_a_copy_in_the_raw_zone_is_read_once(lake: FolderStore) -> None:
    put(lake, "tape.csv", GOOD)
    put(lake, "tape (1).csv", GOOD)
    put(lake, "tape (2).csv", market_csv("P2,5,70,10"))
    scanned = scan(lake)
    assert [file.key for file in scanned.files] == [f"{RAW}/tape (2).csv", f"{RAW}/tape.csv"]
    assert (scanned.rows, scanned.copies) == (2, (f"{RAW}/tape (1).csv",))


def test_files_in_the_raw_zone_that_seem_to_be_a_sources_but_are_not_read_are_listed(lake: FolderStore) -> None:
    put(lake, "tape.CSV", GOOD)
    put(lake, "README.txt", b"read me")
    for name in (
        *("market_equity/load_date=20260222/tape.csv", "market_equity/tape.csv", "market_equity.csv"),
        *("Market_Equity/load_date=2026-02-22/tape.csv", "market_equity/.DS_Store", "market_equity/README.md"),
        *("loan_information/load_date=20260222/tape.csv", "other/tape.csv"),
    ):
        path = Path(lake.target(f"raw/{name}"))
        path.write_bytes(GOOD)
    assert others_of(lake, "market_equity") == [
        *("raw/Market_Equity/", "raw/market_equity.csv"),
        *("raw/market_equity/load_date=20260222/", "raw/market_equity/tape.csv"),
    ]
    assert scan(lake).rows == 1


TRANSACTIONS = b"trans_id;account_id;date\n1;2;930101\n"
BANK = ["account", "disposition", "transaction"]


def ingest_bank(sources: Sources, *names: str) -> list[str]:
    folder = sources.new_folder(dict.fromkeys(names, TRANSACTIONS))
    return [key.removeprefix("raw/") for key in ingest_folder(sources.lake, folder, DAY, BANK).keys]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        *(("trans.asc", "transaction"), ("TRANS.ASC", "transaction"), ("trans.asc.gz", "transaction")),
        *(("transaction.asc", "transaction"), ("transaction.csv", "transaction"), ("disp.asc", "disposition")),
        *(("transaction/part-1.asc", "transaction"), ("transaction/Any Name.ASC.GZ", "transaction")),
    ],
)
def test_a_contract_may_declare_names_and_endings_of_files(sources: Sources, name: str, source: str) -> None:
    assert ingest_bank(sources, name) == [f"{source}/load_date={DAY}/{name.rsplit('/', 1)[-1]}"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("trans_2.asc", "trans_2.asc is not read under that name; rename it to transaction.asc"),
        ("disp 2026-02-20.csv", "is not read under that name; rename it to disposition.csv"),
        (
            "trans.txt",
            "trans.txt is not a kind of file that can be read; expected .csv, .csv.gz, .parquet, .asc, .asc.gz",
        ),
        ("transaction/part.txt", "part.txt is not a kind of file that can be read"),
    ],
)
def test_a_file_that_seems_to_have_a_declared_name_is_refused(sources: Sources, name: str, message: str) -> None:
    with pytest.raises(SourceError) as refused:
        ingest_bank(sources, "account.asc", name)
    assert message in str(refused.value)


def test_a_longer_word_is_no_declared_name(sources: Sources) -> None:
    assert seems_source("display.csv", BANK) is None
    assert seems_source("disp-2.csv", BANK) == "disposition"


def test_a_source_under_two_of_its_names_is_refused(sources: Sources) -> None:
    with pytest.raises(SourceError, match=r"more than once \(trans.asc, transaction.csv\)"):
        ingest_bank(sources, "trans.asc", "transaction.csv")


def test_an_ending_that_only_another_contract_declares_is_not_read(sources: Sources) -> None:
    with pytest.raises(SourceError, match=r"market_equity.asc is not a kind of file that can be read"):
        ingest(sources, {"market_equity.asc": GOOD})


def test_a_folder_without_files_names_those_that_the_contracts_declare(sources: Sources) -> None:
    with pytest.raises(SourceError, match=r"no source file; found: x.csv; expected .*; or account.asc, disp.asc"):
        ingest_bank(sources, "x.csv")
