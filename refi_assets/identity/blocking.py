"""Blocking: which records are compared at all. A rule brings together the records that share some features.

Rules are derived from the data: the most general ones that bring together no more than a set number of pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from duckdb import DuckDBPyConnection

from refi_assets.errors import IdentityError
from refi_assets.specs.sql_steps import load_steps

# The features of which rules consist. A feature that another implies comes before it.
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
COUNTED = 200_000  # records; a sample if there are more


@dataclass(frozen=True)
class Blocking:
    """The rules in force and the refused ones: sets of features that must be equal, with their numbers of pairs."""

    rules: dict[tuple[str, ...], int]
    refused: dict[tuple[str, ...], int] = field(default_factory=dict)
    compares_all: bool = False  # there are so few records that each is compared with every other
    swaps_names: bool = False  # records whose given name and surname are swapped are compared as well


def allowed_pairs(records: int) -> int:
    """The number of pairs that one rule may bring together among this number of records."""
    return max(MOST_PAIRS, MOST_PAIRS_A_RECORD * records)


def choose_rules(connection: DuckDBPyConnection, columns: Sequence[str], records: int, most_pairs: int) -> Blocking:
    """Rules for the table `feature`. Raises IdentityError if every rule makes more than `most_pairs` pairs."""
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
            if any(_implies(rule, chosen) for chosen in rules):
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
            f"pairs, and {most_pairs:,} are allowed. Map a column that distinguishes more people."
        )
    swaps_names = bool(rules) and "name_key" in columns
    if swaps_names and (pairs := _count_swapped_pairs(connection)) > most_pairs:
        swaps_names, refused["name_key", "name_swapped"] = False, pairs
    return Blocking(rules, refused, swaps_names=swaps_names)


def _implies(rule: Sequence[str], general: Sequence[str]) -> bool:
    """Whether records that agree by a rule agree by a more general one as well."""
    agreed = {*rule, *(part for whole in rule for part in _IMPLIED.get(whole, ()))}
    return set(general) <= agreed


def _count_pairs(connection: DuckDBPyConnection, rule: Sequence[str]) -> int:
    is_known = " AND ".join(f"{key} IS NOT NULL" for key in rule)
    ((pairs,),) = connection.execute(
        "SELECT CAST(COALESCE(SUM(size * (size - 1) / 2), 0) AS BIGINT) "
        f"FROM (SELECT COUNT(*) AS size FROM counted WHERE {is_known} GROUP BY {', '.join(rule)})"
    ).fetchall()
    return int(pairs)


def _count_swapped_pairs(connection: DuckDBPyConnection) -> int:
    ((pairs,),) = connection.execute(load_steps("identity")["swapped_pairs"]).fetchall()
    return int(pairs)
