"""People made up for tests, and second records of some, each with a slip."""

import random
from dataclasses import dataclass

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
    """Every person's record, and of each second person another: with a letter left out, without mail, or moved."""
    draw = random.Random(seed)
    found = []
    for who in range(persons):
        given, family = draw.choice(GIVEN), "".join(draw.choices(SYLLABLES, k=3))
        born = (draw.randint(1940, 2000), draw.randint(1, 12), draw.randint(1, 28))
        email = f"{given}{draw.randint(100, 99999)}@example.com"
        one = Person(f"r{2 * who}", given, family, born, draw.choice(TOWNS), email, who)
        found.append(one)
        if who % 2 == 0:
            slips = [
                {"family": family[:2] + family[3:]},
                {"email": ""},
                {"town": draw.choice(TOWNS)},
            ]
            found.append(Person(**(vars(one) | {"id": f"r{2 * who + 1}"} | slips[who // 2 % 3])))
    draw.shuffle(found)
    return found
