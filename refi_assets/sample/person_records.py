"""The records of generated people, as SQL: their names, homes and telephones, and the changes in a duplicate.

Every cell is computed from the numbers that people.py gives a borrower: nothing is joined, looked up or kept, and the
order of the rows does not matter. Records or people that share a value draw it from the random bits of a common key.
Names and places are in person_names.py; lines.py writes the lines.
"""

from refi_assets.sample.draws import cut, one_of, select_items, skewed
from refi_assets.sample.people import CHANGES, People
from refi_assets.sample.person_names import (
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

Columns = dict[str, str]  # a column -> its SQL. It may name a column before it, which DuckDB then computes twice.

# The columns of a file that describe a person, with their SQL. The other columns are the same without duplicates.
CELLS: Columns = {
    **{name: f"written_{name}" for name in ("first_name", "last_name", "email", "phone", "date_of_birth", "street")},
    **{name: name for name in ("city", "state", "postcode")},
}

# A key of the keyboard, and the one beside it that a finger may hit.
_KEYBOARD, _KEYBOARD_BESIDE = "abcdefghijklmnopqrstuvwxyz1234567890", "svxfrghjoklknmpowtdyibezux2345678909"

# 128 random bits for each key, cut into draws, the lower half first: label, key, widths. A telephone's area code is
# that of the home that its key would have, so that most people have the area code of their city.
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
    bits = {f"{label}_of_{key}": f"md5_number('{people.seed}:{label}:' || {key})" for label, key, _ in _DRAWS}
    halves: Columns = {}
    draws: Columns = {}
    for label, key, (lower, upper) in _DRAWS:
        name = f"{label}_of_{key}"
        halves[f"{name}0"] = f"CAST({name} & {2**64 - 1} AS UBIGINT)"
        halves[f"{name}1"] = f"CAST({name} >> 64 AS UBIGINT)"
        draws |= cut(f"{name}0", lower) | cut(f"{name}1", upper)
    stages: dict[str, Columns] = {
        "households": _HOUSEHOLD,
        "keys": _KEYS,
        "bits_of_people": bits,
        "halves_of_people": halves,
        "draws_of_people": draws,
        "named": _NAMES | _BIRTH | _HOME | _PHONE,
        "handles": _HANDLES,
        "persons": {"email": _EMAIL},
        "typed": _TYPED,
        "swapped": _SWAPPED,
        "people": _WRITTEN,
    }
    sources = ("numbered", *stages)
    ctes = (
        f"{name} AS (SELECT *, {select_items(columns)} FROM {source})"
        for source, (name, columns) in zip(sources, stages.items(), strict=False)
    )
    return ",\n".join((people.persons_sql(table), *ctes))


def _case(*branches: tuple[str, str], otherwise: str) -> str:
    """SQL of a CASE: each branch is a condition and its value."""
    whens = "\n".join(f"WHEN {condition} THEN {value}" for condition, value in branches)
    return f"CASE {whens} ELSE {otherwise} END"


def _has(kind: str, *turns: str) -> str:
    """SQL: whether one of the turns (this record's, if none is named) brings this change."""
    bits = sum(2 << turn for turn, kinds in enumerate(CHANGES) if kind in kinds)  # the lowest bit is of turn -1
    return "(" + " OR ".join(f"{bits} >> ({turn} + 1) & 1 = 1" for turn in turns or ("turn",)) + ")"


def _will_have(kind: str) -> str:
    """SQL: whether any record of the person has this change, so that the person must be one to whom it can happen."""
    return _has(kind, "second_turn", "third_turn")


def _shared_if(condition: str) -> str:
    """SQL of a key that is the head's if the condition holds, else the person's own."""
    return f"CAST({_case((condition, 'head'), otherwise='person')} AS VARCHAR)"


def _slipped(text: str, draw: str) -> str:
    """SQL of a text of at least two letters with one typo: two letters transposed, one wrong, doubled or left out."""
    at = f"(1 + ({draw} >> 2) % (LENGTH({text}) - 1))"
    before, a, b, after = (
        f"LEFT({text}, {at} - 1)",
        f"SUBSTR({text}, {at}, 1)",
        f"SUBSTR({text}, {at} + 1, 1)",
        f"SUBSTR({text}, {at} + 2)",
    )
    wrong = f"TRANSLATE({b}, '{_KEYBOARD}', '{_KEYBOARD_BESIDE}')"
    return _case(
        (f"{draw} % 4 = 0 AND {a} <> {b}", f"{before} || {b} || {a} || {after}"),
        (f"{draw} % 4 = 1 AND {wrong} <> {b}", f"{before} || {a} || {wrong} || {after}"),
        (f"{draw} % 4 = 2", f"{before} || {a} || {b} || {b} || {after}"),
        otherwise=f"{before} || {a} || {after}",
    )


def _slipped_if(kind: str, text: str, draw: str) -> str:
    return _case((_has(kind), _slipped(text, draw)), otherwise=text)


def _handle(name: str) -> str:
    return f"REGEXP_REPLACE(LOWER(STRIP_ACCENTS({name})), '[^a-z]', '', 'g')"


def _cased(text: str) -> str:
    """SQL of a text, in one case throughout if the record has this change."""
    return _case((f"NOT {_has('other_case')}", text), ("case_draw = 0", f"UPPER({text})"), otherwise=f"LOWER({text})")


def _without_accents(text: str) -> str:
    return _case((_has("accents_dropped"), f"STRIP_ACCENTS({text})"), otherwise=text)


# Some of four consecutive borrowers live together: families, of which some keep two surnames; twins, who differ only
# in given name, telephone and e-mail; a father and a son of the same name.
_HOUSEHOLD: Columns = {
    "member": "(person - 1) % 4",
    "head": "person - member",
    "household": "(person - 1) // 4 % 25",
    "is_family": "household < 6 AND member < 3",
    "is_twin": "household = 6 AND member < 2",
    "is_namesake": "household = 7 AND member < 2",
}
_KEYS: Columns = {
    "given_key": _shared_if("is_namesake"),
    "surname_key": _shared_if("is_twin OR is_namesake OR is_family AND NOT (household < 2 AND member = 1)"),
    "birth_key": _shared_if("is_twin"),
    "home_key": _case((_has("moved"), "'moved ' || n"), otherwise=_shared_if("is_twin OR is_namesake OR is_family")),
    "phone_key": _case((_has("other_phone"), "'other ' || n"), otherwise=_shared_if("is_namesake OR is_family")),
    "mail_key": _case((_has("other_email"), "'other ' || n"), otherwise="CAST(person AS VARCHAR)"),
}

# The person as they are. A home, telephone or e-mail address is that of this record if it has changed.
_GIVEN = skewed(GIVEN_NAMES, "given_a", "given_b", 12)
_SECOND_GIVEN = skewed(GIVEN_NAMES, "given_c", "given_d", 12)
_SURNAME = skewed(SURNAMES, "surname_a", "surname_b", 12)
_ACCENTED_SURNAME = skewed(ACCENTED_SURNAMES, "surname_a", "surname_b", 12)
_RARE_SURNAME = " || ".join(
    skewed(parts, f"{draw}_a", f"{draw}_b", 10)
    for parts, draw in ((SURNAME_BEGINNINGS, "start"), (SURNAME_MIDDLES, "mid"), (SURNAME_ENDS, "end"))
)
# A name, and a name that the same person also goes by.
_ALIASES = [
    pair
    for formal, (short, shorter) in NICKNAMES.items()
    for pair in ((formal, short), (formal, shorter), (short, formal))
]
_NAME, _ALIAS = (skewed(names, "given_a", "given_b", 12) for names in zip(*_ALIASES, strict=True))
_NAMES: Columns = {
    "given_name": _case(
        (_will_have("nickname"), _NAME), ("given_kind < 8", f"{_GIVEN} || ' ' || {_SECOND_GIVEN}"), otherwise=_GIVEN
    ),
    "surname": _case(
        (f"{_will_have('accents_dropped')} OR surname_kind < 5", _ACCENTED_SURNAME),
        ("surname_kind < 8", f"{_SURNAME} || '-' || {_RARE_SURNAME}"),
        ("surname_kind < 68", _RARE_SURNAME),
        otherwise=_SURNAME,
    ),
}
_BIRTH: Columns = {
    "birth_month": "1 + month_draw % 12",
    "date_of_birth": _case(
        (
            _will_have("day_and_month_swapped"),  # the day differs from the month, and is a month
            "MAKE_DATE(1940 + birth_draw % 64, birth_month, 1 + (birth_month + day_draw % 11) % 12)",
        ),
        (
            "is_namesake",  # the father is born by 1960, the son from 1980
            "MAKE_DATE(1940 + 40 * member + birth_draw % 20, birth_month, 1 + day_draw % 28)",
        ),
        otherwise="DATE '1940-01-01' + CAST(birth_draw % 23376 AS INTEGER)",  # to the end of 2003
    ),
}
_CITIES, _STATES, _POSTCODES, _AREAS = zip(*PLACES, strict=True)
_HOME: Columns = {
    "street": f"1 + (number_a * number_b * 9899 >> 26) || ' ' || {skewed(STREET_NAMES, 'street_a', 'street_b', 10)}"
    f" || ' ' || {one_of(STREET_KINDS, 'street_kind')}",
    "city": skewed(_CITIES, "place_a", "place_b", 10),
    "state": skewed(_STATES, "place_a", "place_b", 10),
    "postcode": f"{skewed(_POSTCODES, 'place_a', 'place_b', 10)}"
    " || LPAD(CAST(1 + postcode_draw % 99 AS VARCHAR), 2, '0')",
}
_PHONE: Columns = {
    "area": skewed(_AREAS, "area_a", "area_b", 10),
    "exchange": "CAST(200 + exchange_draw % 800 + CAST(exchange_draw % 100 = 11 AS INTEGER) AS VARCHAR)",  # never N11
    "line": "LPAD(CAST(line_draw % 10000 AS VARCHAR), 4, '0')",
}
_HANDLES: Columns = {
    "called_name": _case((_has("nickname"), _ALIAS), otherwise="given_name"),
    "given_handle": _handle("given_name"),
    "surname_handle": _handle("surname"),
}
_MAIL_NAME = _case(
    ("mail_kind % 4 = 0", "given_handle || '.' || surname_handle || mail_number % 10000"),
    ("mail_kind % 4 = 1", "LEFT(given_handle, 1) || surname_handle || mail_number % 10000"),
    ("mail_kind % 4 = 2", "surname_handle || '_' || given_handle || mail_number % 10000"),
    otherwise="given_handle || mail_number % 10000 || LEFT(surname_handle, 1)",
)
_EMAIL = f"{_MAIL_NAME} || '@' || {skewed(MAIL_DOMAINS, 'domain_a', 'domain_b', 10)}"

# The person as this record has them.
_TYPED: Columns = {
    "typed_first_name": _slipped_if("typo_in_first_name", "called_name", "first_slip"),
    "typed_last_name": _slipped_if("typo_in_last_name", "surname", "last_slip"),
    "typed_street": _slipped_if("typo_in_street", "street", "street_slip"),
    "iso": "CAST(date_of_birth AS VARCHAR)",
    "wrong_year": "YEAR(date_of_birth) // 10 * 10 + (YEAR(date_of_birth) + 1 + digit_slip % 9) % 10",
    "typed_date_of_birth": _case(
        (_has("day_and_month_swapped"), "LEFT(iso, 5) || RIGHT(iso, 2) || '-' || SUBSTR(iso, 6, 2)"),
        (f"NOT {_has('wrong_digit_in_date_of_birth')}", "iso"),
        # Neither a 32nd of a month nor a 29th of February in a common year may result.
        (
            "digit_slip % 2 = 0 AND SUBSTR(iso, 9, 1) <> '3'",
            "LEFT(iso, 9) || (1 + DAY(date_of_birth) % 10 % 8)",
        ),
        ("SUBSTR(iso, 6) = '02-29'", "CAST(MAKE_DATE(wrong_year, 2, 28) AS VARCHAR)"),
        otherwise="CAST(MAKE_DATE(wrong_year, MONTH(date_of_birth), DAY(date_of_birth)) AS VARCHAR)",
    ),
}
_IS_SWAPPED = _has("swapped_names")
_SWAPPED: Columns = {
    "first_cell": _without_accents(_case((_IS_SWAPPED, "typed_last_name"), otherwise="typed_first_name")),
    "last_cell": _without_accents(_case((_IS_SWAPPED, "typed_first_name"), otherwise="typed_last_name")),
}
_WRITTEN: Columns = {
    "written_first_name": _cased("first_cell"),
    "written_last_name": _cased("last_cell"),
    "written_street": _cased("typed_street"),
    "written_email": _case(
        (f"{_has('missing_email')} OR NOT {_has('other_email')} AND no_email % 100 < 15", "''"), otherwise="email"
    ),
    "written_phone": _case(
        (_has("missing_phone"), "''"),
        (f"NOT ({_has('phone_format')} OR {_has('other_phone')}) AND no_phone % 100 < 10", "''"),
        (f"NOT {_has('phone_format')}", "area || '-' || exchange || '-' || line"),
        ("format_draw % 3 = 0", "'(' || area || ') ' || exchange || '-' || line"),
        ("format_draw % 3 = 1", "'+1 ' || area || ' ' || exchange || ' ' || line"),
        otherwise="area || exchange || line",
    ),
    "written_date_of_birth": _case(
        (_has("missing_date_of_birth"), "''"),
        (f"{_has('day_and_month_swapped')} OR {_has('wrong_digit_in_date_of_birth')}", "typed_date_of_birth"),
        ("no_birth % 100 < 3", "''"),
        otherwise="typed_date_of_birth",
    ),
}
