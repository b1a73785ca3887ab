"""Features: what is written becomes comparable, by examples whose answers are plain and by other libraries."""

from datetime import date
from typing import Any

import duckdb
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refi_assets.identity.features import make_features


def features(kind: str, values: list[str | None]) -> list[dict[str, Any]]:
    """The features of a column of these values, a row a value."""
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
    found = features("date_of_birth", [day.strftime(written) for day in DAYS])
    assert [row["birth"] for row in found] == [day.strftime("%Y%m%d") for day in DAYS]


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
def test_parts_of_a_date_that_are_not_known_are_zeros(written, birth):
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
    found = features("full_name", [written, "Some Body"])[0]
    assert (found["given"], found["surname"]) == (given_part, surname)


def test_a_full_name_with_a_comma_begins_with_the_surname():
    found = features("full_name", ["Núñez, José", "van der Berg, Anna", "Smith, John"])
    assert [(row["given"], row["surname"]) for row in found] == [
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
    found = features("street", [written, "99 Other Road"])[0]
    assert (found["house_number"], found["street"]) == (number, street)


def known(written: str) -> str | None:
    try:
        parsed = phonenumbers.parse(written, "US")
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


PHONES = st.lists(
    st.from_regex(r"\(?[2-9]\d\d[-). ]{0,2}[2-9]\d\d[-. ]?\d{4}", fullmatch=True)
    | st.text("+0123456789-(). ", min_size=3, max_size=16),
    min_size=1,
    max_size=20,
    unique=True,
)


@settings(max_examples=20)  # of up to 20 numbers each
@given(PHONES)
def test_telephone_numbers_are_those_of_phonenumbers_however_written(written):
    assert [row["phone"] for row in features("phone", written)] == [known(number) for number in written]


def test_an_email_is_without_case_and_what_is_none_is_not_known():
    found = features("email", [" Ann.B@Example.COM", "nobody", "@x", None])
    assert [row["email"] for row in found] == ["ann.b@example.com", None, None, None]
    assert found[0]["email_user"] == "ann.b"
