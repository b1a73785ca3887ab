"""The people of generated files with duplicates: each borrower's person, and the changes in each duplicate.

A duplicate is a second or third record of a person, with a loan and a home of its own. Both it and the person's first
record are ordinary borrowers (the leading cases of cases.py), so that the counts of every defect stay the same. The
changes in a duplicate are dealt from CHANGES in turn, so the number of each kind is arithmetic.

The names of people and the cells of their records belong to person_records.py.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any

import duckdb

from refi_assets.errors import SettingError
from refi_assets.sample.case_model import BORROWER
from refi_assets.sample.cases import borrowers_by_case
from refi_assets.sample.draws import Deal

# The differences between a duplicate and the person, dealt in turn; the first 16 have every kind.
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
    """The people of `rows` borrowers, `percent` of which (more than 0) are duplicates.

    Ordinary borrowers are dealt places. The first places belong to second records; then come third records of the same
    persons in the same order, then first records in an order that is dealt again, so that a duplicate's case does not
    follow from the first record's. All other borrowers are persons with one record.
    Raises SettingError if there are too few ordinary borrowers.
    """

    rows: int
    seed: int
    percent: int

    def __post_init__(self) -> None:
        if self.duplicates + self._second > self._ordinary:
            raise SettingError(
                f"{self.percent} % of {self.rows} borrowers cannot be duplicates: duplicates and the borrowers they "
                f"repeat must be among the {self._ordinary} without a defect. Ask for a smaller share."
            )

    @property
    def duplicates(self) -> int:
        """The number of borrowers that are second or third records; at least one."""
        return max(1, self.rows * self.percent // 100)

    @property
    def _third(self) -> int:
        return self.duplicates // 8

    @property
    def _second(self) -> int:
        return self.duplicates - self._third

    @cached_property
    def _ordinary(self) -> int:
        leading = takewhile(lambda case_and_ranks: case_and_ranks[0].is_ordinary, borrowers_by_case(self.rows))
        return max(ranks.stop for _, ranks in leading)

    def truth(self, audience_rows: int) -> dict[str, Any]:
        """The truth about the persons: numbers of persons, pairs of records and changes, and the audience by person.

        `audience_rows` counts borrowers; by person, a person who is eligible in several records has one row.
        """
        borrowers = self.rows + sum(
            len(ranks) * (case.is_joint - (not case.rows_in(BORROWER))) for case, ranks in borrowers_by_case(self.rows)
        )
        changes: Counter[str] = Counter()
        for turn, kinds in enumerate(CHANGES):
            changes.update(dict.fromkeys(kinds, len(range(turn, self.duplicates, len(CHANGES)))))
        return {
            "persons": {
                "borrowers": borrowers,
                "persons": borrowers - self.duplicates,
                "with_two_records": self._second - self._third,
                "with_three_records": self._third,
                "pairs": self._second + 2 * self._third,
                "changes": {kind: count for kind, count in sorted(changes.items()) if count},
            },
            "audience_rows_by_person": audience_rows - self._eligible_again(),
        }

    def _eligible_again(self) -> int:
        """The number of eligible borrowers beyond the first of each person."""
        ranges = [ranks for case, ranks in borrowers_by_case(self.rows) if case.is_ordinary and case.loans[0].eligible]
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
        """The place of each ordinary borrower, by rank."""
        return Deal(self._ordinary, self.seed)

    @cached_property
    def _order_of_firsts(self) -> Deal:
        return Deal(self._second, self.seed)

    def _place_of_first(self, repeated: str) -> str:
        """SQL of the place of a person's first record, by the place of the second."""
        return f"({self.duplicates} + {self._order_of_firsts.number_at(repeated)})"

    def persons_sql(self, table: str) -> str:
        """CTEs, the last one `numbered`: the rows of a table (n, rank) with their persons.

        `person` is the number of the person's first borrower. `place` is null unless the borrower is ordinary.
        `repeated` is the place of the person's second record, null for a person with one record. `turn` is this
        record's index in CHANGES, `second_turn` and `third_turn` those of the person's duplicates; -1 for none.
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
