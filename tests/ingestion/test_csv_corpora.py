"""Two public collections of CSV files, csv-spectrum and csv-test-data, each file with the expected JSON.

Cells are compared without surrounding white space, as everywhere in staging. Bad files are judged by RFC 4180: broken
records are set aside with their bytes, the others are kept.
"""

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from refi_assets.errors import SourceError
from refi_assets.ingestion.files import rows_sql, scan_file
from refi_assets.ingestion.headers import trim
from refi_assets.ingestion.records import LINE_BREAK, Malformed, scan_csv
from refi_assets.lake import FolderStore, ObjectInfo, RunFolder
from tests.support import reference_csv

SHARED_DATA = Path(os.environ.get("REFI_SHARED_DATA") or Path(__file__).parents[2].parent / "shared" / "data")
SPECTRUM, TEST_DATA = SHARED_DATA / "csv" / "csv-spectrum", SHARED_DATA / "csv" / "csv-test-data"

pytestmark = pytest.mark.skipif(
    not SPECTRUM.is_dir() or not TEST_DATA.is_dir(),
    reason="the CSV corpora are missing: set REFI_SHARED_DATA, or put shared/data beside the project",
)

# The JSON is of another row, and the file's one row has a bare quote in an unquoted cell (37°36'37.8"N).
NOT_RFC_4180 = {"location_coordinates"}
# In these files' JSON, an empty line is a row with one empty cell; here, it is not a row.
BLANK_LINES = {"all-empty", "empty-one-column"}


def files(folder: Path, inside: str) -> list[Path]:
    return sorted((folder / inside).glob("*.csv"))


def names(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


SPECTRUM_FILES = [path for path in files(SPECTRUM, "csvs") if path.stem not in NOT_RFC_4180]
TEST_DATA_FILES = [
    path for path in files(TEST_DATA, "csv") if not path.stem.startswith("bad-") and path.stem not in BLANK_LINES
]


def read(path: Path, folder: Path) -> tuple[tuple[str, ...], list[tuple[str, ...]], list[Malformed]]:
    """A file's columns, its well-formed rows with trimmed cells, and its malformed records."""
    copy = folder / "copy.csv"
    malformed: list[Malformed] = []
    scan = scan_csv(lambda: path.open("rb"), copy, malformed.append)
    data = path.read_bytes()
    if not scan.clean:
        data = ",".join(scan.columns).encode() + b"\n" + copy.read_bytes().partition(b"\n")[2]
    data = data.replace(LINE_BREAK.encode(), b"\n")
    records = [record.cells for record in reference_csv.read(data)[1]]
    rows = [tuple(trim(cell) for cell in cells) for cells in records if cells is not None]
    assert scan.records == len(rows) + len(malformed)
    return scan.columns, rows, malformed


def json_of(path: Path) -> Any:
    return json.loads((path.parents[1] / "json" / f"{path.stem}.json").read_text("utf-8"))


def as_text(cell: str | None) -> str:
    return trim(cell or "")


def test_the_corpora_are_whole() -> None:
    """If the folders were empty, the tests below would pass without testing anything."""
    assert (len(SPECTRUM_FILES), len(TEST_DATA_FILES)) == (11, 16)


@pytest.mark.parametrize("path", SPECTRUM_FILES, ids=names(SPECTRUM_FILES))
def test_csv_spectrum_reads_as_its_json(path: Path, tmp_path: Path) -> None:
    columns, rows, malformed = read(path, tmp_path)
    expected = json_of(path)
    assert [dict(zip(columns, row, strict=True)) for row in rows] == [
        {name.strip().lower(): as_text(cell) for name, cell in record.items()} for record in expected
    ]
    assert malformed == []


@pytest.mark.parametrize("path", TEST_DATA_FILES, ids=names(TEST_DATA_FILES))
def test_csv_test_data_reads_as_its_json(path: Path, tmp_path: Path) -> None:
    columns, rows, malformed = read(path, tmp_path)
    expected = json_of(path)
    if expected and isinstance(expected[0], dict):
        expected = [list(expected[0]), *(list(record.values()) for record in expected)]
    if path.stem == "header-no-rows":
        expected = [["foo", "bar", "baz"]]  # its JSON has the rows only: none
    assert [columns, *rows] == [tuple(as_text(cell) for cell in record) for record in expected]
    assert malformed == []


@pytest.mark.parametrize(
    "path",
    [path for path in (*SPECTRUM_FILES, *TEST_DATA_FILES) if b"," in path.read_bytes().partition(b"\n")[0]],
    ids=lambda path: path.stem,
)
def test_duckdb_is_given_the_same_cells(path: Path, tmp_path: Path) -> None:
    lake = FolderStore(str(tmp_path / "lake"))
    lake.put("raw/corpus/file.csv", path)
    file = scan_file(lake, ObjectInfo("raw/corpus/file.csv", path.stat().st_size), RunFolder(lake, "r"), "raw/c", 0)
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT * FROM {rows_sql(lake, file)}").fetchall()
    cells = [tuple(trim((cell or "").replace(LINE_BREAK, "\n")) for cell in row) for row in rows]
    assert cells == read(path, tmp_path)[1]


@pytest.mark.parametrize(
    ("name", "malformed"),
    [
        ("bad-header-less-fields", [(1, b"1,2")]),
        ("bad-header-more-fields", [(1, b"1,2,3,4")]),
        ("bad-missing-quote", [(1, b'1,"I forgot to close this one,3')]),
        ("bad-quotes-with-unescaped-quote", [(1, b'1,"Hey, I missed " it",3')]),
        ("bad-unescaped-quote", [(1, b'1,This "quotes" must be escaped,3')]),
    ],
)
def test_a_bad_row_is_set_aside_with_its_bytes(name: str, malformed: list[tuple[int, bytes]], tmp_path: Path) -> None:
    columns, rows, records = read(TEST_DATA / "csv" / f"{name}.csv", tmp_path)
    assert (columns, rows) == (("foo", "bar", "baz"), [])
    assert [(record.record_number, record.raw) for record in records] == malformed


def test_a_bare_quote_in_coordinates_makes_a_row_malformed(tmp_path: Path) -> None:
    columns, rows, malformed = read(SPECTRUM / "csvs" / "location_coordinates.csv", tmp_path)
    assert (columns[0], rows) == ("contact phone number", [])
    assert [record.raw.split(b",")[0] for record in malformed] == [b"2095257564"]


@pytest.mark.parametrize("name", ["bad-header-no-header", "all-empty"])
def test_a_file_without_a_header_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the file is empty"):
        read(TEST_DATA / "csv" / f"{name}.csv", tmp_path)


def test_a_header_with_unknown_names_is_read(tmp_path: Path) -> None:
    """The contract decides whether it is the right one, not the reader."""
    assert read(TEST_DATA / "csv" / "bad-header-wrong-header.csv", tmp_path) == (("qux", "quux", "quuz"), [], [])


def test_an_empty_line_is_not_a_row_of_a_one_column_file(tmp_path: Path) -> None:
    assert read(TEST_DATA / "csv" / "empty-one-column.csv", tmp_path) == (("foo",), [], [])
