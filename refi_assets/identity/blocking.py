"""Which records are compared at all: rules that each bring together the records that share some features.

Rules follow from the data: the most general ones that do not make more than a set number of pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from duckdb import DuckDBPyConnection

from refi_assets.errors import IdentityError

# What rules are made of, the most general first of those that follow from one another.
_KEYS = (
    *("national_id", "email_user", "email", "phone", "street", "postcode_area", "postcode", "city", "house_number"),
    *("birth_year", "birth_day", "birth", "surname_start", "surname", "given_start", "given"),
)
_IMPLIED = {
    "email": ("email_user",),
    "birth": ("birth_year", "birth_day"),
    "postcode": ("postcode_area",),
    "surname": ("surname_start",),
    "given": ("given_start",),
}
MOST_PAIRS, MOST_PAIRS_A_RECORD = 1_000_000, 3
COUNTED = 200_000  # records, as a sample of more


@dataclass(frozen=True)
class Blocking:
    """The rules in force, each a set of features that are equal, with the pairs it makes; and those refused."""

    rules: dict[tuple[str, ...], int]
    refused: dict[tuple[str, ...], int] = field(default_factory=dict)
    compares_all: bool = False  # every record is compared with every other, as they are so few
    swaps_names: bool = False  # beside the rules, records are compared whose given name and surname are swapped


def allowed_pairs(records: int) -> int:
    """How many pairs one rule may make among so many records."""
    return max(MOST_PAIRS, MOST_PAIRS_A_RECORD * records)


def choose_rules(connection: DuckDBPyConnection, columns: Sequence[str], records: int, most_pairs: int) -> Blocking:
    """Rules for the table feature. Raises IdentityError where each makes more pairs than that."""
    if records * (records - 1) // 2 <= most_pairs:
        return Blocking({}, compares_all=True)
    keys = [key for key in _KEYS if key in columns]
    share = min(1.0, COUNTED / records)
    connection.execute(
        f"CREATE TEMP TABLE counted AS SELECT {', '.join(keys)} FROM feature "
        f"WHERE HASH(record) % 1000000 < {round(share * 1_000_000)}"
    )
    rules: dict[tuple[str, ...], int] = {}
    refused: dict[tuple[str, ...], int] = {}
    for size in (1, 2, 3):
        for rule in combinations(keys, size):
            if any(part in rule for whole in rule for part in _IMPLIED.get(whole, ())):
                continue
            if any(_follows(rule, known) for known in rules):
                continue
            pairs = round(_count_pairs(connection, rule) / share**2)
            if 0 < pairs <= most_pairs:
                rules[rule] = pairs
            elif pairs:
                refused[rule] = pairs
        if rules and size == 2:
            break
    connection.execute("DROP TABLE counted")
    if refused and not rules:
        rule, pairs = min(refused.items(), key=lambda item: item[1])
        raise IdentityError(
            f"These records cannot be compared: even the rule that they agree on {' and '.join(rule)} makes {pairs:,} "
            f"pairs, and {most_pairs:,} are allowed. Map a column that tells more people apart."
        )
    swaps_names = bool(rules) and "name_key" in columns
    if swaps_names and (pairs := _count_swapped_pairs(connection)) > most_pairs:
        swaps_names, refused["name_key", "name_swapped"] = False, pairs
    return Blocking(rules, refused, swaps_names=swaps_names)


def _follows(rule: Sequence[str], known: Sequence[str]) -> bool:
    """Whether records that agree by a rule agree by a known one, too."""
    agreed = {*rule, *(part for whole in rule for part in _IMPLIED.get(whole, ()))}
    return set(known) <= agreed


def _count_pairs(connection: DuckDBPyConnection, rule: Sequence[str]) -> int:
    known = " AND ".join(f"{key} IS NOT NULL" for key in rule)
    ((pairs,),) = connection.execute(
        "SELECT CAST(COALESCE(SUM(size * (size - 1) / 2), 0) AS BIGINT) "
        f"FROM (SELECT COUNT(*) AS size FROM counted WHERE {known} GROUP BY {', '.join(rule)})"
    ).fetchall()
    return int(pairs)


def _count_swapped_pairs(connection: DuckDBPyConnection) -> int:
    """Of all records; who has one name twice is nobody's swapped."""
    ((pairs,),) = connection.execute(
        "WITH name AS "
        "(SELECT name_key, name_swapped, COUNT(*) AS size FROM feature WHERE given <> surname GROUP BY ALL) "
        "SELECT COALESCE(SUM(l.size * r.size), 0) FROM name AS l JOIN name AS r ON l.name_key = r.name_swapped"
    ).fetchall()
    return int(pairs)
