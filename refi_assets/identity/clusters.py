"""Clusters of records: links join records, unless there is evidence against it.

Links are followed from the strongest to the weakest, as Kruskal builds a spanning tree, so records that must not be
together are separated at the weakest link. Decisions of people come before any link.
"""

import operator
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

# Two clusters become one if the pairs across them have at least this probability on average: one accidental link does
# not join two crowds.
LEAST_SUPPORT = 0.25


@dataclass(frozen=True)
class Guards:
    """The facts that keep records apart: national ids, dates of birth (eight digits), suffixes, and people's decisions.

    `reviewed` has the pairs that only people may link, with the reason.
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
    """The number of links that were not followed, by reason."""
    return dict(sorted(Counter(split.reason for split in splits).items()))


def reviewed_pairs(pairs: pd.DataFrame) -> dict[tuple[int, int], str]:
    """The pairs (record_1, record_2) that have a review_reason, with it."""
    reviewed = pairs.dropna(subset="review_reason")
    return dict(
        zip(zip(reviewed["record_1"], reviewed["record_2"], strict=True), reviewed["review_reason"], strict=True)
    )


class _Clusters:
    """Disjoint sets of records, each with a root and its members."""

    def __init__(self) -> None:
        self._root: dict[int, int] = {}
        self.members: dict[int, list[int]] = {}

    def root_of(self, record: int) -> int:
        return self._root.get(record, record)

    def members_of(self, root: int) -> list[int]:
        return self.members.get(root, [root])

    def join(self, root_1: int, root_2: int) -> int:
        kept, dissolved = sorted((root_1, root_2), key=lambda root: (-len(self.members_of(root)), root))
        members = self.members_of(kept) + self.members_of(dissolved)
        for record in self.members_of(dissolved):
            self._root[record] = kept
        self.members.pop(dissolved, None)
        self.members[kept] = members
        return kept


def balanced_threshold(pairs: pd.DataFrame) -> float:
    """The threshold at which precision and recall balance: the expected F1 is highest there, if the model's own
    probabilities (the column match_probability) are right."""
    probability = np.sort(pairs["match_probability"].to_numpy(float))[::-1]
    if not len(probability):
        return 0.5
    taken = np.arange(1, len(probability) + 1)
    return float(probability[np.argmax(2 * probability.cumsum() / (taken + probability.sum()))])


def expected_f1(pairs: pd.DataFrame, threshold: float) -> float:
    """F1 of the pairs at and above a threshold, if the model's own probabilities are right; 0 without pairs."""
    probability = pairs["match_probability"].to_numpy(float)
    taken = probability[probability >= threshold]
    return float(2 * taken.sum() / (len(taken) + probability.sum())) if len(probability) else 0.0


def cluster_records(
    records: Iterable[int], pairs: pd.DataFrame, threshold: float, guards: Guards | None = None
) -> tuple[pd.DataFrame, list[Split]]:
    """Clusters of records by pairs (record_1, record_2, match_weight, match_probability).

    Pairs at and above the threshold are links; pairs below it count when two clusters are compared. Returns one row a
    record: record, cluster (its first record), cluster_size, weakest_link (the probability of the weakest link that
    holds the cluster together; null for a single record); and the links that were not followed.
    """
    guards = guards or Guards()
    clusters, weakest, splits = _Clusters(), dict[int, float](), list[Split]()
    for record_1, record_2 in guards.same:
        if (root_1 := clusters.root_of(record_1)) != (root_2 := clusters.root_of(record_2)):
            weakest[clusters.join(root_1, root_2)] = 1.0
    evidence = _Evidence(guards, pairs)
    links = pairs[pairs["match_probability"] >= threshold].sort_values(
        ["match_weight", "record_1", "record_2"], ascending=[False, True, True]
    )
    columns = (links[name].tolist() for name in ("record_1", "record_2", "match_probability"))
    for record_1, record_2, probability in zip(*columns, strict=True):
        root_1, root_2 = clusters.root_of(record_1), clusters.root_of(record_2)
        if root_1 == root_2:
            continue
        if reason := evidence.reason_against(clusters.members_of(root_1), clusters.members_of(root_2)):
            splits.append(Split(record_1, record_2, probability, reason))
            continue
        weakest_link = min(weakest.pop(root_1, 1.0), weakest.pop(root_2, 1.0), probability)
        weakest[clusters.join(root_1, root_2)] = weakest_link
    ordered = sorted(records)
    roots = [clusters.root_of(record) for record in ordered]
    first_of = {root: min(members) for root, members in clusters.members.items()}
    frame = pd.DataFrame(
        {
            "record": ordered,
            "cluster": [first_of.get(root, root) for root in roots],
            "cluster_size": [len(clusters.members_of(root)) for root in roots],
            "weakest_link": pd.array([weakest.get(root) for root in roots], dtype="Float64"),
        }
    )
    return frame, splits


class _Evidence:
    """The evidence against two clusters being one person."""

    def __init__(self, guards: Guards, pairs: pd.DataFrame) -> None:
        self._guards = guards
        self._apart: dict[int, dict[int, str]] = {}
        self._probability: dict[int, dict[int, float]] = {}
        decided = dict.fromkeys(guards.different, "decided to be different")
        for (record_1, record_2), reason in {**guards.reviewed, **decided}.items():
            self._apart.setdefault(record_1, {})[record_2] = reason
            self._apart.setdefault(record_2, {})[record_1] = reason
        columns = (pairs[name].tolist() for name in ("record_1", "record_2", "match_probability"))
        for record_1, record_2, probability in zip(*columns, strict=True):
            self._probability.setdefault(record_1, {})[record_2] = probability
            self._probability.setdefault(record_2, {})[record_1] = probability

    def reason_against(self, members_1: list[int], members_2: list[int]) -> str | None:
        """Why two clusters must not become one; None if they may."""
        for record in members_1:
            if record in self._apart and (apart := self._apart[record].keys() & set(members_2)):
                return self._apart[record][min(apart)]
        for plural, by_record, agree in (
            ("national ids", self._guards.national_ids, is_slip),
            ("dates of birth", self._guards.births, are_compatible_births),
            ("suffixes", self._guards.suffixes, operator.eq),
        ):
            values_1, values_2 = (
                {by_record[record] for record in members if record in by_record} for members in (members_1, members_2)
            )
            if not all(agree(value_1, value_2) for value_1 in values_1 for value_2 in values_2):
                return f"different {plural}"
        if len(members_1) * len(members_2) > 1 and self._support(members_1, members_2) < LEAST_SUPPORT:
            return "few and weak links"
        return None

    def _support(self, members_1: list[int], members_2: list[int]) -> float:
        smaller, larger = sorted((members_1, members_2), key=len)
        across, total = set(larger), 0.0
        for record in smaller:
            probabilities = self._probability.get(record, {})
            total += sum(probabilities[neighbor] for neighbor in (across & probabilities.keys()))
        return total / (len(members_1) * len(members_2))


def are_compatible_births(birth_1: str, birth_2: str) -> bool:
    """Whether two dates (eight digits) may be one: a part is not known, two parts agree, or they differ by a slip."""
    parts_1, parts_2 = ((birth[:4], birth[4:6], birth[6:]) for birth in (birth_1, birth_2))
    if {"0000", "00"} & {*parts_1, *parts_2}:
        return True
    is_swapped = parts_1 == (parts_2[0], parts_2[2], parts_2[1])
    equal_parts = sum(part_1 == part_2 for part_1, part_2 in zip(parts_1, parts_2, strict=True))
    return is_swapped or equal_parts >= 2 or is_slip(birth_1, birth_2)


def is_slip(text_1: str, text_2: str) -> bool:
    """Whether texts are equal but for one character, or for two neighbors swapped."""
    if text_1 == text_2:
        return True
    if len(text_1) != len(text_2):
        shorter, longer = sorted((text_1, text_2), key=len)
        return len(longer) == len(shorter) + 1 and any(
            longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer))
        )
    differing = [place for place, (a, b) in enumerate(zip(text_1, text_2, strict=True)) if a != b]
    if len(differing) != 2:
        return len(differing) == 1
    first, second = differing
    return second == first + 1 and text_1[first] == text_2[second] and text_1[second] == text_2[first]
