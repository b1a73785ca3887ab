"""The records of generated people, as SQL: their names, homes and telephones, and what is changed in a duplicate.

Everything is computed for each borrower from the numbers that people.py gives it: nothing is joined, looked
up or kept, and the order of the rows does not matter. What two records or two people share, they draw from random
bits of one key. Names and places are in names.py; the lines are written by generate.py.
"""

from collections.abc import Iterator

from refi_assets.sample.draws import cut, one_of, skewed
from refi_assets.sample.names import (
    ACCENTED_SURNAMES,
    GIVEN_NAMES,
    MAIL_DOMAINS,
    NICKNAMES,
    PLACES,
    STREET_KINDS,
    STREET_NAMES,
    SURNAME_BEGINNINGS,
    SURNAME_ENDS,
    SURNAME_MIDDLES,
    SURNAMES,
)
from refi_assets.sample.people import CHANGES, People

# Of the files' columns, those that hold a person; the others are as they are without duplicates.
CELLS = {
    "first_name": "written_first_name",
    "last_name": "written_last_name",
    "email": "written_email",
    "phone": "written_phone",
    "date_of_birth": "written_date_of_birth",
    "street": "written_street",
    "city": "city",
    "state": "state",
    "postcode": "postcode",
}

# Formal names beside what their bearers are called, and the other way round.
_SAID_OTHERWISE = tuple(
    pair
    for formal, (short, shorter) in NICKNAMES.items()
    for pair in ((formal, short), (formal, shorter), (short, formal))
)

# A key that the finger finds beside the right one.
_KEYS, _KEYS_BESIDE = "abcdefghijklmnopqrstuvwxyz1234567890", "svxfrghjoklknmpowtdyibezux2345678909"

# 128 random bits for each key, cut into draws, the lower half first: label, key, widths. A telephone has the area
# code of the place that its key would have for a home, so that most people's is that of their city.
_DRAWS: tuple[tuple[str, str, tuple[dict[str, int], dict[str, int]]], ...] = (
    ("given", "given_key", ({"given_a": 12, "given_b": 12, "given_kind": 7}, {"given_c": 12, "given_d": 12})),
    (
        "surname",
        "surname_key",
        (
            {"surname_a": 12, "surname_b": 12, "surname_kind": 7},
            {"start_a": 10, "start_b": 10, "mid_a": 10, "mid_b": 10, "end_a": 10, "end_b": 10},
        ),
    ),
    (
        "home",
        "home_key",
        (
            {"place_a": 10, "place_b": 10, "postcode_draw": 10},
            {"number_a": 13, "number_b": 13, "street_a": 10, "street_b": 10, "street_kind": 6},
        ),
    ),
    ("home", "phone_key", ({"area_a": 10, "area_b": 10}, {})),
    ("phone", "phone_key", ({"exchange_draw": 20, "line_draw": 20}, {})),
    ("birth", "birth_key", ({"birth_draw": 20, "month_draw": 8, "day_draw": 8}, {})),
    ("mail", "mail_key", ({"mail_kind": 4, "mail_number": 16, "domain_a": 10, "domain_b": 10}, {})),
    (
        "record",
        "n",
        (
            {"no_phone": 10, "no_email": 10, "no_birth": 10, "case_draw": 1, "format_draw": 6},
            {"first_slip": 12, "last_slip": 12, "street_slip": 12, "digit_slip": 8},
        ),
    ),
)


def records_sql(people: People, table: str) -> str:
    """CTEs, the last one `people`: the rows of a table (n, rank) with the columns that CELLS names."""
    bits = (f"md5_number('{people.seed}:{label}:' || {key}) AS {label}_of_{key}" for label, key, _ in _DRAWS)
    return f"""
{people.persons_sql(table)},
{_HOUSEHOLDS},
bits_of_people AS (SELECT *, {", ".join(bits)} FROM keys),
halves_of_people AS (SELECT *, {", ".join(_halves_sql())} FROM bits_of_people),
draws_of_people AS (SELECT *, {", ".join(_draws_sql())} FROM halves_of_people),
{_PERSONS},
{_RECORDS}"""


def _halves_sql() -> Iterator[str]:
    for label, key, _ in _DRAWS:
        yield f"CAST({label}_of_{key} & {2**64 - 1} AS UBIGINT) AS {label}_of_{key}0"
        yield f"CAST({label}_of_{key} >> 64 AS UBIGINT) AS {label}_of_{key}1"


def _draws_sql() -> Iterator[str]:
    for label, key, halves in _DRAWS:
        for half, widths in enumerate(halves):
            yield from cut(f"{label}_of_{key}{half}", widths)


def _has(kind: str, *turns: str) -> str:
    """SQL: whether one of the turns brings this change."""
    bits = sum(2 << turn for turn, kinds in enumerate(CHANGES) if kind in kinds)  # the lowest is of turn -1
    return "(" + " OR ".join(f"{bits} >> ({turn} + 1) & 1 = 1" for turn in turns or ("turn",)) + ")"


def _is_to_have(kind: str) -> str:
    """SQL: whether a record of the person brings this change, so that the person must be one whom it can befall."""
    return _has(kind, "second_turn", "third_turn")


def _slipped(text: str, draw: str) -> str:
    """SQL of a text of at least two letters with one typo: two letters transposed, one wrong, doubled or left out."""
    at = f"(1 + ({draw} >> 2) % (LENGTH({text}) - 1))"
    before, a, b, after = (
        f"LEFT({text}, {at} - 1)",
        f"SUBSTR({text}, {at}, 1)",
        f"SUBSTR({text}, {at} + 1, 1)",
        f"SUBSTR({text}, {at} + 2)",
    )
    wrong = f"TRANSLATE({b}, '{_KEYS}', '{_KEYS_BESIDE}')"
    return f"""CASE
            WHEN {draw} % 4 = 0 AND {a} <> {b} THEN {before} || {b} || {a} || {after}
            WHEN {draw} % 4 = 1 AND {wrong} <> {b} THEN {before} || {a} || {wrong} || {after}
            WHEN {draw} % 4 = 2 THEN {before} || {a} || {b} || {b} || {after}
            ELSE {before} || {a} || {after}
        END"""


# Some of four borrowers who follow one another live together: families, of which some keep two surnames; twins,
# who differ in nothing but the given name, the telephone and the e-mail; a father and a son of the same name.
_HOUSEHOLDS = f"""
households AS (
    SELECT
        *,
        (person - 1) % 4 AS member,
        person - member AS head,
        (person - 1) // 4 % 25 AS household,
        household < 6 AND member < 3 AS is_family,
        household = 6 AND member < 2 AS is_twin,
        household = 7 AND member < 2 AS is_namesake
    FROM numbered
),
keys AS (
    SELECT
        *,
        CASE WHEN is_namesake THEN head ELSE person END AS given_key,
        CASE
            WHEN is_twin OR is_namesake OR is_family AND NOT (household < 2 AND member = 1) THEN head
            ELSE person
        END AS surname_key,
        CASE WHEN is_twin THEN head ELSE person END AS birth_key,
        CASE
            WHEN {_has("moved")} THEN 'moved ' || n
            WHEN is_twin OR is_namesake OR is_family THEN CAST(head AS VARCHAR)
            ELSE CAST(person AS VARCHAR)
        END AS home_key,
        CASE
            WHEN {_has("other_phone")} THEN 'other ' || n
            WHEN is_namesake OR is_family THEN CAST(head AS VARCHAR)
            ELSE CAST(person AS VARCHAR)
        END AS phone_key,
        CASE WHEN {_has("other_email")} THEN 'other ' || n ELSE CAST(person AS VARCHAR) END AS mail_key
    FROM households
)"""


def _handle(name: str) -> str:
    return f"REGEXP_REPLACE(LOWER(STRIP_ACCENTS({name})), '[^a-z]', '', 'g')"


def _place(what: int, draw: str) -> str:
    return skewed(tuple(place[what] for place in PLACES), f"{draw}_a", f"{draw}_b", 10)


_GIVEN = skewed(GIVEN_NAMES, "given_a", "given_b", 12)
_SURNAME = skewed(SURNAMES, "surname_a", "surname_b", 12)
_ACCENTED = skewed(ACCENTED_SURNAMES, "surname_a", "surname_b", 12)
_RARE_SURNAME = " || ".join(
    skewed(parts, f"{draw}_a", f"{draw}_b", 10)
    for parts, draw in ((SURNAME_BEGINNINGS, "start"), (SURNAME_MIDDLES, "mid"), (SURNAME_ENDS, "end"))
)

# The person as they are, but for what has moved on (home, telephone, e-mail).
_PERSONS = f"""
named AS (
    SELECT
        *,
        CASE
            WHEN {_is_to_have("nickname")}
                THEN {skewed(tuple(name for name, _ in _SAID_OTHERWISE), "given_a", "given_b", 12)}
            WHEN given_kind < 8 THEN {_GIVEN} || ' ' || {skewed(GIVEN_NAMES, "given_c", "given_d", 12)}
            ELSE {_GIVEN}
        END AS given_name,
        {skewed(tuple(other for _, other in _SAID_OTHERWISE), "given_a", "given_b", 12)} AS nickname,
        CASE
            WHEN {_is_to_have("accents_dropped")} OR surname_kind < 5 THEN {_ACCENTED}
            WHEN surname_kind < 8 THEN {_SURNAME} || '-' || {_RARE_SURNAME}
            WHEN surname_kind < 68 THEN {_RARE_SURNAME}
            ELSE {_SURNAME}
        END AS surname,
        1 + month_draw % 12 AS birth_month,
        CASE
            WHEN {_is_to_have("day_and_month_swapped")}
                THEN MAKE_DATE(1940 + birth_draw % 64, birth_month, 1 + (birth_month + day_draw % 11) % 12)
            WHEN is_namesake  -- the father is born by 1960, the son from 1980
                THEN MAKE_DATE(1940 + 40 * member + birth_draw % 20, birth_month, 1 + day_draw % 28)
            ELSE DATE '1940-01-01' + CAST(birth_draw % 23376 AS INTEGER)  -- to the end of 2003
        END AS date_of_birth,
        1 + (number_a * number_b * 9899 >> 26)
            || ' ' || {skewed(STREET_NAMES, "street_a", "street_b", 10)}
            || ' ' || {one_of(STREET_KINDS, "street_kind")} AS street,
        {_place(0, "place")} AS city,
        {_place(1, "place")} AS state,
        {_place(2, "place")} || LPAD(CAST(1 + postcode_draw % 99 AS VARCHAR), 2, '0') AS postcode,
        {_place(3, "area")} AS area,
        CAST(200 + exchange_draw % 800 + CAST(exchange_draw % 100 = 11 AS INTEGER) AS VARCHAR) AS exchange,
        LPAD(CAST(line_draw % 10000 AS VARCHAR), 4, '0') AS line
    FROM draws_of_people
),
handles AS (
    SELECT *, {_handle("given_name")} AS given_handle, {_handle("surname")} AS surname_handle FROM named
),
persons AS (
    SELECT
        *,
        CASE mail_kind % 4
            WHEN 0 THEN given_handle || '.' || surname_handle || mail_number % 10000
            WHEN 1 THEN LEFT(given_handle, 1) || surname_handle || mail_number % 10000
            WHEN 2 THEN surname_handle || '_' || given_handle || mail_number % 10000
            ELSE given_handle || mail_number % 10000 || LEFT(surname_handle, 1)
        END || '@' || {skewed(MAIL_DOMAINS, "domain_a", "domain_b", 10)} AS email
    FROM handles
)"""

_CASED = "CASE WHEN NOT {changed} THEN {text} WHEN case_draw = 0 THEN UPPER({text}) ELSE LOWER({text}) END"


def _cased(text: str) -> str:
    return _CASED.format(changed=_has("other_case"), text=text)


def _plain(text: str) -> str:
    return f"CASE WHEN {_has('accents_dropped')} THEN STRIP_ACCENTS({text}) ELSE {text} END"


# The person as this record has them.
_RECORDS = f"""
called AS (
    SELECT *, CASE WHEN {_has("nickname")} THEN nickname ELSE given_name END AS called_name FROM persons
),
typed AS (
    SELECT
        *,
        CASE
            WHEN {_has("typo_in_first_name")} THEN {_slipped("called_name", "first_slip")} ELSE called_name
        END AS typed_first_name,
        CASE WHEN {_has("typo_in_last_name")} THEN {_slipped("surname", "last_slip")} ELSE surname END
            AS typed_last_name,
        CASE WHEN {_has("typo_in_street")} THEN {_slipped("street", "street_slip")} ELSE street END AS typed_street,
        CAST(date_of_birth AS VARCHAR) AS iso,
        CASE
            WHEN {_has("day_and_month_swapped")} THEN LEFT(iso, 5) || RIGHT(iso, 2) || '-' || SUBSTR(iso, 6, 2)
            WHEN NOT {_has("wrong_digit_in_date_of_birth")} THEN iso
            -- Neither a 32nd of a month nor a 29th of February may come of it.
            WHEN digit_slip % 2 = 0 AND SUBSTR(iso, 9, 1) <> '3' THEN LEFT(iso, 9) || (1 + DAY(date_of_birth) % 10 % 8)
            ELSE CAST(MAKE_DATE(
                YEAR(date_of_birth) // 10 * 10 + (YEAR(date_of_birth) + 1 + digit_slip % 9) % 10,
                MONTH(date_of_birth),
                CASE WHEN SUBSTR(iso, 6) = '02-29' THEN 28 ELSE DAY(date_of_birth) END
            ) AS VARCHAR)
        END AS typed_date_of_birth
    FROM called
),
swapped AS (
    SELECT
        *,
        {_plain(f"CASE WHEN {_has('swapped_names')} THEN typed_last_name ELSE typed_first_name END")} AS first_cell,
        {_plain(f"CASE WHEN {_has('swapped_names')} THEN typed_first_name ELSE typed_last_name END")} AS last_cell
    FROM typed
),
people AS (
    SELECT
        *,
        {_cased("first_cell")} AS written_first_name,
        {_cased("last_cell")} AS written_last_name,
        {_cased("typed_street")} AS written_street,
        CASE
            WHEN {_has("missing_email")} OR NOT {_has("other_email")} AND no_email % 100 < 15 THEN ''
            ELSE email
        END AS written_email,
        CASE
            WHEN {_has("missing_phone")} THEN ''
            WHEN NOT {_has("phone_format")}
                THEN CASE
                    WHEN NOT {_has("other_phone")} AND no_phone % 100 < 10 THEN ''
                    ELSE area || '-' || exchange || '-' || line
                END
            WHEN format_draw % 3 = 0 THEN '(' || area || ') ' || exchange || '-' || line
            WHEN format_draw % 3 = 1 THEN '+1 ' || area || ' ' || exchange || ' ' || line
            ELSE area || exchange || line
        END AS written_phone,
        CASE
            WHEN {_has("missing_date_of_birth")} THEN ''
            WHEN NOT ({_has("day_and_month_swapped")} OR {_has("wrong_digit_in_date_of_birth")})
                AND no_birth % 100 < 3 THEN ''
            ELSE typed_date_of_birth
        END AS written_date_of_birth
    FROM swapped
)"""
