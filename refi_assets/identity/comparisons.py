"""Comparisons: the levels of likeness of each feature, best first, as SQL conditions on two records l and r.

A level's m is the share of pairs of one person that reach it, its u that of pairs of two persons. Both are estimated
from the data; the shipped values here are used when there are too few data. A feature that is missing in either record
is not evidence.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Level:
    """One level of likeness."""

    label: str
    condition: str
    m: float
    u: float
    has_term_frequencies: bool = False  # a frequent value weighs less than a rare one


@dataclass(frozen=True)
class Comparison:
    """The comparison of a feature. It is evidence on the condition `known`; by default, if both records have it."""

    name: str
    feature: str
    levels: tuple[Level, ...]
    otherwise: Level
    known: str = ""

    @property
    def unknown(self) -> str:
        """The condition under which it is not evidence."""
        return f"NOT ({self.known or f'l.{self.feature} IS NOT NULL AND r.{self.feature} IS NOT NULL'})"

    @property
    def all_levels(self) -> tuple[Level, ...]:
        """The levels by number; 0 is the least alike."""
        return (self.otherwise, *reversed(self.levels))


def _one_edit(feature: str) -> str:
    """One letter added, missing or replaced, or two swapped; computed only if a cheaper measure allows it."""
    return f"CASE WHEN {_alike(feature, 0.8)} THEN DAMERAU_LEVENSHTEIN(l.{feature}, r.{feature}) <= 1 ELSE FALSE END"


def _alike(feature: str, least: float) -> str:
    return f"JARO_WINKLER_SIMILARITY(l.{feature}, r.{feature}) >= {least}"


def _different(m: float, u: float) -> Level:
    return Level("different", "ELSE", m, u)


_SWAPPED = "l.given <> r.given AND JARO_WINKLER_SIMILARITY(l.name_key, r.name_swapped) >= 0.94"

_SAME_CITY = f"(l.city = r.city OR {_alike('city', 0.92)})"

_ALL = (
    Comparison(
        "given_name",
        "given",
        (
            Level("the same", "l.given = r.given", 0.7, 0.01, True),
            Level("given name and surname swapped", _SWAPPED, 0.02, 0.00001),
            Level("a nickname of the other", "LIST_HAS_ANY(l.given_roots, r.given_roots)", 0.05, 0.003),
            Level("a slip of the pen", f"{_one_edit('given')} OR {_alike('given', 0.92)}", 0.1, 0.005),
            Level(
                "an initial",
                "(LENGTH(l.given) = 1 OR LENGTH(r.given) = 1) AND LEFT(l.given, 1) = LEFT(r.given, 1)",
                0.02,
                0.01,
            ),
            Level("alike", f"{_alike('given', 0.8)}", 0.03, 0.02),
        ),
        _different(0.08, 0.95),
    ),
    Comparison(
        "surname",
        "surname",
        (
            Level("the same", "l.surname = r.surname", 0.8, 0.003, True),
            Level("a slip of the pen", f"{_one_edit('surname')} OR {_alike('surname', 0.92)}", 0.1, 0.003),
            Level(
                "alike",
                f"{_alike('surname', 0.8)} OR CONTAINS(l.surname, r.surname) OR CONTAINS(r.surname, l.surname)",
                0.04,
                0.01,
            ),
        ),
        _different(0.06, 0.98),
        known=f"l.surname IS NOT NULL AND r.surname IS NOT NULL AND NOT COALESCE({_SWAPPED}, FALSE)",
    ),
    Comparison(  # Jr, Sr, II: a person has one
        "suffix",
        "suffix",
        (Level("the same", "l.suffix = r.suffix", 0.98, 0.4),),
        _different(0.02, 0.6),
    ),
    Comparison(
        "date_of_birth",
        "birth",
        (
            Level("the same", "l.birth = r.birth", 0.88, 0.0001, True),
            Level("one digit wrong or two swapped", _one_edit("birth"), 0.05, 0.0015),
            Level(
                "day and month swapped",
                "LEFT(l.birth, 4) = LEFT(r.birth, 4) AND SUBSTR(l.birth, 5, 2) = RIGHT(r.birth, 2)"
                " AND RIGHT(l.birth, 2) = SUBSTR(r.birth, 5, 2)",
                0.01,
                0.0001,
            ),
            Level(
                "two parts the same",
                "CAST(LEFT(l.birth, 4) = LEFT(r.birth, 4) AS INT)"
                " + CAST(SUBSTR(l.birth, 5, 2) = SUBSTR(r.birth, 5, 2) AS INT)"
                " + CAST(RIGHT(l.birth, 2) = RIGHT(r.birth, 2) AS INT) >= 2",
                0.02,
                0.004,
            ),
            Level("the year the same", "LEFT(l.birth, 4) = LEFT(r.birth, 4)", 0.01, 0.012),
        ),
        _different(0.03, 0.98),
    ),
    Comparison(
        "email",
        "email",
        (
            Level("the same", "l.email = r.email", 0.7, 0.00001, True),
            Level("the same user", "l.email_user = r.email_user", 0.08, 0.00005),
            Level("a slip of the pen", f"{_alike('email_user', 0.92)}", 0.07, 0.001),
        ),
        _different(0.15, 0.998),
    ),
    Comparison(
        "phone",
        "phone",
        (
            Level("the same", "l.phone = r.phone", 0.7, 0.00001, True),
            Level("one digit wrong or two swapped", _one_edit("phone"), 0.05, 0.00002),
        ),
        _different(0.25, 0.9999),
    ),
    Comparison(
        "house_number",
        "house_number",
        (
            Level("the same", "l.house_number = r.house_number", 0.8, 0.01, True),
            Level("one digit wrong or two swapped", _one_edit("house_number"), 0.08, 0.1),
        ),
        _different(0.12, 0.89),
    ),
    Comparison(
        "street",
        "street",
        (
            Level("the same", "l.street = r.street", 0.7, 0.0005, True),
            Level("a slip of the pen", f"l.street_key = r.street_key OR {_alike('street_key', 0.94)}", 0.12, 0.001),
            Level(
                "most words the same",
                "2 * LEN(LIST_INTERSECT(l.street_words, r.street_words))"
                " >= LEAST(LEN(l.street_words), LEN(r.street_words))"
                " AND LEN(LIST_INTERSECT(l.street_words, r.street_words)) > 0",
                0.06,
                0.01,
            ),
            Level("alike", _alike("street_key", 0.82), 0.02, 0.01),
        ),
        _different(0.1, 0.98),
    ),
    Comparison(  # one for all three: people in the same city are in the same state, which is not further evidence
        "place",
        "place",
        (
            Level("the same postcode and city", "l.place = r.place", 0.6, 0.0005, True),
            Level("the same postcode", "l.postcode = r.postcode", 0.1, 0.0005),
            Level(
                "the same city, a digit of the postcode wrong",
                f"{_SAME_CITY} AND {_one_edit('postcode')}",
                0.06,
                0.0005,
            ),
            Level("the same city", _SAME_CITY, 0.08, 0.01),
            Level("a digit of the postcode wrong or two swapped", _one_edit("postcode"), 0.02, 0.002),
            Level("the same area of postcodes", "l.postcode_area = r.postcode_area", 0.02, 0.005),
            Level("the same state", "l.state = r.state", 0.07, 0.05),
        ),
        _different(0.05, 0.93),
        known="COALESCE(l.postcode = r.postcode, l.city = r.city, l.state = r.state) IS NOT NULL",
    ),
    Comparison(
        "national_id",
        "national_id",
        (
            Level("the same", "l.national_id = r.national_id", 0.93, 0.000001, True),
            Level("one digit wrong or two swapped", _one_edit("national_id"), 0.05, 0.00001),
        ),
        _different(0.02, 0.99999),
    ),
)


def comparisons_of(features: Collection[str]) -> list[Comparison]:
    """The comparisons of these features. Swapped names are compared only if there are both."""
    comparisons = [comparison for comparison in _ALL if comparison.feature in features]
    if {"given", "surname"} <= set(features):
        return comparisons
    return [
        replace(
            comparison,
            levels=tuple(level for level in comparison.levels if _SWAPPED not in level.condition),
            known="",
        )
        if _SWAPPED in comparison.known or comparison.feature == "given"
        else comparison
        for comparison in comparisons
    ]


# Comparisons of what is a person's own. The others are shared by a household or a town.
PERSONAL = ("given_name", "surname", "date_of_birth", "email", "phone", "national_id")


def shares_nothing_personal_sql(comparisons: Sequence[Comparison], level: str) -> str:
    """Whether a pair shares nothing personal. `level` is the prefix of the columns with levels."""
    names = {comparison.name for comparison in comparisons}
    return f"GREATEST({', '.join(f'{level}{name}' for name in PERSONAL if name in names)}, -1) < 1"


def differs_as_relatives_sql(comparisons: Sequence[Comparison], level: str, operator: Literal["AND", "OR"]) -> str:
    """Whether a pair differs in given name and (or) date of birth, as relatives who share a home do."""
    if {"given_name", "date_of_birth"} <= {comparison.name for comparison in comparisons}:
        return f"{level}given_name = 0 {operator} {level}date_of_birth = 0"
    return "FALSE"


def differs_in_suffix_sql(comparisons: Sequence[Comparison], level: str) -> str:
    """Whether a pair differs in suffix, as father and son do."""
    return f"{level}suffix = 0" if "suffix" in {comparison.name for comparison in comparisons} else "FALSE"
