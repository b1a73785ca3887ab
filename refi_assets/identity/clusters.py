"""Clusters of records: what links join, unless something speaks against it.

Links are taken from the strongest down, as Kruskal builds a spanning tree, so that what may not stand together is
parted at the weakest link. Decisions of people come before any link.
"""

import operator
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

# Two clusters become one where the pairs across them are of one person with this probability on average: one link
# that is an accident does not tie two crowds together.
LEAST_SUPPORT = 0.25


@dataclass(frozen=True)
class Guards:
    """What keeps records apart: by record national ids, dates of birth (eight digits) and suffixes; people's decisions.

    `reviewed` has the pairs that only people may link, and why.
    """

    national_ids: Mapping[int, str] = field(default_factory=dict)
    births: Mapping[int, str] = field(default_factory=dict)
    suffixes: Mapping[int, str] = field(default_factory=dict)
    same: Sequence[tuple[int, int]] = ()
    different: Sequence[tuple[int, int]] = ()
    reviewed: Mapping[tuple[int, int], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """A link that was not followed, and why."""

    record_1: int
    record_2: int
    probability: float
    reason: str


def by_reason(splits: Iterable[Split]) -> dict[str, int]:
    """How many links were not followed, by reason."""
    return dict(sorted(Counter(split.reason for split in splits).items()))


def reviewed_pairs(pairs: pd.DataFrame) -> dict[tuple[int, int], str]:
    """The pairs (record_1, record_2) that have a review_reason, and which."""
    reviewed = pairs.dropna(subset="review_reason")
    return dict(
        zip(zip(reviewed["record_1"], reviewed["record_2"], strict=True), reviewed["review_reason"], strict=True)
    )


class _Clusters:
    """Disjoint sets of records, each with its members."""

    def __init__(self) -> None:
        self._root: dict[int, int] = {}
        self.members: dict[int, list[int]] = {}

    def find(self, record: int) -> int:
        return self._root.get(record, record)

    def of(self, root: int) -> list[int]:
        return self.members.get(root, [root])

    def join(self, one: int, other: int) -> int:
        into, gone = sorted((one, other), key=lambda root: (-len(self.of(root)), root))
        members = self.of(into) + self.of(gone)
        for record in self.of(gone):
            self._root[record] = into
        self.members.pop(gone, None)
        self.members[into] = members
        return into


def balanced_threshold(pairs: pd.DataFrame) -> float:
    """The probability from which on pairs are to be taken so that precision and recall balance: F1 is expected to be
    best there, if the model's own probabilities (the column match_probability) are right."""
    probability = np.sort(pairs["match_probability"].to_numpy(float))[::-1]
    if not len(probability):
        return 0.5
    taken = np.arange(1, len(probability) + 1)
    return float(probability[np.argmax(2 * probability.cumsum() / (taken + probability.sum()))])


def expected_f1(pairs: pd.DataFrame, threshold: float) -> float:
    """F1 of the pairs from a threshold on, if the model's own probabilities are right; 0 where there are none."""
    probability = pairs["match_probability"].to_numpy(float)
    taken = probability[probability >= threshold]
    return float(2 * taken.sum() / (len(taken) + probability.sum())) if len(probability) else 0.0


def cluster(
    records: Iterable[int], pairs: pd.DataFrame, threshold: float, guards: Guards | None = None
) -> tuple[pd.DataFrame, list[Split]]:
    """Clusters of records by pairs (record_1, record_2, match_weight, match_probability).

    Pairs at and above the threshold are links; those below count where clusters are held against one another. Returns
    a row a record: record, cluster (its first record), cluster_size, weakest_link (the probability of the weakest link
    that holds the cluster together; none for one alone); and the links that were not followed.
    """
    guards = guards or Guards()
    clusters, weakest, splits = _Clusters(), dict[int, float](), list[Split]()
    for one, other in guards.same:
        if (first := clusters.find(one)) != (second := clusters.find(other)):
            weakest[clusters.join(first, second)] = 1.0
    against = _Evidence(guards, pairs)
    links = pairs[pairs["match_probability"] >= threshold].sort_values(
        ["match_weight", "record_1", "record_2"], ascending=[False, True, True]
    )
    columns = (links[name].tolist() for name in ("record_1", "record_2", "match_probability"))
    for one, other, probability in zip(*columns, strict=True):
        first, second = clusters.find(one), clusters.find(other)
        if first == second:
            continue
        if reason := against.reason(clusters.of(first), clusters.of(second)):
            splits.append(Split(one, other, probability, reason))
            continue
        held = min(weakest.pop(first, 1.0), weakest.pop(second, 1.0), probability)
        weakest[clusters.join(first, second)] = held
    ordered = sorted(records)
    roots = [clusters.find(record) for record in ordered]
    first_of = {root: min(members) for root, members in clusters.members.items()}
    frame = pd.DataFrame(
        {
            "record": ordered,
            "cluster": [first_of.get(root, root) for root in roots],
            "cluster_size": [len(clusters.of(root)) for root in roots],
            "weakest_link": pd.array([weakest.get(root) for root in roots], dtype="Float64"),
        }
    )
    return frame, splits


class _Evidence:
    """What speaks against two clusters' being one."""

    def __init__(self, guards: Guards, pairs: pd.DataFrame) -> None:
        self._guards = guards
        self._apart: dict[int, dict[int, str]] = {}
        self._probable: dict[int, dict[int, float]] = {}
        decided = dict.fromkeys(guards.different, "decided to be different")
        for (one, other), reason in {**guards.reviewed, **decided}.items():
            self._apart.setdefault(one, {})[other] = reason
            self._apart.setdefault(other, {})[one] = reason
        columns = (pairs[name].tolist() for name in ("record_1", "record_2", "match_probability"))
        for one, other, probability in zip(*columns, strict=True):
            self._probable.setdefault(one, {})[other] = probability
            self._probable.setdefault(other, {})[one] = probability

    def reason(self, some: list[int], others: list[int]) -> str | None:
        """Why two clusters may not become one, if so."""
        for one in some:
            if one in self._apart and (apart := self._apart[one].keys() & set(others)):
                return self._apart[one][min(apart)]
        for what, known, agree in (
            ("national ids", self._guards.national_ids, is_slip),
            ("dates of birth", self._guards.births, are_compatible_births),
            ("suffixes", self._guards.suffixes, operator.eq),
        ):
            values, other_values = ({known[one] for one in part if one in known} for part in (some, others))
            if not all(agree(one, other) for one in values for other in other_values):
                return f"different {what}"
        if len(some) * len(others) > 1 and self._support(some, others) < LEAST_SUPPORT:
            return "few and weak links"
        return None

    def _support(self, some: list[int], others: list[int]) -> float:
        few, many = sorted((some, others), key=len)
        wanted, total = set(many), 0.0
        for one in few:
            near = self._probable.get(one, {})
            total += sum(near[other] for other in (wanted & near.keys()))
        return total / (len(some) * len(others))


def are_compatible_births(one: str, other: str) -> bool:
    """Whether two dates (eight digits) may be one: some part is not known, or two parts agree, or it is a slip."""
    parts = [(one[:4], other[:4]), (one[4:6], other[4:6]), (one[6:], other[6:])]
    if any(set(pair) & {"0000", "00"} for pair in parts):
        return True
    swapped = one[:4] == other[:4] and one[4:6] == other[6:] and one[6:] == other[4:6]
    return swapped or sum(a == b for a, b in parts) >= 2 or is_slip(one, other)


def is_slip(one: str, other: str) -> bool:
    """Whether texts are the same but for one character, or for two neighbours swapped."""
    if one == other:
        return True
    if len(one) != len(other):
        longer, shorter = (one, other) if len(one) > len(other) else (other, one)
        return len(longer) == len(shorter) + 1 and any(
            longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer))
        )
    at = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    return len(at) == 1 or (
        len(at) == 2 and at[1] == at[0] + 1 and one[at[0]] == other[at[1]] and one[at[1]] == other[at[0]]
    )
