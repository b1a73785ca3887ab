"""Chance in generated files, as SQL: numbers dealt and bits drawn, the same for a seed on any number of threads."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from refi_assets.engines.duckdb_sql import text_literal


@dataclass(frozen=True)
class Deal:
    """The numbers 0 to size - 1, each dealt to one of the places 0 to size - 1; size is at least 2.

    They are dealt by a step that has no factor in common with their count, so that each comes up once and
    neighbours lie far apart; near the golden section they do so evenly. Another seed deals otherwise.
    """

    size: int
    seed: int

    @cached_property
    def _step(self) -> int:
        return next(step for step in range(self.size * 618 // 1000, self.size) if math.gcd(step, self.size) == 1)

    @property
    def _shift(self) -> int:
        return self.seed * 2654435761 % self.size

    def number_at(self, place: str) -> str:
        """SQL of the number that is dealt to a place."""
        return f"({place} * {self._step} + {self._shift}) % {self.size}"

    def place_of(self, number: str) -> str:
        """SQL of the place that a number is dealt to."""
        back = pow(self._step, -1, self.size)
        return f"({number} + {self.size - self._shift}) % {self.size} * {back} % {self.size}"


def cut(bits: str, widths: Mapping[str, int]) -> Iterator[str]:
    """SELECT items that cut 64 random bits into named draws of so many bits each, lowest first."""
    low = 0
    for name, width in widths.items():
        yield f"CAST({bits} >> {low} & {2**width - 1} AS BIGINT) AS {name}"
        low += width


def one_of(texts: tuple[str, ...], draw: str) -> str:
    """SQL of one of the texts, each as often as another."""
    return f"{_list(texts)}[1 + {draw} % {len(texts)}]"


def skewed(texts: tuple[str, ...], draw_a: str, draw_b: str, width: int) -> str:
    """SQL of one of the texts, the first ones far oftener, as names are: the product of two draws of `width` bits."""
    return f"{_list(texts)}[1 + ({draw_a} * {draw_b} * {len(texts)} >> {2 * width})]"


def _list(texts: tuple[str, ...]) -> str:
    return f"([{', '.join(map(text_literal, texts))}])"
