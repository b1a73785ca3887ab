"""The people of generated files in which some stand more than once: who is who, and what is changed in a duplicate.

A duplicate is a second or third record of a person, with a loan and a home of its own. Both it and the person's
first record are ordinary, healthy borrowers (the leading cases of cases.py), so that the counts of every
defect stay what they are. What changes in a duplicate is dealt from CHANGES in turn; how often each kind of change
is made is therefore arithmetic.

What the people are called and how their records are written belongs to records.py.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any

import duckdb

from refi_assets.errors import SettingError
from refi_assets.sample.cases import BORROWER, borrowers_by_case
from refi_assets.sample.draws import Deal

# What is changed in a duplicate, against who the person is; dealt in turn, so that all kinds are in the first 16.
CHANGES: tuple[tuple[str, ...], ...] = (
    ("nickname", "other_email"),
    ("typo_in_last_name",),
    ("moved", "other_phone"),
    ("swapped_names",),
    ("typo_in_first_name", "phone_format"),
    ("day_and_month_swapped",),
    ("missing_email", "typo_in_street"),
    ("accents_dropped", "other_email"),
    ("other_case", "phone_format"),
    ("wrong_digit_in_date_of_birth", "other_phone"),
    ("moved", "other_email"),
    ("missing_phone", "nickname"),
    ("missing_date_of_birth", "typo_in_last_name"),
    ("typo_in_first_name", "other_email", "other_phone"),
    ("phone_format",),
    ("typo_in_last_name", "typo_in_street", "other_email"),
    ("moved", "nickname"),
    ("swapped_names", "missing_email", "phone_format"),
    ("day_and_month_swapped", "other_email"),
    ("moved", "other_phone", "other_email"),
    ("typo_in_street", "phone_format", "other_email"),
    ("nickname", "typo_in_last_name", "phone_format"),
    ("accents_dropped", "missing_phone", "other_case"),
    ("missing_email", "missing_phone"),
    ("typo_in_last_name", "other_phone"),
    ("moved", "missing_date_of_birth"),
    ("other_email",),
    ("typo_in_first_name", "typo_in_last_name"),
    ("other_case", "other_email", "other_phone"),
    ("wrong_digit_in_date_of_birth", "nickname"),
    ("moved", "typo_in_last_name", "phone_format"),
)


@dataclass(frozen=True)
class People:
    """Whoever stands in the files of so many borrowers, `percent` of which are duplicates (more than 0).

    Ordinary borrowers are dealt places: the first places are of second records, then come the third ones of the same
    persons in the same order, then the first ones in an order that is dealt anew, lest a duplicate's case follow
    from the first record's; whoever comes after stands in the files once.
    Raises SettingError where there are too few ordinary borrowers for it.
    """

    rows: int
    seed: int
    percent: int

    def __post_init__(self) -> None:
        if self.duplicates + self._second > self._ordinary:
            raise SettingError(
                f"{self.percent} % of {self.rows} borrowers cannot be duplicates: they and whom they repeat must be "
                f"among the {self._ordinary} without a defect. Ask for a smaller share."
            )

    @property
    def duplicates(self) -> int:
        """How many borrowers are second or third records; at least one."""
        return max(1, self.rows * self.percent // 100)

    @property
    def _third(self) -> int:
        return self.duplicates // 8

    @property
    def _second(self) -> int:
        return self.duplicates - self._third

    @cached_property
    def _ordinary(self) -> int:
        leading = takewhile(lambda dealt: not dealt[0].rows, borrowers_by_case(self.rows))
        return max(ranks.stop for _, ranks in leading)

    def truth(self, audience_rows: int) -> dict[str, Any]:
        """The persons of the files: how many, in how many pairs of records, what was changed, and their audience.

        `audience_rows` counts borrowers; a person who is eligible in several records has one row by person.
        """
        cases = borrowers_by_case(self.rows)
        borrowers = self.rows + sum(
            len(ranks) * (case.is_joint - (not case.rows_in(BORROWER))) for case, ranks in cases
        )
        changed: Counter[str] = Counter()
        for turn, kinds in enumerate(CHANGES):
            changed.update(dict.fromkeys(kinds, len(range(turn, self.duplicates, len(CHANGES)))))
        return {
            "persons": {
                "borrowers": borrowers,
                "persons": borrowers - self.duplicates,
                "with_two_records": self._second - self._third,
                "with_three_records": self._third,
                "pairs": self._second + 2 * self._third,
                "changes": {kind: count for kind, count in sorted(changed.items()) if count},
            },
            "audience_rows_by_person": audience_rows - self._eligible_again(),
        }

    def _eligible_again(self) -> int:
        """How many eligible borrowers are a person's second or third who is."""
        ranges = [ranks for case, ranks in borrowers_by_case(self.rows) if not case.rows and case.loans[0].eligible]
        places = (self._place_of_first("range"), "range", f"(range + {self._second})")
        first, second, third = (
            " OR ".join(f"{self._places.place_of(place)} BETWEEN {ranks[0]} AND {ranks[-1]}" for ranks in ranges)
            for place in places
        )
        query = f"""
WITH record AS (
    SELECT
        CAST({first} AS INTEGER) AS first,
        CAST({second} AS INTEGER) AS second,
        CAST(range < {self._third} AND ({third}) AS INTEGER) AS third
    FROM range({self._second})
)
SELECT SUM(first + second + third - GREATEST(first, second, third)) FROM record"""
        with duckdb.connect() as connection:
            return int(connection.execute(query).fetchall()[0][0])

    @cached_property
    def _places(self) -> Deal:
        """Which place an ordinary borrower has, by rank."""
        return Deal(self._ordinary, self.seed)

    @cached_property
    def _order_of_firsts(self) -> Deal:
        return Deal(self._second, self.seed)

    def _place_of_first(self, repeated: str) -> str:
        """SQL of the place of the first record of a person, by the place of the second."""
        return f"({self.duplicates} + {self._order_of_firsts.number_at(repeated)})"

    def persons_sql(self, table: str) -> str:
        """CTEs, the last one `numbered`: the rows of a table (n, rank) with who they are.

        `person` is the number of the person's first borrower; `place` is null unless the borrower is ordinary;
        `repeated` is the place of the person's second record, null for a person with one. `turn` is the turn in
        CHANGES of this record, `second_turn` and `third_turn` of those records of the person; -1 for none.
        """
        rank_of_first = self._places.place_of(self._place_of_first("repeated"))
        return f"""
placed AS (
    SELECT *, CASE WHEN rank < {self._ordinary} THEN {self._places.number_at("rank")} END AS place FROM {table}
),
paired AS (
    SELECT
        *,
        CASE
            WHEN place < {self._second} THEN place
            WHEN place < {self.duplicates} THEN place - {self._second}
            WHEN place < {self.duplicates + self._second}
                THEN {self._order_of_firsts.place_of(f"(place - {self.duplicates})")}
        END AS repeated
    FROM placed
),
numbered AS (
    SELECT
        *,
        CASE
            WHEN place < {self.duplicates} THEN {Deal(self.rows, self.seed).place_of(f"({rank_of_first})")} + 1
            ELSE n
        END AS person,
        CASE WHEN place < {self.duplicates} THEN place % {len(CHANGES)} ELSE -1 END AS turn,
        CASE WHEN repeated IS NOT NULL THEN repeated % {len(CHANGES)} ELSE -1 END AS second_turn,
        CASE WHEN repeated < {self._third} THEN (repeated + {self._second}) % {len(CHANGES)} ELSE -1 END AS third_turn
    FROM paired
)"""
