"""Placeholders are missing; values that a household, a birthday or a large house shares are not."""

from collections.abc import Sequence

import duckdb
import pandas as pd
import pytest

from refi_assets.identity.features import make_features
from refi_assets.identity.placeholders import removed_placeholders

SYLLABLES = ("bar", "col", "den", "fug", "gil", "hom", "jex", "kim", "lor", "wat", "nyp", "pel", "ros", "sud", "tav")


def stranger(number: int) -> tuple[str, str]:
    """A given name and a surname that are unlike those of other numbers."""
    first, second, third = number % 15, number // 15 % 15, (number * 7 + 3) % 15
    return SYLLABLES[second] + SYLLABLES[first], SYLLABLES[first] + SYLLABLES[third] + SYLLABLES[second]


def judged(
    kind: str, shared: str, names: Sequence[tuple[str, str]], others: Sequence[str]
) -> tuple[list[str | None], list[dict[str, object]]]:
    """The feature of the people who share a value, among others with their own values; and the removed values."""
    feature = {"date_of_birth": "birth"}.get(kind, kind)
    written = [shared] * len(names) + list(others)
    people = [*names, *(stranger(number) for number in range(len(others)))]
    with duckdb.connect() as connection:
        rows = [(at, *name, value) for at, (name, value) in enumerate(zip(people, written, strict=True))]
        columns = ["record", "given_name", "surname", kind]
        connection.register("people", pd.DataFrame(rows, columns=columns))
        make_features(connection, "people", ["given_name", "surname", kind])
        values = connection.execute(f"SELECT {feature} FROM feature ORDER BY record").fetchall()
        return [value for (value,) in values[: len(names)]], removed_placeholders(connection, lambda _: None)


EMAILS = [f"own{number}@mail.example" for number in range(100)]
BIRTHS = [f"{1940 + number % 60}-{1 + number % 12:02}-{1 + number % 28:02}" for number in range(400)]
STRANGERS = [stranger(number) for number in range(30)]


@pytest.mark.parametrize(
    "value",
    [
        *("none@none.com", "NONE@gmail.com", "no.email@x.org", "noemail@x.com", "n/a@n/a.com", "unknown@bank.example"),
        *("test@test.com", "declined@x.com", "ann@noemail.com", "donotreply@x.com", "xxx@xxx.com", "noreply2@x.com"),
    ],
)
def test_an_email_address_that_means_none_is_missing(value):
    values, removed = judged("email", value, STRANGERS[:1], EMAILS)
    assert values == [None]
    assert removed == [{"attribute": "email", "reason": "stands for nothing", "values": 1, "records": 1}]


@pytest.mark.parametrize(
    "value",
    [
        "na.li@x.com",
        "nil.patel@x.com",
        "test.user@x.com",
        "nona@x.com",
        "noah.none@x.com",
        "nancy@test.edu.example",
        "abcarter@x.com",
    ],
)
def test_an_email_address_that_only_begins_like_one_is_kept(value):
    assert judged("email", value, STRANGERS[:1], EMAILS)[0] == [value]


@pytest.mark.parametrize("value", ["1900-01-01", "01/01/1900", "1901-01-01", "9999-12-31", "1111-11-11"])
def test_a_birth_date_that_programs_write_for_none_is_missing(value):
    assert judged("date_of_birth", value, STRANGERS[:1], [value])[0] == [None]


@pytest.mark.parametrize(
    ("kind", "value", "others"),
    [
        ("email", "info@shop.example", EMAILS),
        ("phone", "231-555-0139", [f"231-555-{number:04}" for number in range(200, 300)]),
        ("national_id", "536-22-1234", [f"536-22-{number:04}" for number in range(2000, 2100)]),
        ("date_of_birth", "1950-01-01", BIRTHS),
        ("street", "1 Main Street", [f"{number} Elm Street" for number in range(100)]),
    ],
)
def test_a_value_that_thirty_names_share_is_missing(kind, value, others):
    values, removed = judged(kind, value, STRANGERS, others)
    assert values == [None] * 30
    assert removed == [{"attribute": kind, "reason": "shared by too many different names", "values": 1, "records": 30}]


def test_telephone_numbers_that_are_not_valid_are_listed():
    values, removed = judged("phone", "000-000-0000", STRANGERS, ["231-555-0139", "n/a", "312-555-0142"])
    assert values == [None] * 30
    assert removed == [{"attribute": "phone", "reason": "not a valid telephone number", "values": 2, "records": 31}]


FAMILY = [(given, "Kelding") for given in ("Tom", "Tim", "Susan", "Maria", "Olga", "Pete", "Frank", "Ivy")]
ONE_PERSON = [("Susan", "Kelding"), ("Susn", "Kelding"), ("Susan", "Keldin"), ("Kelding", "Susan"), ("S", "Kelding")]
TWO_COUPLES = [("Tom", "Kelding"), ("Susan", "Kelding"), ("Maria", "Ostrow"), ("Frank", "Ostrow")]


@pytest.mark.parametrize("names", [FAMILY, ONE_PERSON * 4, TWO_COUPLES], ids=["family", "one person", "two couples"])
def test_a_value_that_a_household_shares_is_kept(names):
    values, removed = judged("email", "kelding@mail.example", names, EMAILS)
    assert values == ["kelding@mail.example"] * len(names)
    assert not removed


def test_a_birthday_that_many_share_by_chance_is_kept():
    """Of 6,000 people born on 300 days each day has 20."""
    days = [f"19{60 + number % 25}-{1 + number % 12:02}-15" for number in range(300)] * 20
    values, removed = judged("date_of_birth", days[0], STRANGERS[:10], days)
    assert set(values) == {days[0].replace("-", "")}
    assert not removed


def test_a_large_house_in_a_large_set_is_kept():
    values, removed = judged(
        "street", "1 Main Street", STRANGERS * 2, [f"{number} Elm Street" for number in range(4000)]
    )
    assert set(values) == {"main street"}
    assert not removed
