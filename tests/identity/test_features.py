"""Features: written text becomes comparable; by plain examples and against other libraries."""

import re
from datetime import date
from typing import Any

import duckdb
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refi_assets.identity.features import make_features


def features(kind: str, values: list[str | None]) -> list[dict[str, Any]]:
    """The features of a column of these values, one row a value."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE stated_by (record BIGINT, {kind} VARCHAR)")
        connection.executemany("INSERT INTO stated_by VALUES (?, ?)", list(enumerate(values)))
        make_features(connection, "stated_by", [kind])
        rows = connection.execute("SELECT * FROM feature ORDER BY record")
        names = [column[0] for column in rows.description or []]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


DAYS = [date.fromordinal(700_000 + 977 * n % 33_000) for n in range(200)]


@pytest.mark.parametrize(
    "written",
    [
        "%Y-%m-%d",
        "%Y%m%d",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d.%m.%Y",
        "%d%m%Y",
        "%m%d%Y",
        "%Y/%m/%d",
        "%d %b %Y",
        "%B %d, %Y",
        "%d-%B-%Y",
        "%Y-%m-%dT00:00:00",
        "%Y-%m-%d 00:00:00",
    ],
)
def test_a_column_of_dates_is_read_as_it_is_written(written):
    rows = features("date_of_birth", [day.strftime(written) for day in DAYS])
    assert [row["birth"] for row in rows] == [day.strftime("%Y%m%d") for day in DAYS]


@pytest.mark.parametrize(
    ("written", "birth"),
    [
        ("1971-6-4", "19710604"),
        ("1971--24", "19710024"),
        ("1971-06-", "19710600"),
        ("1971", "19710000"),
        ("0000-06-24", "00000624"),
        (" 1971-06-24 ", "19710624"),
        ("--", None),
        ("n/a", None),
        (None, None),
    ],
)
def test_unknown_parts_of_a_date_are_zeros(written, birth):
    assert features("date_of_birth", [written, "1980-01-31"])[0]["birth"] == birth


@pytest.mark.parametrize(
    ("written", "given_part", "surname"),
    [
        ("Dr. José  Núñez", "jose", "nunez"),
        ("ŁUKASZ Kowalski Jr.", "lukasz", "kowalski"),
        ("Anna Maria O'Brien", "anna", "obrien"),
        ("Cher", "cher", None),
        ("n/a", None, None),
        ("", None, None),
    ],
)
def test_a_full_name_has_a_given_name_and_a_surname(written, given_part, surname):
    rows = features("full_name", [written, "Some Body"])[0]
    assert (rows["given"], rows["surname"]) == (given_part, surname)


def test_a_full_name_with_a_comma_begins_with_the_surname():
    rows = features("full_name", ["Núñez, José", "van der Berg, Anna", "Smith, John"])
    assert [(row["given"], row["surname"]) for row in rows] == [
        ("jose", "nunez"),
        ("anna", "van der berg"),
        ("john", "smith"),
    ]


def test_a_nickname_has_the_root_of_the_name_it_is_short_for():
    bill, william = features("given_name", ["Bill", "William"])
    assert "william" in bill["given_roots"]
    assert "william" in william["given_roots"]


@pytest.mark.parametrize(
    ("written", "number", "street"),
    [
        ("12 Main St.", "12", "main street"),
        ("12b N. Park Ave", "12b", "north park avenue"),
        ("Elm Drive", None, "elm drive"),
        ("7", "7", None),
    ],
)
def test_a_street_has_a_number_and_words_spelled_out(written, number, street):
    rows = features("street", [written, "99 Other Road"])[0]
    assert (rows["house_number"], rows["street"]) == (number, street)


def valid_number(written: str) -> str | None:
    """The number by phonenumbers, None if it is not valid."""
    try:
        parsed = phonenumbers.parse(written, "US")
    except phonenumbers.NumberParseException:
        return None
    is_valid = phonenumbers.is_valid_number(parsed)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if is_valid else None


PHONES = st.lists(
    st.from_regex(r"\(?[2-9]\d\d[-). ]{0,2}[2-9]\d\d[-. ]?\d{4}", fullmatch=True)
    | st.text("+0123456789-(). ", min_size=3, max_size=16),
    min_size=1,
    max_size=20,
    unique=True,
)


@settings(max_examples=20)  # of up to 20 numbers each
@given(PHONES)
def test_telephone_numbers_equal_those_of_phonenumbers_however_written(written):
    for number, row in zip(written, features("phone", written), strict=True):
        if expected := valid_number(number):
            assert row["phone"] == expected
        else:  # an area code that is not in use may be a slip of the pen, so it is compared
            assert row["phone"] is None or re.fullmatch(r"\+1[2-9]\d\d[2-9]\d{6}", row["phone"])


@pytest.mark.parametrize(
    "written",
    [
        *("000-000-0000", "111-111-1111", "222-222-2222", "(555) 555-5555", "888-888-8888", "999-999-9999"),
        *("123-456-7890", "1234567890", "234-567-8901", "911-234-5678", "212-555-1212", "000", "+44 0", "n/a"),
    ],
)
def test_text_typed_in_place_of_a_telephone_number_is_missing(written):
    """Numbers were parsed, not validated: 30 people with 000-000-0000 had one telephone number."""
    assert features("phone", [written, "231-555-0139"])[0]["phone"] is None


@pytest.mark.parametrize("written", ["837-555-6408", "+1 837 555 6408", "1 (837) 555-6408"])
def test_an_area_code_that_is_not_in_use_is_kept_however_written(written):
    assert features("phone", [written, "231-555-0139"])[0]["phone"] == "+18375556408"


@pytest.mark.parametrize(
    ("name_1", "name_2", "is_same"),
    [
        ("मीना", "मोना", False),  # Meena and Mona: vowel signs
        ("がく", "かく", False),  # voiced and not
        ("สมชาย", "สมชัย", False),
        ("JOSÉ", "Jose", True),
        ("Jose\u0301", "José", True),
        ("Ελένη", "Ελενη", True),
        ("Алёна", "Алена", True),
        ("क\u200dमल", "कमल", True),  # a joiner only affects how it is drawn
        ("José मीना", "Jose मीना", True),
    ],
)
def test_marks_distinguish_names_except_in_latin_greek_and_cyrillic(name_1, name_2, is_same):
    """Vowel signs were removed, so that Meena and Mona were one name."""
    row_1, row_2 = features("given_name", [name_1, name_2])
    assert (row_1["given"] == row_2["given"]) == is_same


@pytest.mark.parametrize(
    ("written", "suffix", "surname"),
    [
        ("Kelding Jr.", "jr", "kelding"),
        ("Kelding, Sr", "sr", "kelding"),
        ("KELDING III", "iii", "kelding"),
        ("Kelding 2nd", "ii", "kelding"),
        ("Kelding Senior", "sr", "kelding"),
        ("Kelding", None, "kelding"),
        ("Junior", None, "junior"),
    ],
)
def test_a_suffix_is_not_part_of_the_surname(written, suffix, surname):
    row = features("surname", [written, "Other"])[0]
    assert (row["suffix"], row["surname"]) == (suffix, surname)


@pytest.mark.parametrize(
    ("written", "suffix"), [("John Smith Jr.", "jr"), ("Smith Sr., John", "sr"), ("Sr. Juan Garcia", None)]
)
def test_a_full_name_may_have_a_suffix_but_a_spanish_title_is_not_one(written, suffix):
    assert features("full_name", [written, "Some Body"])[0]["suffix"] == suffix


def test_an_email_address_is_in_lower_case_and_other_text_is_missing():
    rows = features("email", [" Ann.B@Example.COM", "nobody", "@x", None])
    assert [row["email"] for row in rows] == ["ann.b@example.com", None, None, None]
    assert rows[0]["email_user"] == "ann.b"
