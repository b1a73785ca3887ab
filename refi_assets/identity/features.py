"""Features: what is compared of each record, derived from the columns that say something about a person.

The input is a table of text, one row a record, whose columns are named by what they say (KINDS). features.sql makes
text comparable, placeholders.sql lists the values that mean nothing; phonenumbers reads the telephone numbers that SQL
cannot read for sure.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import nicknames
import pandas as pd
import phonenumbers
from duckdb import DuckDBPyConnection

from refi_assets.identity.placeholders import remove_placeholders
from refi_assets.specs.columns import PERSON_ATTRIBUTES
from refi_assets.specs.sql_steps import load_steps

KINDS = PERSON_ATTRIBUTES  # what a column may say of a person
MACROS = Path(__file__).with_name("features.sql")
GIVEN_NAMES = Path(__file__).with_name("given_names.txt")
REGION = "US"  # of a telephone number without a country code
# Area code, exchange and line, as the numbering plan has them. The area code need not be in use: a wrong digit in it is
# a slip of the pen, which is compared, and new ones are assigned every year.
DOMESTIC_NUMBER = r"[2-9]\d\d[2-9]\d{6}"

# Abbreviations in street names, spelled out.
_STREET_WORDS = {
    **{"st": "street", "rd": "road", "ave": "avenue", "av": "avenue", "blvd": "boulevard", "dr": "drive"},
    **{"ln": "lane", "ct": "court", "pl": "place", "cir": "circle", "cres": "crescent", "ter": "terrace"},
    **{"hwy": "highway", "pkwy": "parkway", "sq": "square", "trl": "trail", "apt": "apartment", "ste": "suite"},
    **{"n": "north", "s": "south", "e": "east", "w": "west"},
}

# More columns that comparisons and blocking rules use, by the features that they are derived from.
_DERIVED: dict[tuple[str, ...], dict[str, str]] = {
    ("given",): {
        "given_roots": "COALESCE((SELECT roots FROM nickname WHERE name = given), [given])",
        "given_start": "LEFT(COALESCE((SELECT root FROM nickname WHERE name = given), given), 3)",
        "given_has_nicknames": "COALESCE((SELECT has_nicknames FROM nickname WHERE name = given), FALSE)",
        "given_is_known": "(SELECT is_known FROM given_in_use WHERE name = given)",
        "given_records": "(SELECT records FROM given_in_use WHERE name = given)",
    },
    ("surname",): {"surname_start": "LEFT(surname, 3)"},
    ("city", "postcode", "state"): {
        "postcode_area": "LEFT(postcode, 4)",
        "place": "COALESCE(NULLIF(CONCAT_WS(' ', postcode, city), ''), state)",
    },
    ("given", "surname"): {
        # Separate columns: Splink would not compare a name that a rule blocks on.
        "name_key": "given || ' ' || surname",
        "name_swapped": "surname || ' ' || given",
    },
    ("birth",): {"birth_year": "NULLIF(LEFT(birth, 4), '0000')", "birth_day": "NULLIF(RIGHT(birth, 4), '0000')"},
    ("email",): {"email_user": "SPLIT_PART(email, '@', 1)"},
    ("street",): {
        "street_key": "REPLACE(street, ' ', '')",
        "street_words": "LIST_FILTER(STRING_SPLIT(street, ' '), word -> LENGTH(word) > 2)",
    },
}


def make_features(connection: DuckDBPyConnection, table: str, kinds: Collection[str]) -> list[str]:
    """Create the table `feature` from a table with record (an integer, unique) and columns of KINDS, all text.

    Returns the names of the features that can be compared: those that some records have and that are not all equal.
    """
    connection.execute(MACROS.read_text(encoding="utf-8"))
    connection.execute(f"CREATE OR REPLACE TEMP VIEW record_text AS SELECT * FROM {table}")
    features = _feature_sql(connection, kinds)
    stated = ", ".join(f"{sql} AS {name}" for name, sql in features.items())
    connection.execute(f"CREATE TABLE stated AS SELECT record, {stated} FROM record_text")
    remove_placeholders(connection, features)
    if "phone" in features:
        connection.execute(load_steps("identity")["invalid_phone_numbers"])
    varies = _row(connection, f"SELECT {', '.join(f'MIN({name}) <> MAX({name})' for name in features)} FROM stated")
    comparable = [name for name, is_comparable in zip(features, varies, strict=True) if is_comparable]
    derived: dict[str, str] = {}
    for sources, columns in _DERIVED.items():
        if set(sources) <= features.keys():
            derived |= columns
    if "given" in features:
        _make_nicknames(connection)
        _make_given_names(connection)
    selected = ["record", *features, *(f"{sql} AS {name}" for name, sql in derived.items())]
    connection.execute(f"CREATE TABLE feature AS SELECT {', '.join(selected)} FROM stated")
    connection.execute("DROP TABLE stated")
    return [*comparable, *(["place"] if {"city", "postcode", "state"}.intersection(comparable) else [])]


def _feature_sql(connection: DuckDBPyConnection, kinds: Collection[str]) -> dict[str, str]:
    """The SQL of each feature, by name, in terms of record_text."""
    features = _name_sql(connection, kinds)
    if "date_of_birth" in kinds:
        (order,) = _row(connection, "SELECT date_order(date_of_birth) FROM record_text")
        features["birth"] = f"NULLIF(eight_digits(TRIM(date_of_birth), '{order}'), '00000000')"
    if "email" in kinds:
        features["email"] = "CASE WHEN email LIKE '%_@_%' THEN LOWER(TRIM(email)) END"
    if "phone" in kinds:
        _make_phone_numbers(connection)
        features["phone"] = "(SELECT e164 FROM phone_number WHERE written = phone)"
    if "street" in kinds:
        features["house_number"] = r"NULLIF(REGEXP_EXTRACT(word(street), '^(\d+\w?)( |$)', 1), '')"
        whens = " ".join(f"WHEN '{short}' THEN '{word}'" for short, word in _STREET_WORDS.items())
        words = r"STRING_SPLIT(REGEXP_REPLACE(word(street), '^\d+\w?( |$)', ''), ' ')"
        spelled = f"LIST_TRANSFORM({words}, part -> CASE part {whens} ELSE part END)"
        features["street"] = f"NULLIF(ARRAY_TO_STRING({spelled}, ' '), '')"
    if "national_id" in kinds:
        features["national_id"] = "REPLACE(word(national_id), ' ', '')"
    places = {"city": "word(city)", "postcode": "REPLACE(word(postcode), ' ', '')", "state": "word(state)"}
    if not places.keys().isdisjoint(kinds):
        features |= {kind: sql if kind in kinds else "CAST(NULL AS VARCHAR)" for kind, sql in places.items()}
    return features


def _name_sql(connection: DuckDBPyConnection, kinds: Collection[str]) -> dict[str, str]:
    parts: dict[str, list[str]] = {"given": [], "surname": []}
    if "given_name" in kinds:
        parts["given"].append("given_name")
    if "surname" in kinds:
        parts["surname"].append("surname")
    if "full_name" in kinds:
        (has_commas,) = _row(connection, "SELECT AVG(CAST(full_name LIKE '%,%' AS INTEGER)) > 0.5 FROM record_text")
        if has_commas:  # "Surname, Given"
            parts["given"].append("SPLIT_PART(full_name, ',', 2)")
            parts["surname"].append("SPLIT_PART(full_name, ',', 1)")
        else:
            parts["given"].append("LIST_EXTRACT(name_words(full_name), 1)")
            parts["surname"].append(
                "CASE WHEN LEN(name_words(full_name)) > 1 THEN LIST_EXTRACT(name_words(full_name), -1) END"
            )
    names = {
        name: f"NULLIF(ARRAY_TO_STRING(name_words(COALESCE({', '.join(sources)})), ' '), '')"
        for name, sources in parts.items()
        if sources
    }
    written = [kind for kind in ("given_name", "surname", "full_name") if kind in kinds]
    if written:
        suffixes = [f"name_suffix({kind})" for kind in written]
        suffixes += [f"leading_suffix({kind})" for kind in written if kind != "full_name"]
        names["suffix"] = f"COALESCE({', '.join(suffixes)})"
    return names


def _make_nicknames(connection: DuckDBPyConnection) -> None:
    """Create the table nickname: a name, its roots (itself, and the names it is short for), and has_nicknames."""
    roots: dict[str, set[str]] = {}
    for triplet in nicknames.name_triplets():
        name, nickname = triplet.name1.lower(), triplet.name2.lower()
        roots.setdefault(name, {name})
        roots.setdefault(nickname, {nickname}).add(name)
    have_nicknames = {root for name, names in roots.items() for root in names if root != name}
    frame = pd.DataFrame({"name": list(roots), "roots": [sorted(names) for names in roots.values()]})
    frame["root"] = [max(names, key=len) for names in frame["roots"]]
    frame["has_nicknames"] = frame["name"].isin(have_nicknames)
    _save_frame(connection, "nickname", frame)


def _make_given_names(connection: DuckDBPyConnection) -> None:
    """Create the table given_in_use (name, records, is_known)."""
    lines = GIVEN_NAMES.read_text(encoding="ascii").splitlines()
    words = [line for line in lines if not line.startswith("#")]
    _save_frame(connection, "listed_name", pd.DataFrame({"word": words}))
    connection.execute(load_steps("identity")["given_in_use"])


def _make_phone_numbers(connection: DuckDBPyConnection) -> None:
    """Create the table phone_number (written, e164), one row a number; e164 is null if the number is not valid."""
    connection.execute(load_steps("identity")["domestic_phone_numbers"], {"domestic_number": DOMESTIC_NUMBER})
    rows = connection.execute("SELECT written FROM phone_number WHERE e164 IS NULL").fetchall()
    if rows:
        numbers = {"odd": [written for (written,) in rows], "read": [e164(written) for (written,) in rows]}
        _save_frame(connection, "odd_number", pd.DataFrame(numbers, dtype="string"))
        connection.execute("UPDATE phone_number SET e164 = read FROM odd_number WHERE written = odd")


def e164(written: str) -> str | None:
    """A telephone number as +<country><number>, or None if it is not a number that is valid in its country."""
    try:
        number = phonenumbers.parse(written, REGION)
    except phonenumbers.NumberParseException:
        return None
    is_domestic = number.country_code == 1 and re.fullmatch(DOMESTIC_NUMBER, str(number.national_number))
    if not is_domestic and not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _save_frame(connection: DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    connection.register("frame", frame)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    connection.unregister("frame")


def _row(connection: DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    (row,) = connection.execute(sql).fetchall()
    return row
