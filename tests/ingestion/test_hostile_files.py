"""Hostile files, or files that look hostile: too large, damaged, or changing while they are read.

Each is refused with one clear message or read correctly, and nothing of a refused file is left behind.
"""

import gzip
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from refi_assets.errors import SourceError
from refi_assets.ingestion import records, snapshots
from refi_assets.ingestion.raw_zone import ingest_folder
from refi_assets.ingestion.snapshots import require_columns
from refi_assets.lake import FolderStore
from refi_assets.specs.contracts import load_contracts
from tests.support.hostile import GOOD, PROJECT, RAW, left_behind, put, refusal, scan
from tests.support.sources import DAY, MARKET, Sources, market_csv


@pytest.fixture
def lake(sources: Sources) -> FolderStore:
    return sources.lake


# --- Too large ----------------------------------------------------------------------------------------------------

TOO_LARGE = "unpacked, it is more than 0.05 GB, the most that REFI_MAX_FILE_GB allows."
BOMBS = {
    "one line of zeros": (b"\0" * 10, "a line of more than"),
    "line breaks": (b"\n" * 10, TOO_LARGE),
    "rows": (b"P2,5,70,1\n", TOO_LARGE),
}

IN_A_PROCESS_OF_ITS_OWN = """
import resource, sys
from datetime import date
from refi_assets.specs.contracts import load_contracts
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import SourceError
from refi_assets.lake import FolderStore, RunFolder
from refi_assets.ingestion.snapshots import scan_source
lake = FolderStore(sys.argv[1])
contract = load_contracts()["market_equity"]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    scan_source(lake, DuckDBEngine(lake), contract, date(2026, 2, 20), RunFolder(lake, "run"), 0.05)
except SourceError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(("unit", "problem"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_of_500_mb_is_refused_at_a_limit_of_50_in_little_memory(
    lake: FolderStore, unit: bytes, problem: str
) -> None:
    member = gzip.compress(unit * 1_000_000, compresslevel=1)
    bomb = put(lake, "part.csv.gz", gzip.compress(GOOD) + member * 50)
    assert bomb.stat().st_size < 10_000_000
    command = [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, str(lake.root)]
    shown = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.splitlines()
    message, kilobytes = shown
    assert message.startswith(f"{RAW}/part.csv.gz: ")
    assert problem in message
    assert int(kilobytes) < 600_000
    assert left_behind(lake) == []


def test_a_plain_file_beyond_the_limit_is_refused_before_it_is_read(lake: FolderStore) -> None:
    put(lake, "part.csv", GOOD + b"P2,5,70,10\n" * 1000)
    message = r"part\.csv: 1\.11e-05 GB is more than 1e-05 GB, the most that REFI_MAX_FILE_GB allows\.$"
    with pytest.raises(SourceError, match=message):
        scan(lake, 1e-5)


def test_a_file_at_the_limit_is_read(lake: FolderStore) -> None:
    data = market_csv(*(f"P{number},5,70,10" for number in range(100)))
    put(lake, "a.csv", data)
    put(lake, "b.csv.gz", gzip.compress(data))
    assert scan(lake, len(data) / 1e9).rows == 200
    for name in ("a.csv", "b.csv.gz"):
        put(lake, name, data + b"\n" if name == "a.csv" else gzip.compress(data + b"\n"))
        with pytest.raises(SourceError, match=f"{name}: .* the most that REFI_MAX_FILE_GB allows"):
            scan(lake, len(data) / 1e9)
        (lake.root / RAW / name).unlink()


def test_a_file_that_unpacks_to_more_than_the_disk_holds_is_refused(
    lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lake, "part.csv.gz", gzip.compress(GOOD * 1000))
    usage = shutil.disk_usage(lake.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10_000))
    assert "unpacked, it is more than 9e-06 GB, nine tenths of the room where it is unpacked" in refusal(lake)


def test_a_small_parquet_file_of_very_many_equal_rows_is_refused(sources: Sources, lake: FolderStore) -> None:
    select = "SELECT 'P1' AS property_id, 5 AS market_rate_offer, 70 AS ltv_ratio, 1 AS monthly_savings_est"
    put(lake, "part.parquet", sources.parquet(f"{select} FROM range(1000000)"))
    assert "part.parquet: 1,000,000 rows; as text, they are more than 0.001 GB" in refusal(lake, 0.001)


def test_a_refused_snapshot_leaves_nothing_of_its_other_files(lake: FolderStore) -> None:
    put(lake, "a.csv.gz", gzip.compress(GOOD + b"bad\n"))
    put(lake, "b.csv.gz", gzip.compress(GOOD + b"bad\n") + b"rubbish")
    assert "b.csv.gz cannot be read" in refusal(lake)


BIG = 50 << 20
PLACES = {
    "key": lambda cell: cell + b",5,70,10,1,z",
    "optional": lambda cell: b"P2,5,70,10," + cell + b",z",
    "further": lambda cell: b"P2,5,70,10,1," + cell,
}


@pytest.mark.parametrize("quote", [b"", b'"'], ids=["unquoted", "quoted"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_field_of_50_mb_is_refused(lake: FolderStore, place: Callable[[bytes], bytes], quote: bytes) -> None:
    header = f"{MARKET},current_home_value,note\n".encode()
    put(lake, "part.csv", header + place(quote + b"x" * BIG + quote) + b"\nP3,5,70,10,1,z\n")
    assert "part.csv: a line of more than" in refusal(lake)


@pytest.mark.parametrize("quote", [b"", b'"'], ids=["unquoted", "quoted"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_field_of_5_mb_makes_its_row_malformed(
    sources: Sources, place: Callable[[bytes], bytes], quote: bytes
) -> None:
    header = f"{MARKET},current_home_value,note\n".encode()
    row = place(quote + b"x" * (5 << 20) + quote)
    staged = sources.stage("market_equity", header + row + b"\nP3,5,70,10,1,z\n")
    assert staged.column("property_id") == ["P3"]
    assert staged.reasons == [(1, "malformed_row", None)]
    assert staged.quarantine[0]["original_bytes"] == row


def wide(columns: int, rows: int = 2) -> bytes:
    further = columns - 4
    header = MARKET + "".join(f",x{number}" for number in range(further))
    return market_csv(*(f"P{row},5,70,10{',1' * further}" for row in range(rows)), header=header)


@pytest.mark.parametrize("rows", [2, 5000])
def test_10000_columns_are_refused(lake: FolderStore, rows: int) -> None:
    put(lake, "part.csv", wide(10_000, rows))
    assert "part.csv: 10,000 columns, but a file may have at most 2,000." in refusal(lake)


def test_10000_columns_of_parquet_are_refused(sources: Sources, lake: FolderStore) -> None:
    put(lake, "part.parquet", sources.parquet(f"SELECT {', '.join(f'1 AS x{number}' for number in range(10_000))}"))
    assert "part.parquet: 10,000 columns, but a file may have at most 2,000." in refusal(lake)


def test_500_columns_are_read(lake: FolderStore) -> None:
    put(lake, "part.csv", wide(500))
    scanned = scan(lake)
    assert (scanned.rows, len(scanned.columns)) == (2, 500)
    assert scanned.inferred == {**dict.fromkeys(scanned.columns, "bigint"), "property_id": "string"}


def test_a_row_of_10000_fields_is_malformed(sources: Sources) -> None:
    row = ",".join(["P2"] * 10_000)
    staged = sources.stage("market_equity", market_csv("P1,5,70,10", row, "P3,5,70,10"))
    assert staged.column("property_id") == ["P1", "P3"]
    assert staged.quarantine[0]["problem"] == "10000 fields instead of 4"


def test_the_message_on_a_missing_column_shows_a_hundred_columns(lake: FolderStore) -> None:
    put(lake, "part.csv", wide(300).replace(b"ltv_ratio", b"ltv", 1))
    with pytest.raises(SourceError, match=r"column 'ltv_ratio' is missing; found: .*, x95, …; expected") as refused:
        require_columns(load_contracts()["market_equity"], scan(lake).files)
    assert len(str(refused.value)) < 2000


def test_a_file_with_too_many_malformed_records_is_refused_if_most_are(
    lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_MALFORMED", 10)
    put(lake, "part.csv", GOOD + b"bad\n" * 100)
    assert "11 of its first 12 records are malformed; this is not a CSV file with these columns." in refusal(lake)
    put(lake, "part.csv", GOOD + b"P2,5,70,1\n" * 100 + b"bad\n" * 100)
    assert scan(lake).rows == 201


def test_a_file_that_begins_with_megabytes_of_blank_lines_is_refused(
    lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lake, "part.csv", b"\r\n" * (8 << 20) + GOOD)
    assert "its first 4 MiB are blank" in refusal(lake)


def test_a_block_with_many_lines_that_are_not_utf8_is_decoded_once(sources: Sources) -> None:
    """For each such line, the rest of the block was decoded again."""
    rows = [b"P1,5,70,10", *[b"\xff"] * 50_000, "P2,5,70,\u00a010".encode(), b"P3,5,70,\xe9", b"P4,5,70,10"]
    staged = sources.stage("market_equity", market_csv() + b"\n".join(rows))
    assert staged.column("property_id") == ["P1", "P2", "P4"]
    assert staged.counts.quarantined == {"malformed_row": 50_001}


# --- Damaged Parquet ----------------------------------------------------------------------------------------------


def damaged(whole: bytes) -> dict[str, bytes]:
    third = len(whole) // 3
    rubbish = bytes(range(256)) * 40
    return {
        "rubbish": b"PAR1" + rubbish + b"PAR1",
        "zeros": b"PAR1" + bytes(10_000) + b"PAR1",
        "a footer of 4 GB": b"PAR1" + rubbish + b"\xff\xff\xff\xffPAR1",
        "a footer of 2 GB": b"PAR1" + rubbish + b"\xff\xff\xff\x7fPAR1",
        "a footer of zeros": b"PAR1" + bytes(10_000) + b"\x00\x10\x00\x00PAR1",
        "a footer as long as the file": b"PAR1" + rubbish + len(rubbish).to_bytes(4, "little") + b"PAR1",
        "nothing between": b"PAR1PAR1",
        "cut short": whole[:-8],
        "cut in half": whole[: len(whole) // 2],
        "a hole": whole[:third] + whole[third + 100 :],
        "zeros in place of data": b"PAR1" + bytes(third) + whole[4 + third :],
        "a NUL in a name": whole.replace(b"property_id", b"property\0id"),
        "a name that is not UTF-8": whole.replace(b"property_id", b"property\xff\xfed"),
    }


def test_a_damaged_parquet_file_is_refused_by_name(sources: Sources, lake: FolderStore) -> None:
    whole = sources.parquet(
        "SELECT 'P' || i AS property_id, 5 AS market_rate_offer, 70 AS ltv_ratio, 1 AS monthly_savings_est "
        "FROM range(1000) AS numbers (i)"
    )
    for name, data in damaged(whole).items():
        put(lake, "part.parquet", data)
        assert refusal(lake).startswith(f"{RAW}/part.parquet"), name


# --- Changes while it is read -------------------------------------------------------------------------------------


def changing(monkeypatch: pytest.MonkeyPatch, module: object, name: str, change: Callable[[], object]) -> None:
    """Change the file right before a step of the reader, which then continues normally."""
    step = getattr(module, name)

    def changed_first(*arguments: object, **named: object) -> object:
        change()
        return step(*arguments, **named)

    monkeypatch.setattr(module, name, changed_first)


@pytest.mark.parametrize("name", ["fingerprint", "scan_file", "_inferred", "_remembered"])
def test_a_file_that_changes_between_any_two_steps_of_the_scan_is_refused(
    lake: FolderStore, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = put(lake, "part.csv", GOOD)
    changing(monkeypatch, snapshots, name, lambda: path.write_bytes(market_csv("P2,5,70,10", "P3,5,70,10")))
    assert f"{RAW}/part.csv changed while it was read." in refusal(lake)
    monkeypatch.undo()
    path.write_bytes(GOOD)
    assert scan(lake).rows == 1, "the refused scan was not remembered for these bytes"


def test_a_file_that_changes_while_it_is_ingested_is_refused(
    sources: Sources, lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sources.new_folder({"market_equity.csv": GOOD})
    changing(monkeypatch, lake, "put_hashed", lambda: (folder / "market_equity.csv").open("ab").write(b"P2,5,7"))
    with pytest.raises(SourceError, match=r"market_equity\.csv changed while it was read"):
        ingest_folder(lake, folder, DAY, load_contracts())
    assert list(lake.objects("raw")) == []


def test_an_empty_cell_does_not_affect_a_columns_inferred_type(lake: FolderStore) -> None:
    """A decimal column was inferred as text if one of its cells was empty."""
    put(lake, "part.csv", market_csv("P1,5.5,70,", "P2,,,10", "P3,6,70.5,x"))
    inferred = {"property_id": "string", "market_rate_offer": "double", "ltv_ratio": "double"}
    assert scan(lake).inferred == inferred | {"monthly_savings_est": "string"}
