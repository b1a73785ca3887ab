"""Chance in generated files, as SQL: numbers dealt and bits drawn, the same for a seed on any number of threads."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from refi_assets.engines.duckdb_sql import text_literal


@dataclass(frozen=True)
class Deal:
    """A permutation of the numbers 0 to size - 1: each number is dealt to one place. Another seed deals differently.

    Consecutive places are a constant step apart. The step has no factor in common with the size, so that each number
    comes up once, and is near the golden section, so that neighbors are spread evenly.
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
        """SQL of the number at a place."""
        return f"({place} * {self._step} + {self._shift}) % {self.size}"

    def place_of(self, number: str) -> str:
        """SQL of the place of a number."""
        inverse = pow(self._step, -1, self.size)
        return f"({number} + {self.size - self._shift}) % {self.size} * {inverse} % {self.size}"


def select_items(columns: Mapping[str, str]) -> str:
    """The items of a SELECT, from the SQL of each column."""
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())


def cut(bits: str, widths: Mapping[str, int]) -> dict[str, str]:
    """SQL of named draws of so many bits each, cut from 64 random bits, lowest first."""
    draws, low = {}, 0
    for name, width in widths.items():
        draws[name] = f"CAST({bits} >> {low} & {2**width - 1} AS BIGINT)"
        low += width
    return draws


def one_of(texts: Sequence[str], draw: str) -> str:
    """SQL of one of the texts, all about equally often."""
    return f"{_list(texts)}[1 + {draw} % {len(texts)}]"


def skewed(texts: Sequence[str], draw_a: str, draw_b: str, width: int) -> str:
    """SQL of one of the texts, the first ones far more often (as with names): two draws of `width` bits multiplied."""
    return f"{_list(texts)}[1 + ({draw_a} * {draw_b} * {len(texts)} >> {2 * width})]"


def _list(texts: Sequence[str]) -> str:
    return f"([{', '.join(map(text_literal, texts))}])"
