"""The format of a source's files, as a contract declares it: what is read, and every refusal."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from refi_assets.errors import SettingError
from refi_assets.specs.columns import Column, column_of
from refi_assets.specs.contracts import Contract, load_contracts
from refi_assets.specs.file_formats import CSV, FileFormat, file_format_of


def test_without_a_declaration_files_are_csv_as_rfc_4180_has_it() -> None:
    assert file_format_of("loans.yaml", {}) == CSV == FileFormat((), ",", '"', "utf-8", True, ())
    assert CSV.is_plain


def test_everything_may_be_declared() -> None:
    declared = {
        "names": ["Trans.ASC", "bookings.txt"],
        "delimiter": "|",
        "quote": "'",
        "encoding": "Windows-1250",
        "header": False,
        "nullMarks": ["?", "\\N"],
    }
    assert file_format_of("trans.yaml", declared) == FileFormat(
        ("trans.asc", "bookings.txt"), "|", "'", "cp1250", False, ("?", "\\N")
    )


@pytest.mark.parametrize(
    ("declared", "is_plain"),
    [
        ({"names": ["trans.asc"], "nullMarks": ["?"]}, True),
        ({"delimiter": ";"}, False),
        ({"quote": ""}, False),
        ({"encoding": "latin-1"}, False),
        ({"header": False}, False),
    ],
)
def test_names_and_null_marks_do_not_change_how_records_are_read(declared: dict[str, Any], is_plain: bool) -> None:
    assert file_format_of("trans.yaml", declared).is_plain is is_plain


def test_a_file_of_another_name_may_be_compressed() -> None:
    assert FileFormat(names=("trans.asc", "old.asc", "b.dat")).endings == (".asc", ".asc.gz", ".dat", ".dat.gz")


@pytest.mark.parametrize(
    ("file_format", "description"),
    [
        (CSV, 'separated by commas, quoted by ", in utf-8, with a header'),
        (
            FileFormat(delimiter="#", quote="", encoding="cp1250", header=False),
            "separated by the character #, never quoted, in cp1250, without a header",
        ),
    ],
)
def test_a_format_is_described_in_words(file_format: FileFormat, description: str) -> None:
    assert file_format.description == description


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "latin-1", "cp1250", "cp1252", "iso8859-2", "ascii", "koi8-r"])
def test_utf8_and_encodings_of_one_byte_a_character_are_read(encoding: str) -> None:
    assert file_format_of("trans.yaml", {"encoding": encoding}).encoding.isascii()


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ([";"], "fileFormat must be a mapping of delimiter, encoding, header, names, nullMarks, quote"),
        ({"seperator": ";"}, "unknown key seperator"),
        *(
            ({"names": names}, f"fileFormat.names has {names[0]!r}, which is not a file's name with an ending")
            for names in (["trans"], ["a/b.asc"], ["trans."], [".asc"], ["trans.asc.gz"])
        ),
        ({"names": "trans.asc"}, "names is 'trans.asc'; it must be a list of trimmed texts"),
        ({"names": [" trans.asc"]}, "it must be a list of trimmed texts"),
        *(
            ({"delimiter": delimiter}, f"fileFormat.delimiter is {delimiter!r}; it must be one ASCII character")
            for delimiter in ("", ";;", "§", " ", "\n", "\r", "\0", "a", "7", 7, None)
        ),
        ({"quote": "`"}, "fileFormat.quote is '`'"),
        ({"quote": None}, "fileFormat.quote is None"),
        ({"quote": "'", "delimiter": "'"}, "no delimiter"),
        ({"header": "no"}, "fileFormat.header is 'no'; it must be true or false"),
        ({"nullMarks": "?"}, "nullMarks is '?'"),
        ({"nullMarks": [0]}, "it must be a list of trimmed texts in quotes"),
        ({"nullMarks": [""]}, "it must be a list of trimmed texts in quotes"),
        *(
            ({"encoding": encoding}, f"fileFormat.encoding is {encoding!r}; it must be utf-8 or an encoding")
            for encoding in ("utf-16", "utf-8-sig", "utf-7", "gbk", "shift_jis", "cp037", "rot13", "none", "", 8)
        ),
    ],
)
def test_a_format_that_cannot_be_read_is_refused(declared: Any, message: str) -> None:
    with pytest.raises(SettingError) as refused:
        file_format_of("trans.yaml", declared)
    assert str(refused.value).startswith("trans.yaml: ")
    assert message in str(refused.value)


def date_column(declared: Any, **custom: Any) -> Column:
    item = {"name": "day", "logicalType": "date", "physicalType": "DATE", "logicalTypeOptions": {"format": declared}}
    properties = [{"property": name, "value": value} for name, value in custom.items()]
    return column_of("trans.yaml", {**item, "customProperties": properties})


@pytest.mark.parametrize(
    ("declared", "written"),
    [("dd.MM.yyyy", "20.02.2026"), ("yyyyMMdd", "20260220"), ("MM/dd/yyyy HH:mm:ss", "02/20/2026 00:00:00")],
)
def test_a_date_has_the_format_that_the_contract_declares(declared: str, written: str) -> None:
    assert date_column(declared).date_example == written


def test_a_year_of_two_digits_needs_its_first_year() -> None:
    assert date_column("yyMMdd", twoDigitYearsFrom=1970).two_digit_years_from == 1970


@pytest.mark.parametrize(
    ("declared", "custom", "message"),
    [
        *(
            (declared, {}, f"format is {declared!r}; it must be a date's")
            for declared in ("ddMM", "yyyy", "d.M.yyyy", "yyyy-DDD", "yyyyMMddyyyy", "yyyy-MM-dd-MM", "dd MMM yyyy")
        ),
        *((declared, {}, "it must be a date's") for declared in ("%Y%m%d", "yyyyMMdd'T'x", "", 8, ["yyyyMMdd"])),
        ("yyMMddyyyy", {"twoDigitYearsFrom": 1970}, "it must be a date's"),
        ("yyMMdd", {}, "twoDigitYearsFrom is needed"),
        ("yyyyMMdd", {"twoDigitYearsFrom": 1970}, "and by no other"),
        ("yyMMdd", {"twoDigitYearsFrom": "70"}, "twoDigitYearsFrom is '70', not a whole number"),
        ("yyMMdd", {"twoDigitYearsFrom": 70}, "twoDigitYearsFrom is 70, not a whole number from 1800 to 2100"),
    ],
)
def test_a_format_of_dates_that_is_not_clear_is_refused(declared: Any, custom: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as refused:
        date_column(declared, **custom)
    assert str(refused.value).startswith("trans.yaml: column 'day': ")
    assert message in str(refused.value)


def test_the_bank_of_1999_has_files_of_semicolons() -> None:
    formats = {
        source: contract.file_format for source, contract in load_contracts().items() if contract.domain == "banking"
    }
    assert {file_format.names for file_format in formats.values()} == {
        *(("account.asc",), ("card.asc",), ("client.asc",), ("disp.asc",)),
        *(("district.asc",), ("loan.asc",), ("order.asc",), ("trans.asc",)),
    }
    assert {(file_format.delimiter, file_format.quote) for file_format in formats.values()} == {(";", '"')}


# Two sources of a domain, with the columns that each test gives them.
HOMES, TOWNS = "homes", "towns"


def contract_text(source: str, file_format: dict[str, Any], **columns: dict[str, Any]) -> str:
    """A contract whose first column is the key. A column's item may have physicalName, columnNumber and optional."""
    properties: list[dict[str, Any]] = []
    for name, item in columns.items():
        custom = [] if item.get("optional") else [{"property": "columnPresence", "value": "required"}]
        if "number" in item:
            custom.append({"property": "columnNumber", "value": item["number"]})
        column: dict[str, Any] = {
            "name": name,
            "logicalType": "string",
            "physicalType": "VARCHAR",
            "customProperties": custom,
        }
        column |= {"physicalName": item["file_name"]} if "file_name" in item else {}
        properties.append(column | ({} if properties else {"primaryKey": True, "required": True}))
    schema = {
        "name": source,
        "logicalType": "object",
        "physicalType": "csv",
        "customProperties": [{"property": "fileFormat", "value": file_format}],
        "properties": properties,
    }
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"test.{source}",
        "name": source,
        "domain": "land",
        "version": "1.0.0",
        "status": "active",
        "schema": [schema],
        "slaProperties": [{"property": "frequency", "value": 1, "unit": "d"}],
    }
    return yaml.safe_dump(contract)


def contracts(folder: Path, **texts: str) -> dict[str, Contract]:
    (folder / "land").mkdir()
    for source, text in texts.items():
        (folder / "land" / f"{source}.yaml").write_text(text)
    return load_contracts(folder)


def test_columns_have_names_in_files_or_numbers(tmp_path: Path) -> None:
    homes = contract_text(HOMES, {"delimiter": ";"}, home_id={"file_name": "ID"}, town={})
    towns = contract_text(TOWNS, {"header": False}, town={"number": 4}, county={"number": 2})
    read = contracts(tmp_path, homes=homes, towns=towns)
    assert read[HOMES].file_names == {"home_id": "ID", "town": "town"}
    assert read[HOMES].numbered_columns == ()
    assert read[TOWNS].numbered_columns == ("", "county", "", "town")


@pytest.mark.parametrize(
    ("file_format", "columns", "message"),
    [
        ({"header": False}, {"a": {"number": 1}, "b": {}}, "each column must have a columnNumber of its own"),
        (
            {"header": False},
            {"a": {"number": 1}, "b": {"number": 1}},
            "each column must have a columnNumber of its own",
        ),
        (
            {"header": False},
            {"a": {"number": 1}, "b": {"number": 2, "optional": True}},
            "each column must have columnPresence: required",
        ),
        ({}, {"a": {"number": 1}}, "columnNumber is for files without a header"),
        ({"header": False}, {"a": {"number": 0}}, "columnNumber is 0, not a whole number from 1 to 10000"),
        ({}, {"a": {"file_name": "b"}, "b": {}}, "more than one column is called b in files"),
    ],
)
def test_columns_that_a_file_cannot_have_are_refused(
    tmp_path: Path, file_format: dict[str, Any], columns: dict[str, dict[str, Any]], message: str
) -> None:
    with pytest.raises(SettingError) as refused:
        contracts(tmp_path, homes=contract_text(HOMES, file_format, **columns))
    assert str(refused.value).startswith("homes.yaml: ")
    assert message in str(refused.value)


@pytest.mark.parametrize("name", ["Shared.asc", "homes.asc"])
def test_a_file_belongs_to_one_source(tmp_path: Path, name: str) -> None:
    homes, towns = ({"names": ["shared.asc"]}, {"names": [name]})
    with pytest.raises(SettingError, match=r"asc is a file of homes and of towns; rename one of them"):
        contracts(tmp_path, homes=contract_text(HOMES, homes, a={}), towns=contract_text(TOWNS, towns, a={}))
