"""Ids of persons: a cluster keeps the id that most of its records had; a new one is named after its first record."""

from collections.abc import Mapping

import pandas as pd

PREFIX = "person-"


def name_persons(clusters: pd.DataFrame, before: Mapping[str, str]) -> "pd.Series[str]":
    """The person of each row of clusters (borrower_id, cluster); `before` has the earlier person of each borrower.

    If several clusters contain records of one person, the id goes to the cluster with most of them, then to the one
    with the first record. An id that was in use before is not given to another person.
    """
    earlier = clusters.assign(person=clusters["borrower_id"].map(before)).dropna(subset="person")
    votes = earlier.groupby(["cluster", "person"], as_index=False).agg(
        votes=("borrower_id", "size"), first=("borrower_id", "min")
    )
    votes = votes.sort_values(["votes", "first"], ascending=[False, True])
    persons: dict[int, str] = {}
    kept: set[str] = set()
    for cluster, person in zip(votes["cluster"].tolist(), votes["person"].tolist(), strict=True):
        if cluster not in persons and person not in kept:
            persons[cluster] = person
            kept.add(person)
    taken = set(before.values())
    unnamed = clusters[~clusters["cluster"].isin(list(persons))]
    firsts = unnamed.groupby("cluster")["borrower_id"].min()
    for cluster, first in sorted(firsts.items(), key=lambda item: item[1]):
        person, number = PREFIX + first, 1
        while person in taken:
            number += 1
            person = f"{PREFIX}{first}~{number}"
        persons[cluster] = person
        taken.add(person)
    return clusters["cluster"].map(persons)
