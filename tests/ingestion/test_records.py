"""The records of a CSV file: known cases, then comparisons with a naive reader and Python's csv module."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refi_assets.errors import SourceError
from refi_assets.ingestion import records
from refi_assets.ingestion.files import rows_sql, scan_file
from refi_assets.ingestion.headers import trim
from refi_assets.ingestion.record_grammar import unquoted_cells
from refi_assets.ingestion.records import LINE_BREAK, MAX_RECORD_BYTES, Malformed, scan_csv
from refi_assets.lake import FolderStore, ObjectInfo, RunFolder
from refi_assets.specs.file_formats import CSV, FileFormat
from tests.support import reference_csv
from tests.support.agreement import Rows, require_padded_columns, require_same_records, scan

BOM = b"\xef\xbb\xbf"

MalformedRecords = list[tuple[int, bytes]]


def numbered(malformed: list[Malformed]) -> MalformedRecords:
    return [(record.record_number, record.raw) for record in malformed]


# name: (file, its rows with cells trimmed, its malformed records: number and bytes)
KNOWN_CASES: dict[str, tuple[bytes, Rows, MalformedRecords]] = {
    "LF": (b"a,b\n1,2\n3,4\n", [("1", "2"), ("3", "4")], []),
    "CRLF": (b"a,b\r\n1,2\r\n3,4\r\n", [("1", "2"), ("3", "4")], []),
    "LF after a CRLF header": (b"a,b\r\n1,2\n3,4\n", [("1", "2"), ("3", "4")], []),
    "CRLF after an LF header": (b"a,b\n1,2\r\n3,4\r\n", [("1", "2"), ("3", "4")], []),
    "LF and CRLF by turns": (b"a,b\n1,2\r\n3,4\n5,6\r\n", [("1", "2"), ("3", "4"), ("5", "6")], []),
    "a byte order mark": (BOM + b"a,b\n1,2\n", [("1", "2")], []),
    "a byte order mark before a quoted header": (BOM + b'"a","b"\n1,2\n', [("1", "2")], []),
    "no final line break": (b"a,b\n1,2", [("1", "2")], []),
    "no final line break, CRLF": (b"a,b\r\n1,2\r\n3,4", [("1", "2"), ("3", "4")], []),
    "a final CR without its LF": (b"a,b\r\n1,2\r", [("1", "2")], []),
    "a header and nothing else": (b"a,b\n", [], []),
    "a header without a line break": (b"a,b", [], []),
    "blank lines are no rows": (b"a,b\n\n1,2\n\n\n3,4\n\n", [("1", "2"), ("3", "4")], []),
    "blank CRLF lines are no rows": (b"a,b\r\n\r\n1,2\r\n\r\n", [("1", "2")], []),
    "blank lines before the header": (b"\n\r\na,b\n1,2\n", [("1", "2")], []),
    "a line of spaces is a malformed row": (b"a,b\n1,2\n   \n3,4\n", [("1", "2"), ("3", "4")], [(2, b"   ")]),
    "a line of only commas is a row": (b"a,b\n,\n", [("", "")], []),
    "empty cells": (b"a,b,c\n,,\n1,,3\n", [("", "", ""), ("1", "", "3")], []),
    "empty quoted cells": (b'a,b\n"",""\n', [("", "")], []),
    "a comma in quotes": (b'a,b\n"1,5",2\n', [("1,5", "2")], []),
    "quotes in quotes": (b'a,b\n"say ""hi""",2\n', [('say "hi"', "2")], []),
    "a cell that is one quote": (b'a,b\n"""",2\n', [('"', "2")], []),
    "quotes and commas in quotes": (b'a,b\n"""1"",""2""","x"",""y"\n', [('"1","2"', 'x","y')], []),
    "a line break in quotes": (b'a,b\n"1\n2",3\n4,5\n', [("1\n2", "3"), ("4", "5")], []),
    "a CRLF in quotes of an LF file": (b'a,b\n"1\r\n2",3\n4,5\n', [("1\r\n2", "3"), ("4", "5")], []),
    "a CRLF in quotes of a CRLF file": (b'a,b\r\n"1\r\n2",3\r\n4,5\r\n', [("1\r\n2", "3"), ("4", "5")], []),
    "an LF in quotes of a CRLF file": (b'a,b\r\n"1\n2",3\r\n4,5\r\n', [("1\n2", "3"), ("4", "5")], []),
    "blank lines in quotes": (b'a,b\n"1\n\n\n2",3\n', [("1\n\n\n2", "3")], []),
    "a record in quotes is a cell": (b'a,b\n"x\n1,2\ny",3\n', [("x\n1,2\ny", "3")], []),
    "text after the closing quote": (b'a,b\n"x"y,2\n3,4\n', [("3", "4")], [(1, b'"x"y,2')]),
    "a space after the closing quote": (b'a,b\n"x" ,2\n3,4\n', [("3", "4")], [(1, b'"x" ,2')]),
    "a space before the opening quote": (b'a,b\n1, "x"\n3,4\n', [("3", "4")], [(1, b'1, "x"')]),
    "a bare quote in an unquoted cell": (b'a,b\n6" pipe,2\n3,4\n', [("3", "4")], [(1, b'6" pipe,2')]),
    "an unescaped quote in quotes": (b'a,b\n"6" pipe",2\n3,4\n', [("3", "4")], [(1, b'"6" pipe",2')]),
    "an unclosed quote costs its line only": (b'a,b\n1,"x\n3,4\n5,6\n', [("3", "4"), ("5", "6")], [(1, b'1,"x')]),
    "an unclosed quote, CRLF": (b'a,b\r\n1,"x\r\n3,4\r\n', [("3", "4")], [(1, b'1,"x')]),
    "an unclosed quote before a quoted row": (b'a,b\n1,"x\n"3",4\n', [("3", "4")], [(1, b'1,"x')]),
    "an unclosed quote in the last line": (b'a,b\n1,2\n3,"x', [("1", "2")], [(2, b'3,"x')]),
    "a quote and nothing else": (b'a,b\n"\n1,2\n', [("1", "2")], [(1, b'"')]),
    "too few cells": (b"a,b,c\n1,2\n3,4,5\n", [("3", "4", "5")], [(1, b"1,2")]),
    "too many cells": (b"a,b\n1,2,3\n4,5\n", [("4", "5")], [(1, b"1,2,3")]),
    "too many cells, the last one empty": (b"a,b\n1,2,\n4,5\n", [("4", "5")], [(1, b"1,2,")]),
    "commas that are right on average only": (b"a,b\n1\n2,3,4\n", [], [(1, b"1"), (2, b"2,3,4")]),
    "too few cells over two lines": (b'a,b,c\n"1\n2",3\n4,5,6\n', [("4", "5", "6")], [(1, b'"1\n2",3')]),
    "UTF-8": ("a,b\nZoë,Łódź\n日本,😎\n".encode(), [("Zoë", "Łódź"), ("日本", "😎")], []),
    "Latin-1 among UTF-8": (b"a,b\nZo\xeb,2\nZo\xc3\xab,4\n", [("Zoë", "4")], [(1, b"Zo\xeb,2")]),
    "bytes that never are UTF-8": (b"a,b\n\xff\xfe\x80,2\n3,4\n", [("3", "4")], [(1, b"\xff\xfe\x80,2")]),
    "a surrogate in UTF-8": (b"a,b\n\xed\xa0\x80,2\n", [], [(1, b"\xed\xa0\x80,2")]),
    "half a character at the end": (b"a,b\n1,\xf0\x9f\x98", [], [(1, b"1,\xf0\x9f\x98")]),
    "not UTF-8, quoted, over two lines": (b'a,b\n"\xe9\n",2\n3,4\n', [("3", "4")], [(1, b'"\xe9\n",2')]),
    "a lone CR is data": (b"a,b\n1\r2,3\n4,5\n", [("1\r2", "3"), ("4", "5")], []),
    "a lone CR is data in a CRLF file": (b"a,b\r\n1\r2,3\r\n4,5\r\n", [("1\r2", "3"), ("4", "5")], []),
    "a lone CR as the only one of its line": (b"a,b\r\n,1\r2\n", [("", "1\r2")], []),
    "a lone CR in quotes is data": (b'a,b\n"1\r2",3\n', [("1\r2", "3")], []),
    "CR line ends are no line ends": (b"a,b\n1,2\r3,4\r", [], [(1, b"1,2\r3,4\r")]),
    "a NUL is data": (b"a,b\n1\x002,3\n", [("1\x002", "3")], []),
    "semicolons are data": (b"a,b\n1;2,3\n", [("1;2", "3")], []),
    "a hash begins no comment": (b"a,b\n#1,2\n", [("#1", "2")], []),
    "a backslash escapes nothing": (b'a,b\n\\,2\n"\\",4\n', [("\\", "2"), ("\\", "4")], []),
    "an apostrophe quotes nothing": (b"a,b\n'1,2'\n", [("'1", "2'")], []),
    "white space around cells": ("a,b\n 1\t,\u00a02\ufeff\n".encode(), [("1", "2")], []),
    "an em space is no white space": ("a,b\n\u20031,2\n".encode(), [("\u20031", "2")], []),
    "malformed rows are counted, blank lines are not": (
        b"a,b\n\nx\n1,2\n\n\ny\nz\n3,4\n",
        [("1", "2"), ("3", "4")],
        [(1, b"x"), (3, b"y"), (4, b"z")],
    ),
}


@pytest.mark.parametrize("name", KNOWN_CASES)
@pytest.mark.parametrize("block_bytes", [16, 8 << 20])
def test_known_cases_read_as_written_down(
    name: str, block_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BLOCK_BYTES", block_bytes)
    data, rows, malformed = KNOWN_CASES[name]
    scanned, scanned_rows, scanned_malformed = scan(tmp_path, data)
    assert (scanned_rows, numbered(scanned_malformed)) == (rows, malformed)
    assert (scanned.records, scanned.malformed) == (len(rows) + len(malformed), len(malformed))


@pytest.mark.parametrize("name", KNOWN_CASES)
def test_the_naive_reader_agrees_with_what_is_written_down(name: str) -> None:
    data, rows, malformed = KNOWN_CASES[name]
    _, reference = reference_csv.read(data)
    assert [tuple(trim(cell) for cell in record.cells) for record in reference if record.cells is not None] == rows
    assert [(n, record.raw) for n, record in enumerate(reference, 1) if record.cells is None] == malformed


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (b"1", "1 fields instead of 2"),
        (b"1,2,3", "3 fields instead of 2"),
        (b'1,"x', "broken quoting"),
        (b"1,\x81\xff", "not UTF-8"),
        (b"1,O\x92Hara", "not UTF-8; reads as Windows-1252"),
        (b"1,Jos\xe9 \x96 M\xfcller", "not UTF-8; reads as Windows-1252"),
        ("José".encode() + b",Jos\xe9", "not UTF-8"),
        (b"1,2\r3,4", "3 fields instead of 2; CR alone ends no line"),
    ],
)
def test_a_malformed_record_has_its_problem(row: bytes, problem: str, tmp_path: Path) -> None:
    _, _, malformed = scan(tmp_path, b"a,b\n" + row + b"\n")
    assert malformed == [Malformed(1, problem, row)]


def test_header_names_are_trimmed_and_case_folded(tmp_path: Path) -> None:
    header = '\ufeff Borrower_ID\t,\u00a0"First",LAST NAME,"quoted, name",STRASSE,straße,\n'
    scanned, _, _ = scan(tmp_path, header.replace('\u00a0"First"', '"\u00a0First "').replace("STRASSE,", "").encode())
    assert scanned.columns == ("borrower_id", "first", "last name", "quoted, name", "strasse", "")


def test_a_cr_before_the_header_is_not_a_blank_line(tmp_path: Path) -> None:
    """Nor is it among the rows. Found by make fuzz."""
    scanned, rows, _ = scan(tmp_path, b"\r\r\n1\n")
    assert (scanned.columns, rows) == (("",), [("1",)])


def test_several_columns_may_be_without_a_name(tmp_path: Path) -> None:
    assert scan(tmp_path, b"a,,\n1,2,3\n")[0].columns == ("a", "", "")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("nothing at all", b"", "the file is empty"),
        ("a byte order mark only", BOM, "the file is empty"),
        ("blank lines only", b"\n\r\n\n", "the file is empty"),
        ("a header that names a column twice", b"a,b,a\n1,2,3\n", "have the same name"),
        ("a header that names a column twice in two cases", b"a, A \n1,2\n", "have the same name"),
        ("a header that is Latin-1", b"a,pr\xe9nom\n1,2\n", "the header is not UTF-8; reads as Windows-1252"),
        ("UTF-16, little endian", "a,b\n1,2\n".encode("utf-16"), "not CSV in UTF-8, but UTF-16"),
        ("UTF-16, big endian", b"\xfe\xff" + "a,b\n1,2\n".encode("utf-16-be"), "not CSV in UTF-8, but UTF-16"),
        ("a header with a bare quote", b'a"b,c\n1,2\n', "quoting is broken"),
        ("a header with an unclosed quote", b'"a,b\n1,2\n', "quoting is broken"),
    ],
)
def test_a_file_without_a_valid_header_is_refused(name: str, data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message):
        scan(tmp_path, data)


def test_a_header_may_have_a_line_break(tmp_path: Path) -> None:
    scanned, rows, _ = scan(tmp_path, b'"a\nb",c\n1,2\n')
    assert (scanned.columns, rows) == (("a\nb", "c"), [("1", "2")])


def test_a_well_formed_file_is_read_without_a_copy(tmp_path: Path) -> None:
    for data in (b"a,b\n1,2\n", b"a,b\r\n1,2\r\n", BOM + b'a,b\n"1,5","x ""y"""\n'):
        assert scan(tmp_path, data)[0].clean


def test_the_clean_copy_has_the_rows_before_the_first_change(tmp_path: Path) -> None:
    before = [(str(n), str(n)) for n in range(500)]
    data = b"a,b\n" + b"".join(f"{a},{b}\n".encode() for a, b in before) + b"malformed\n7,8\n"
    scanned, rows, _ = scan(tmp_path, data)
    assert not scanned.clean
    assert rows == [*before, ("7", "8")]


@pytest.mark.parametrize(("length", "is_record"), [(MAX_RECORD_BYTES - 100, True), (MAX_RECORD_BYTES + 100, False)])
@pytest.mark.parametrize("cell", [b"%b", b'"%b"'])
def test_a_record_longer_than_the_limit_is_malformed(length: int, is_record: bool, cell: bytes, tmp_path: Path) -> None:
    long = cell % (b"x" * length)
    path, copy = tmp_path / "in.csv", tmp_path / "copy.csv"
    path.write_bytes(b"a,b\n1," + long + b"\n3,4\n")
    malformed: list[Malformed] = []
    scanned = scan_csv(lambda: path.open("rb"), copy, malformed.append)
    assert (scanned.records, scanned.clean) == (2, is_record)
    assert numbered(malformed) == ([] if is_record else [(1, b"1," + long)])


def test_a_quote_that_closes_beyond_the_limit_costs_its_line_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 64)
    data = b'a,b\n1,"x\n' + b"2,3\n" * 20 + b'y",4\n'
    for block_bytes in (16, 100, 8 << 20):
        monkeypatch.setattr(records, "BLOCK_BYTES", block_bytes)
        scanned, rows, malformed = scan(tmp_path, data)
        assert (scanned.records, rows) == (22, [("2", "3")] * 20)
        assert numbered(malformed) == [(1, b'1,"x'), (22, b'y",4')]


def test_a_file_without_line_breaks_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 1000)
    with pytest.raises(SourceError, match="not a CSV file with line breaks"):
        scan(tmp_path, b"a,b\n" + b"x" * 10_000)


@pytest.mark.parametrize("block_bytes", range(4, 40))
def test_a_record_may_begin_in_one_block_and_end_in_another(
    block_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BLOCK_BYTES", block_bytes)
    data = 'a,b\n"one\n\ntwo, ""three""\r\nfour",é😎\nx\n5,"6"\n7,8'.encode()
    scanned, rows, malformed = scan(tmp_path, data)
    assert rows == [('one\n\ntwo, "three"\r\nfour', "é😎"), ("5", "6"), ("7", "8")]
    assert (scanned.records, numbered(malformed), scanned.line_breaks) == (4, [(2, b"x")], ("a",))


def test_a_record_with_the_characters_for_a_line_break_is_set_aside(tmp_path: Path) -> None:
    """Among records with line breaks, it could not be told apart from them."""
    data = f'a,b\n1,x{LINE_BREAK}y\n2,"x\ny"\n3,é\n'.encode()
    scanned, rows, malformed = scan(tmp_path, data)
    assert rows == [("2", "x\ny"), ("3", "é")]
    assert (scanned.line_breaks, numbered(malformed)) == (("b",), [(1, f"1,x{LINE_BREAK}y".encode())])


@pytest.mark.parametrize(
    ("rows", "padded"),
    [
        ("x,y,z\n,,\nSan José,a b,1.5\n", ""),
        (" x,y,z\n", "a"),
        ("x,y ,z\n", "b"),
        ("x,y,\tz\n", "c"),
        ("x,y,z \n", "c"),
        ("x,y,z ", "c"),
        ("x,   ,z\n", "b"),
        ("x,y,z\r\nx,y,z \r\n", "c"),
        ("x,y,z\r\nx,y,z\r\n", ""),
        ("x,\u00a0y,z\nx,y,z\u00a0\n", "b c"),
        ("x,y\ufeff,z\n\ufeffx,y,z\n", "a b"),
        ("x,à,Á\n", ""),  # their last bytes are those of white space, or look like them
        ("x,\u2003y,z\n", ""),  # which is not trimmed
        ("x,y\x00y,z\n", "b"),
        ("x,y\x1fy,z\n", "b"),
        ("x,y\x7fy,z\n", ""),
        ('x,"y, y",z\n', ""),
        ('x,"y ,y",z\n', ""),
        ('x,"y,y"," z"\n', "c"),
        ('"x","y,y ",z\n', "b"),
        ('x," ",""\n', "b"),
        ('x,"y\ny",z\n', "b"),
        ('x,"y\r\ny",z \n', "b c"),
        ("x,y\ry,z\n", "b"),
        (" x,y\nx,y,z\n", ""),  # a malformed record is not read
        ('x, "y",z\nx,y,z\n', ""),
    ],
)
@pytest.mark.parametrize("block_bytes", [4, 8 << 20])
def test_columns_with_a_padded_cell_are_named(
    rows: str, padded: str, block_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BLOCK_BYTES", block_bytes)
    assert scan(tmp_path, ("a,b,c\n" + rows).encode())[0].padded == tuple(padded.split())


def test_cells_of_a_record_are_unquoted() -> None:
    assert unquoted_cells(b'1,"a,""b""",,"",x') == [b"1", b'a,"b"', b"", b"", b"x"]


# --- Random files -----------------------------------------------------------------------------------------------

FRAGMENTS = [
    *(b"a", b"bc", b"1.5", b"\n", b"\n", b",", b",", b'"', b'"', b'""', b"\r\n", b"\r", b" ", b"\t", b"\x00"),
    *(b"1,2\n", b"1,2,3\n", b"\n\n", b'"x,y"', b'"l\nm"', b'"l\r\nm"', b',"q"\n', b'"d""e",', b'\n"', b'"\n', b'","'),
    *("é".encode(), "😎".encode(), "\u00a0".encode(), BOM, b"\xff", b"\xe9", b"\xc3", b"'", b"\\", b"#", b";"),
]


@st.composite
def nasty_files(draw: st.DrawFn) -> tuple[bytes, int, int]:
    """A file with a good header and anything after it, its number of columns, and a block size."""
    columns = draw(st.integers(1, 4))
    header = ",".join(f"c{number}" for number in range(columns)).encode() + draw(st.sampled_from([b"\n", b"\r\n"]))
    start = draw(st.sampled_from([b"", b"", BOM, b"\n", b"\r\n"])) + header
    good_row = st.lists(
        st.sampled_from([b"", b"a", b" b ", b'"q"', b'"x,y"', b'"x\ny"', b'"d""e"', "é".encode(), b"1\r2"]),
        min_size=columns,
        max_size=columns,
    ).map(b",".join)
    lines = st.tuples(good_row, st.sampled_from([b"\n", b"\n", b"\r\n", b"\n\n"])).map(b"".join)
    fragments = st.lists(st.one_of(st.sampled_from(FRAGMENTS), lines), max_size=25)
    data = start + b"".join(draw(fragments)) + draw(st.sampled_from([b"", b"\n", b"\r\n", b"\r"]))
    return data, columns, draw(st.one_of(st.integers(len(start), len(start) + 60), st.just(8 << 20)))


class Reading:
    """A lake and a connection for many random files, since creating them takes longer than reading a small file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = FolderStore(str(folder / "lake"))
        self.connection = duckdb.connect(config={"threads": 2})

    def duckdb_rows(self, data: bytes, file_format: FileFormat = CSV) -> Rows:
        """The well-formed rows as DuckDB reads them from the file or its clean copy, cells trimmed."""
        key = "raw/some_source/file.csv"
        self.lake.put(key, data)
        info, run = ObjectInfo(key, len(data)), RunFolder(self.lake, "run")
        file = scan_file(self.lake, info, run, "raw/some_source", 0, file_format=file_format)
        rows = self.connection.execute(f"SELECT * FROM {rows_sql(self.lake, file)}").fetchall()
        return [tuple(trim((cell or "").replace(LINE_BREAK, "\n")) for cell in row) for row in rows]


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    return Reading(tmp_path_factory.mktemp("reading"))


@settings(max_examples=1000)
@given(nasty_files())
@example((b"c0,c1\n" + b'1,"\n' * 3 + b'"', 2, 8))
@example((b'c0,c1\r\n"a\r\nb",2\r\n3,4', 2, 8))
def test_any_file_reads_as_the_naive_reader_reads_it_whatever_the_block_size(
    reading: Reading, file: tuple[bytes, int, int]
) -> None:
    data, columns, block_bytes = file
    rows = require_same_records(reading.folder, data, block_bytes)
    if columns > 1:  # no source has a single column, and DuckDB cannot tell an empty cell from an empty line
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(records, "BLOCK_BYTES", block_bytes)
            assert reading.duckdb_rows(data) == rows


FORMATS = [
    FileFormat(delimiter=";"),
    FileFormat(delimiter="\t"),
    FileFormat(delimiter="|", quote="'"),
    FileFormat(delimiter=";", quote="'"),
    FileFormat(delimiter="|", quote=""),
    FileFormat(delimiter=",", quote=""),
    FileFormat(delimiter="\t", quote=""),
    FileFormat(delimiter="\x01", quote=""),
    FileFormat(delimiter="^"),
]


def in_format(data: bytes, file_format: FileFormat) -> bytes:
    """A file of commas and double quotes with the format's delimiter and quote in their places, and the reverse."""
    marks = file_format.delimiter.encode() + (file_format.quote.encode() or b'"')
    return data.translate(bytes.maketrans(b',"' + marks, marks + b',"'))


@settings(max_examples=300)
@given(nasty_files(), st.sampled_from(FORMATS))
def test_any_file_reads_as_the_naive_reader_reads_it_in_any_format(
    reading: Reading, file: tuple[bytes, int, int], file_format: FileFormat
) -> None:
    data, columns, block_bytes = file
    data = in_format(data, file_format)
    rows = require_same_records(reading.folder, data, block_bytes, file_format)
    if columns > 1:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(records, "BLOCK_BYTES", block_bytes)
            assert reading.duckdb_rows(data, file_format) == rows


@settings(max_examples=100)
@given(nasty_files(), st.sampled_from([CSV, *FORMATS]))
def test_a_file_without_a_header_has_the_records_that_it_has_with_one(
    reading: Reading, file: tuple[bytes, int, int], file_format: FileFormat
) -> None:
    data, _, block_bytes = file
    require_same_records(reading.folder, in_format(data, file_format), block_bytes, replace(file_format, header=False))


CELL_TEXT = st.text(st.sampled_from(list("ab1 ,\"\n\t.-'é😎\u00a0;#\\")), max_size=8)


@st.composite
def well_formed_files(draw: st.DrawFn) -> bytes:
    """A file as a careful program writes it: with quotes if they are needed, and sometimes if they are not."""
    columns = draw(st.integers(2, 4))
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    rows = draw(st.lists(st.lists(CELL_TEXT, min_size=columns, max_size=columns), max_size=12))
    quote_all = draw(st.booleans())

    def written(cell: str) -> str:
        quoted = quote_all or any(character in cell for character in ',"\n')
        return '"' + cell.replace('"', '""') + '"' if quoted else cell

    lines = [",".join(f"c{number}" for number in range(columns)), *(",".join(map(written, row)) for row in rows)]
    final = draw(st.sampled_from(["", line_end]))
    return (draw(st.sampled_from(["", "\ufeff"])) + line_end.join(lines) + final).encode()


@settings(max_examples=300)
@given(well_formed_files(), st.integers(20, 100))
def test_a_well_formed_file_reads_as_pythons_csv_module_reads_it(
    reading: Reading, data: bytes, block_bytes: int
) -> None:
    written = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    expected = [tuple(trim(cell) for cell in row) for row in written[1:]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "BLOCK_BYTES", block_bytes)
        scanned, rows, malformed = scan(reading.folder, data)
        assert (rows, malformed, scanned.records) == (expected, [], len(expected))
        require_padded_columns(scanned, [tuple(row) for row in written[1:]], data)
        assert reading.duckdb_rows(data) == expected


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_duckdb_splits_a_large_file_between_threads_without_losing_its_place_in_quotes(
    line_end: bytes, reading: Reading
) -> None:
    """DuckDB reads a file of more than 8 MB in parts, and must find the start of a record inside each."""
    notes = ['"a,""b"",c"', '"x"",""y"', '"p,5,5,5,"', '""","""', "'", "\\", '""', "plain " * 20]
    lines = [f"p{n},{n}.25,{notes[n % len(notes)]},{notes[n * 7 // 5 % len(notes)]}" for n in range(180_000)]
    data = b"c0,c1,c2,c3\n".replace(b"\n", line_end) + b"".join(line.encode() + line_end for line in lines)
    assert len(data) > 9_000_000
    assert reading.duckdb_rows(data) == [tuple(trim(cell) for cell in row) for row in csv.reader(lines, strict=True)]
