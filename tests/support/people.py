"""Invented people for tests, and second records of some of them, each with a mistake."""

import csv
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

GIVEN = (
    *("anna", "ben", "clara", "david", "emma", "frank", "grace", "henry"),
    *("irene", "jack", "karen", "louis", "maria", "noah", "olga", "peter"),
)
SYLLABLES = ("bar", "col", "den", "far", "gil", "hol", "jen", "kim", "lor", "mat", "nor", "pel", "ros", "sul", "tur")
TOWNS = ("ashford", "bexley", "camden", "dorking", "epsom", "fulham")


@dataclass(frozen=True)
class Person:
    """One record of a person; `who` is the truth."""

    id: str
    given: str
    family: str
    born: tuple[int, int, int]
    town: str
    email: str
    who: int


def people(persons: int, seed: int = 1) -> list[Person]:
    """A record of each person, and a second one of every other: a missing letter, no email, or another town."""
    draw = random.Random(seed)
    records = []
    for who in range(persons):
        given, family = draw.choice(GIVEN), "".join(draw.choices(SYLLABLES, k=3))
        born = (draw.randint(1940, 2000), draw.randint(1, 12), draw.randint(1, 28))
        email = f"{given}{draw.randint(100, 99999)}@example.com"
        person = Person(f"r{2 * who}", given, family, born, draw.choice(TOWNS), email, who)
        records.append(person)
        if who % 2 == 0:
            slips = [
                {"family": family[:2] + family[3:]},
                {"email": ""},
                {"town": draw.choice(TOWNS)},
            ]
            records.append(Person(**(vars(person) | {"id": f"r{2 * who + 1}"} | slips[who // 2 % 3])))
    draw.shuffle(records)
    return records


def pairs(groups: dict[str, str]) -> set[tuple[str, str]]:
    """The pairs of ids in the same group; `groups` maps ids to groups."""
    members = defaultdict(list)
    for id_, group in groups.items():
        members[group].append(id_)
    return {(a, b) for ids in members.values() for a in ids for b in ids if a < b}


def truth(source: Path) -> dict[str, str]:
    """The person of each borrower of generated files."""
    with (source / "persons.csv").open() as stream:
        return {row["borrower_id"]: row["person"] for row in csv.DictReader(stream)}
