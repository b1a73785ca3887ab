"""What is compared: features of each record, made from the columns that say what they are.

The input is a table of text, one row a record, whose columns are named by what they are (KINDS). How text becomes
comparable is in features.sql, which values stand for nothing in placeholders.sql; telephone numbers that SQL cannot
read for sure are read by phonenumbers.
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

KINDS = PERSON_ATTRIBUTES  # what a column may be
MACROS = Path(__file__).with_name("features.sql")
GIVEN_NAMES = Path(__file__).with_name("given_names.txt")
REGION = "US"  # of a telephone number without a country's code
# Area code, exchange and line, as the plan of numbers has them. That the area code is in use is not asked: a wrong
# digit in it is a slip of the pen, which is compared, and new ones are given out every year.
DOMESTIC_NUMBER = r"[2-9]\d\d[2-9]\d{6}"

# Abbreviations in the names of streets, and what they stand for.
_STREET_WORDS = {
    **{"st": "street", "rd": "road", "ave": "avenue", "av": "avenue", "blvd": "boulevard", "dr": "drive"},
    **{"ln": "lane", "ct": "court", "pl": "place", "cir": "circle", "cres": "crescent", "ter": "terrace"},
    **{"hwy": "highway", "pkwy": "parkway", "sq": "square", "trl": "trail", "apt": "apartment", "ste": "suite"},
    **{"n": "north", "s": "south", "e": "east", "w": "west"},
}

# Further columns that comparisons and blocking rules use, by the features that they are made of.
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
        # Copies under other names: a rule that blocks on a name would keep Splink from comparing them.
        "name_key": "given || ' ' || surname",
        "name_swapped": "surname || ' ' || given",
    },
    ("birth",): {"birth_year": "NULLIF(LEFT(birth, 4), '0000')", "birth_day": "NULLIF(RIGHT(birth, 4), '0000')"},
    ("email",): {"email_user": "SPLIT_PART(email, '@', 1)"},
    ("street",): {
        "street_key": "REPLACE(street, ' ', '')",
        "street_words": "LIST_FILTER(STRING_SPLIT(street, ' '), one -> LENGTH(one) > 2)",
    },
}


def make_features(connection: DuckDBPyConnection, table: str, kinds: Collection[str]) -> list[str]:
    """Make the table `feature` of a table with record (an integer, unique) and columns of KINDS, all text.

    Returns the names of the features that are known of some record and are not the same in all: what can be compared.
    """
    connection.execute(MACROS.read_text(encoding="utf-8"))
    made = _features(connection, table, kinds)
    stated = ", ".join(f"{sql} AS {name}" for name, sql in made.items())
    connection.execute(f"CREATE TABLE stated AS SELECT record, {stated} FROM {table}")
    remove_placeholders(connection, made)
    if "phone" in made:
        connection.execute(
            "INSERT INTO placeholder SELECT 'phone', written, COUNT(*), 'not a valid telephone number' "
            f"FROM {table} JOIN phone_number ON written = phone WHERE e164 IS NULL GROUP BY written"
        )
    varies = _row(connection, f"SELECT {', '.join(f'MIN({name}) <> MAX({name})' for name in made)} FROM stated")
    telling = [name for name, is_telling in zip(made, varies, strict=True) if is_telling]
    derived: dict[str, str] = {}
    for of, columns in _DERIVED.items():
        if set(of) <= made.keys():
            derived |= columns
    if "given" in made:
        _make_nicknames(connection)
        _make_given_names(connection)
    selected = ["record", *made, *(f"{sql} AS {name}" for name, sql in derived.items())]
    connection.execute(f"CREATE TABLE feature AS SELECT {', '.join(selected)} FROM stated")
    connection.execute("DROP TABLE stated")
    return [*telling, *(["place"] if {"city", "postcode", "state"}.intersection(telling) else [])]


def _features(connection: DuckDBPyConnection, table: str, kinds: Collection[str]) -> dict[str, str]:
    """SQL of each feature."""
    features = _names(connection, table, kinds)
    if "date_of_birth" in kinds:
        (order,) = _row(connection, f"SELECT date_order(date_of_birth) FROM {table}")
        features["birth"] = f"NULLIF(eight_digits(TRIM(date_of_birth), '{order}'), '00000000')"
    if "email" in kinds:
        features["email"] = "CASE WHEN email LIKE '%_@_%' THEN LOWER(TRIM(email)) END"
    if "phone" in kinds:
        _make_phone_numbers(connection, table)
        features["phone"] = "(SELECT e164 FROM phone_number WHERE written = phone)"
    if "street" in kinds:
        features["house_number"] = r"NULLIF(REGEXP_EXTRACT(word(street), '^(\d+\w?)( |$)', 1), '')"
        words = " ".join(f"WHEN '{short}' THEN '{word}'" for short, word in _STREET_WORDS.items())
        named = r"STRING_SPLIT(REGEXP_REPLACE(word(street), '^\d+\w?( |$)', ''), ' ')"
        spelled = f"LIST_TRANSFORM({named}, one -> CASE one {words} ELSE one END)"
        features["street"] = f"NULLIF(ARRAY_TO_STRING({spelled}, ' '), '')"
    if "national_id" in kinds:
        features["national_id"] = "REPLACE(word(national_id), ' ', '')"
    places = {"city": "word(city)", "postcode": "REPLACE(word(postcode), ' ', '')", "state": "word(state)"}
    if not places.keys().isdisjoint(kinds):
        features |= {kind: sql if kind in kinds else "CAST(NULL AS VARCHAR)" for kind, sql in places.items()}
    return features


def _names(connection: DuckDBPyConnection, table: str, kinds: Collection[str]) -> dict[str, str]:
    parts: dict[str, list[str]] = {"given": [], "surname": []}
    if "given_name" in kinds:
        parts["given"].append("given_name")
    if "surname" in kinds:
        parts["surname"].append("surname")
    if "full_name" in kinds:
        (has_commas,) = _row(connection, f"SELECT AVG(CAST(full_name LIKE '%,%' AS INTEGER)) > 0.5 FROM {table}")
        if has_commas:  # "Surname, Given"
            parts["given"].append("SPLIT_PART(full_name, ',', 2)")
            parts["surname"].append("SPLIT_PART(full_name, ',', 1)")
        else:
            parts["given"].append("LIST_EXTRACT(name_words(full_name), 1)")
            parts["surname"].append(
                "CASE WHEN LEN(name_words(full_name)) > 1 THEN LIST_EXTRACT(name_words(full_name), -1) END"
            )
    names = {
        name: f"NULLIF(ARRAY_TO_STRING(name_words(COALESCE({', '.join(found)})), ' '), '')"
        for name, found in parts.items()
        if found
    }
    written = [kind for kind in ("given_name", "surname", "full_name") if kind in kinds]
    if written:
        suffixes = [f"name_suffix({kind})" for kind in written]
        suffixes += [f"leading_suffix({kind})" for kind in written if kind != "full_name"]
        names["suffix"] = f"COALESCE({', '.join(suffixes)})"
    return names


def _make_nicknames(connection: DuckDBPyConnection) -> None:
    """Make the table nickname (name, roots, …): itself, and the names that it is short for; whether it has any."""
    roots: dict[str, set[str]] = {}
    for triplet in nicknames.name_triplets():
        name, nickname = triplet.name1.lower(), triplet.name2.lower()
        roots.setdefault(name, {name})
        roots.setdefault(nickname, {nickname}).add(name)
    have_nicknames = {root for name, names in roots.items() for root in names if root != name}
    frame = pd.DataFrame({"name": list(roots), "roots": [sorted(names) for names in roots.values()]})
    frame["root"] = [max(names, key=len) for names in frame["roots"]]
    frame["has_nicknames"] = frame["name"].isin(have_nicknames)
    _keep(connection, "nickname", frame)


def _make_given_names(connection: DuckDBPyConnection) -> None:
    """Make the table given_in_use (name, records, is_known): the given names of records, and if people have them.

    The list has names in Latin script: in another, every name counts as known.
    """
    lines = GIVEN_NAMES.read_text(encoding="ascii").splitlines()
    _keep(connection, "listed_name", pd.DataFrame({"word": [line for line in lines if not line.startswith("#")]}))
    connection.execute(
        "CREATE TABLE given_in_use AS "
        "WITH counted AS "
        "(SELECT given AS name, COUNT(*) AS records FROM stated WHERE given IS NOT NULL GROUP BY given), "
        "spelled AS (SELECT name, records, UNNEST(STRING_SPLIT(name, ' ')) AS word FROM counted) "
        "SELECT name, records, BOOL_AND(listed.word IS NOT NULL OR is_other_script(spelled.word)) AS is_known "
        "FROM spelled LEFT JOIN listed_name AS listed ON listed.word = spelled.word GROUP BY name, records"
    )


def _make_phone_numbers(connection: DuckDBPyConnection, table: str) -> None:
    """Make the table phone_number (written, e164), each number once; null where it is none."""
    connection.execute(
        rf"""
        CREATE TABLE phone_number AS
        WITH written AS (SELECT DISTINCT phone AS written FROM {table} WHERE phone IS NOT NULL),
        digits AS (SELECT written, REGEXP_REPLACE(written, '[-(). ]', '', 'g') AS digits FROM written)
        SELECT written, CASE WHEN REGEXP_FULL_MATCH(digits, '{DOMESTIC_NUMBER}') THEN '+1' || digits END AS e164
        FROM digits"""
    )
    others = [
        written for (written,) in connection.execute("SELECT written FROM phone_number WHERE e164 IS NULL").fetchall()
    ]
    if others:
        _keep(
            connection,
            "odd_number",
            pd.DataFrame({"odd": others, "read": [e164(written) for written in others]}, dtype="string"),
        )
        connection.execute("UPDATE phone_number SET e164 = read FROM odd_number WHERE written = odd")


def e164(written: str) -> str | None:
    """A telephone number as +<country><number>, or None for what is none, or is not valid in its country."""
    try:
        number = phonenumbers.parse(written, REGION)
    except phonenumbers.NumberParseException:
        return None
    is_domestic = number.country_code == 1 and re.fullmatch(DOMESTIC_NUMBER, str(number.national_number))
    if not is_domestic and not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _keep(connection: DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    connection.register("frame", frame)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    connection.unregister("frame")


def _row(connection: DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    (row,) = connection.execute(sql).fetchall()
    return row
