"""The format of a source's files, as a contract declares it: what is read, and every refusal."""

from typing import Any

import pytest

from refi_assets.errors import SettingError
from refi_assets.specs.columns import Column, column_of
from refi_assets.specs.contracts import load_contracts
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
