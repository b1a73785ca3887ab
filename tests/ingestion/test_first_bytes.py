"""Files of another format than their name says: each is refused with its own message, which never quotes the file."""

import bz2
import gzip
import io
import lzma
import zipfile

import pytest

from refi_assets.errors import SourceError
from refi_assets.lake import FolderStore
from tests.support.hostile import GOOD, put, refusal, scan
from tests.support.sources import MARKET, Sources, market_csv

ROW = "P1,5,70,10"


@pytest.fixture
def lake(sources: Sources) -> FolderStore:
    return sources.lake


def zipped(*names: str) -> bytes:
    """A zip archive with entries as programs write them: the first one small, the others compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "x" * 5000)
    return buffer.getvalue()


def spreadsheet() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return buffer.getvalue()


SEPARATED = {
    ";": "semicolons (;)",
    "|": "pipes (|)",
    "\t": "tabs",
    "^": "carets (^)",
    "~": "tildes (~)",
    "\x01": "the control character 1",
}
REFUSED = {
    "an Excel workbook": (zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), "an Excel workbook"),
    "one that begins with its sheets": (zipped("xl/worksheets/sheet1.xml", "xl/workbook.xml"), "an Excel workbook"),
    "a zip archive": (zipped("market_equity.csv"), "a zip archive; unpack it"),
    "an OpenDocument spreadsheet": (spreadsheet(), "an OpenDocument spreadsheet"),
    "an old Excel workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an old Excel workbook"),
    "gzip": (gzip.compress(GOOD), "compressed with gzip; unpack it, or end its name in .csv.gz"),
    "bzip2": (bz2.compress(GOOD), "compressed with bzip2; unpack it"),
    "xz": (lzma.compress(GOOD), "compressed with xz; unpack it"),
    "UTF-16 with BOM": (GOOD.decode().encode("utf-16"), "UTF-16; save it as CSV in UTF-8"),
    "UTF-16, little endian, without BOM": (GOOD.decode().encode("utf-16-le"), "UTF-16; save it as CSV in UTF-8"),
    "UTF-16, big endian, without BOM": (GOOD.decode().encode("utf-16-be"), "UTF-16; save it as CSV in UTF-8"),
    "UTF-32 without BOM": (GOOD.decode().encode("utf-32-le"), "UTF-32; save it as CSV in UTF-8"),
    "UTF-32": (GOOD.decode().encode("utf-32"), "UTF-32; save it as CSV in UTF-8"),
    "Windows-1252 in the header": (market_csv(ROW + ",1", header=MARKET + ",prénom").decode().encode("cp1252"),
        "the header is not UTF-8; reads as Windows-1252; save the file as UTF-8"),
    "CR alone": (GOOD.replace(b"\n", b"\r"), "its lines end in CR alone"),
    "CR alone, and an LF at the end": (GOOD.replace(b"\n", b"\r") + b"\n", "its lines end in CR alone"),
    "CR alone, and quotes": (b'"property_id","ltv_ratio"\r"P1","70"\r', "its lines end in CR alone"),
    "JSON": (b'[{"property_id": "P1", "ltv_ratio": 70}]', "the file looks like JSON"),
    "HTML": (b"<!DOCTYPE html>\n<html><body>No access</body></html>", "the file looks like HTML or XML"),
    "no header": (b"P1,5.25,70,10\nP2,5.25,70,10\n", "it has no header: its first line looks like a row of data"),
    "no header, semicolons": (b"P1;5.25;70;10\n", "it has no header: its first line looks like a row of data"),
    "other names": (b"home,offer,ltv\nP1,5.25,70\n", "its first line has none of the column names"),
    "title rows": (f"Market report\nFebruary 2026,,,\n{MARKET}\n{ROW}\n".encode(), "its header is line 3; remove what"),
    "title rows after an empty one": (f"\nReport\n{MARKET}\n{ROW}\n".encode(), "its header is line 3; remove what"),
    "a title that holds a column's name": (f"ltv_ratio, 2026\n{MARKET}\n{ROW}\n".encode(), "its header is line 2"),
    "a title with a broken quote": (f'6" report\n{MARKET}\n{ROW}\n'.encode(), "its header is line 2"),
    "a title and semicolons": (
        f"sep=;\n{MARKET}\n{ROW}\n".replace(",", ";").encode(),
        "its header is line 2; remove what is above it, and its columns are separated by semicolons (;)",
    ),
    "quoted names and semicolons": (
        ";".join(f'"{name}"' for name in MARKET.split(",")).encode() + b"\n",
        "its columns are separated by semicolons (;); save it with commas",
    ),
    **{
        f"separated by {message}": (GOOD.replace(b",", separator.encode()), f"its columns are separated by {message}")
        for separator, message in SEPARATED.items()
    },
}  # fmt: skip


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_is_not_valid_csv_is_refused_with_a_message_for_its_format(
    lake: FolderStore, data: bytes, message: str
) -> None:
    put(lake, "part.csv", data)
    assert message in refusal(lake)
    put(lake, "part.csv", GOOD)
    put(lake, "part.csv.gz", gzip.compress(data))
    assert message in refusal(lake), "an unpacked file gets the same message"


def test_a_parquet_file_with_a_csv_ending_is_refused(sources: Sources, lake: FolderStore) -> None:
    put(lake, "part.csv", sources.parquet("SELECT 'P1' AS property_id"))
    assert "not CSV in UTF-8, but a Parquet file; end its name in .parquet" in refusal(lake)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("part.parquet", GOOD, "as Parquet: it looks like plain text; if it is CSV, end its name in .csv"),
        ("part.parquet", gzip.compress(GOOD), "cannot be read as Parquet: it is compressed with gzip"),
        ("part.parquet", zipped("a", "xl/b"), "cannot be read as Parquet: it is an Excel workbook"),
        ("part.parquet", b"", "cannot be read as Parquet. Upload the complete file again"),
        ("part.csv.gz", GOOD, "cannot be read: it looks like plain text; if it is CSV, end its name in .csv"),
        ("part.csv.gz", zipped("a.csv"), "cannot be read: it is a zip archive; unpack it"),
    ],
    ids=["CSV", "gzip", "a workbook", "nothing", "no gzip", "a zip archive"],
)  # fmt: skip
def test_a_file_of_another_kind_than_its_ending_is_refused(
    lake: FolderStore, name: str, data: bytes, message: str
) -> None:
    put(lake, name, data)
    assert message in refusal(lake)


@pytest.mark.parametrize("name", ["REFUSED", *REFUSED])
def test_a_refusal_quotes_no_row(lake: FolderStore, name: str) -> None:
    data = b"Okafor,Ngozi,42,x\n" if name == "REFUSED" else REFUSED[name][0].replace(b"P1", b"Okafor")
    put(lake, "part.csv", data)
    if data != GOOD:
        assert "Okafor" not in refusal(lake)


def test_the_quarantine_says_that_a_record_is_in_windows_1252(sources: Sources) -> None:
    """A curly apostrophe in 12 of 120 names blocked a run, and nothing showed the reason."""
    rows = ["P1,5,70,10,O\u2019Hara", "P2,5,70,10,José", "P3,5,70,10,Ann"]
    staged = sources.stage("market_equity", market_csv(*rows, header=MARKET + ",name").decode().encode("cp1252"))
    assert [(row["reason"], row["problem"]) for row in staged.quarantine] == [
        ("malformed_row", "not UTF-8; reads as Windows-1252")
    ] * 2
    assert staged.column("property_id") == ["P3"]


# --- Names of columns ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Property Id,Market Rate Offer,LTV Ratio,Monthly-Savings-Est",
        "PROPERTY_ID,MARKET_RATE_OFFER,LTV_RATIO,MONTHLY_SAVINGS_EST",
        "PropertyID,marketRateOffer,ltvRatio,monthlySavingsEst",
        '" property id ","Market_Rate Offer","Ltv\nRatio",Monthly  Savings Est',
    ],
)
def test_names_that_differ_by_case_spaces_hyphens_and_underscores_are_read_and_noted(
    lake: FolderStore, sources: Sources, header: str
) -> None:
    put(lake, "part.csv", market_csv(ROW, header=header))
    (file,) = scan(lake).files
    assert file.columns == tuple(MARKET.split(","))
    assert sorted(file.respelled.values()) == sorted(MARKET.split(","))
    assert sources.stage("market_equity", market_csv(ROW, header=header)).column("property_id") == ["P1"]


def test_names_as_in_the_contract_are_not_noted_and_others_stay_as_they_are(lake: FolderStore) -> None:
    put(lake, "part.csv", market_csv(ROW + ",1,2", header=f" {MARKET} ,Last Name,last_name"))
    (file,) = scan(lake).files
    assert (file.columns[4:], file.respelled) == (("last name", "last_name"), {})


def test_names_of_a_parquet_file_are_read_the_same_way(lake: FolderStore, sources: Sources) -> None:
    select = "SELECT 'P1' AS \"Property Id\", 5 AS marketRateOffer, 70 AS ltv_ratio, 10 AS monthly_savings_est"
    put(lake, "part.parquet", sources.parquet(select))
    assert scan(lake).respelled == {"Property Id": "property_id", "marketRateOffer": "market_rate_offer"}


@pytest.mark.parametrize("other", ["Property Id", "PROPERTYID", "property-id", "property_id"])
def test_two_columns_with_one_normalized_name_are_refused_with_their_names(
    lake: FolderStore, sources: Sources, other: str
) -> None:
    put(lake, "part.csv", market_csv(ROW + ",P2", header=f"{MARKET},{other}"))
    message = f"columns 1 and 5 of the header, 'property_id' and '{other}', are both property_id; keep one of them"
    assert message in refusal(lake)
    if other != "property_id":
        (lake.root / "raw/market_equity/load_date=2026-02-20/part.csv").unlink()
        put(lake, "part.parquet", sources.parquet(f"SELECT 'P1' AS property_id, 'P2' AS \"{other}\""))
        with pytest.raises(SourceError, match="are both property_id"):
            scan(lake)
