"""Pairs of borrowers in a published run: which pairs wait for a decision, and why two borrowers are linked or not.

Decisions of people are in decisions.py; the model that weighs pairs is in matching.py.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from refi_assets.engines.base import Row, Session
from refi_assets.errors import RefiError
from refi_assets.identity import PAIRS, PERSONS, QUEUE
from refi_assets.identity.decisions import Decisions
from refi_assets.identity.details import PairsDetails
from refi_assets.lake import Relation, RunFolder
from refi_assets.publishing.published import PublishedRun
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.names import table_of
from refi_assets.specs.sql_models import Bindable, load_sql_models

BORROWERS = "borrower_information"
BORROWER_ID = "borrower_id"

Record = dict[str, str | None]


@dataclass(frozen=True)
class Evidence:
    """The result of one comparison: the level of likeness, and its weight in bits."""

    comparison: str
    level: str
    weight: float


@dataclass(frozen=True)
class MatchedPair:
    """A pair that the matcher kept. Weight and probability are None if the engine does not report them."""

    borrower_id_1: str
    borrower_id_2: str
    weight: float | None
    probability: float | None
    evidence: tuple[Evidence, ...]
    decision: str | None  # when the run began

    @property
    def ids(self) -> tuple[str, str]:
        """The ids of both borrowers."""
        return self.borrower_id_1, self.borrower_id_2


@dataclass(frozen=True)
class Link:
    """One link on the path between two borrowers: its probability, or a decision."""

    borrower_id_1: str
    borrower_id_2: str
    probability: float | None
    decided: bool


@dataclass(frozen=True)
class MatchExplanation:
    """Everything about one pair. `outcome` is a key of OUTCOMES; `links` are the path between the two, if any."""

    run_id: str
    as_of: str
    engine: str
    borrower_id_1: str
    borrower_id_2: str
    prior_weight: float | None
    evidence: tuple[Evidence, ...]
    match_weight: float | None
    match_probability: float | None
    match_threshold: float | None
    review_threshold: float | None
    outcome: str
    decision: str | None
    decision_since: str | None  # a decision made after the run, if it differs
    person_id_1: str | None
    person_id_2: str | None
    cluster_size_1: int
    cluster_size_2: int
    links: tuple[Link, ...]
    records: dict[str, Record]


OUTCOMES = {
    "decided_same": "Linked: people decided that these are one person, whatever the score.",
    "decided_different": "Not linked: people decided that these are two persons, whatever the score.",
    "linked": "Linked: the probability is at or above the match threshold.",
    "split": "Not linked, although the probability is at or above the match threshold: the two clusters contain "
    "evidence against one person (two national ids, two dates of birth, few and weak links, or a decision). The report "
    "of identity/resolved_borrower counts such splits by reason.",
    "in_review": "Not linked by this pair: the probability is below the match threshold. The pair is in review.",
    "needs_people": "Not linked: such records may be of father and son, or of twins, so only people may link them, "
    "whatever the probability. The pair is in review.",
    "not_kept": "Not linked by this pair: no blocking rule brought the two records together, or the probability was "
    "below the review threshold, or they share nothing personal, or they differ as relatives do. The run keeps no "
    "score of such a pair.",
    "off": "Not compared: identity is off in this run, so every borrower is a separate person.",
}


class Matches:
    """The identity relations behind a published audience, open for questions."""

    def __init__(self, run: PublishedRun, session: Session, details: PairsDetails) -> None:
        self.run = run
        self.engine = details.engine
        self.model: dict[str, Any] = details.model or {}
        self.match_threshold, self.review_threshold = details.match_threshold, details.review_threshold
        self._session = session

    def waiting(self) -> list[MatchedPair]:
        """The review queue, strongest first, without pairs that were decided before the run."""
        return [_pair({"decision": None, **row}) for row in self._query("waiting_pairs")]

    def pair(self, borrower_1: str, borrower_2: str) -> MatchedPair | None:
        """A pair, or None if the matcher did not keep it."""
        first, second = sorted((borrower_1, borrower_2))
        ids = {"borrower_id_1": first, "borrower_id_2": second}
        rows = self._query("matched_pair", **ids)
        return _pair(ids | rows[0]) if rows else None

    def records(self, *borrower_ids: str) -> dict[str, Record]:
        """The accepted records of borrowers, by id: the contract's columns, as text."""
        names = [column.name for column in load_contracts()[BORROWERS].columns]
        query = exp.select(*(exp.column(name, quoted=True) for name in names)).from_(table_of(f"staging/{BORROWERS}"))
        rows = self._session.query(query.where(exp.column(BORROWER_ID).isin(*borrower_ids)))
        return {
            row[BORROWER_ID]: {name: None if row[name] is None else str(row[name]) for name in names} for row in rows
        }

    def explain(self, borrower_1: str, borrower_2: str, decisions: Decisions) -> MatchExplanation:
        """Why two borrowers are one person or not. Raises RefiError if one does not exist."""
        if borrower_1 == borrower_2:
            raise RefiError("Both ids are of one borrower. Name two borrowers.")
        first, second = sorted((borrower_1, borrower_2))
        records = self._existing_records(first, second)
        rows = self._query("persons_of", borrower_id_1=first, borrower_id_2=second)
        persons = {row[BORROWER_ID]: row for row in rows}
        person_1, person_2 = persons[first], persons[second]
        is_one_person = person_1["person_id"] == person_2["person_id"]
        pair = self.pair(first, second)
        decision, decision_now = pair.decision if pair else None, decisions.verdict(first, second)
        return MatchExplanation(
            run_id=self.run.run_id,
            as_of=self.run.as_of.isoformat(),
            engine=self.engine,
            borrower_id_1=first,
            borrower_id_2=second,
            prior_weight=self.model.get("prior_weight"),
            evidence=pair.evidence if pair else (),
            match_weight=pair.weight if pair else None,
            match_probability=pair.probability if pair else None,
            match_threshold=self.match_threshold,
            review_threshold=self.review_threshold,
            outcome=self._outcome(pair, is_one_person),
            decision=decision,
            decision_since=decision_now if decision_now != decision else None,
            person_id_1=person_1["person_id"],
            person_id_2=person_2["person_id"],
            cluster_size_1=person_1["cluster_size"],
            cluster_size_2=person_2["cluster_size"],
            links=self._links(first, second, person_1["person_id"], decisions) if is_one_person else (),
            records=records,
        )

    def _existing_records(self, *borrower_ids: str) -> dict[str, Record]:
        records = self.records(*borrower_ids)
        for borrower_id in borrower_ids:
            if borrower_id not in records:
                raise RefiError(
                    f"Run {self.run.run_id} (as of {self.run.as_of}) has no accepted row of {BORROWERS} with the id "
                    f"{borrower_id!r}. refi explain shows whether it is in quarantine."
                )
        return records

    def _outcome(self, pair: MatchedPair | None, is_one_person: bool) -> str:
        if self.engine == "off":
            return "off"
        if pair is None:
            return "not_kept"
        if pair.decision:
            return f"decided_{pair.decision}"
        if any(evidence.comparison == "review" for evidence in pair.evidence):
            return "linked" if is_one_person else "needs_people"
        if self._is_link(pair.probability):
            return "linked" if is_one_person else "split"
        return "in_review"

    def _is_link(self, probability: float | None) -> bool:
        # A matcher without probabilities reports links only.
        return probability is None or probability >= self.match_threshold

    def _links(self, borrower_1: str, borrower_2: str, person_id: str, decisions: Decisions) -> tuple[Link, ...]:
        """The path between two borrowers by the strongest links, from which clusters are built as well."""
        links = [
            Link(row["borrower_id_1"], row["borrower_id_2"], row["match_probability"], row["decision"] == "same")
            for row in self._query("pairs_of_person", person_id=person_id)
            if row["decision"] == "same" or (row["decision"] is None and self._is_link(row["match_probability"]))
        ]
        # The matcher may not have kept a pair that people decided.
        links += [Link(first, second, None, True) for first, second in decisions.same]
        trees: dict[str, dict[str, list[Link]]] = {}  # by borrower: the links of each borrower in the same tree
        for link in links:
            tree_1 = trees.setdefault(link.borrower_id_1, {link.borrower_id_1: []})
            tree_2 = trees.setdefault(link.borrower_id_2, {link.borrower_id_2: []})
            if tree_1 is tree_2:
                continue
            tree_1 |= tree_2
            tree_1[link.borrower_id_1].append(link)
            tree_1[link.borrower_id_2].append(link)
            trees |= dict.fromkeys(tree_2, tree_1)
            if borrower_1 in tree_1 and borrower_2 in tree_1:
                return _path(tree_1, borrower_1, borrower_2)
        return ()

    def _query(self, answer: str, **parameters: Bindable) -> list[Row]:
        return self._session.query(load_sql_models()[f"identity/answers/{answer}"].bind(parameters))


@contextmanager
def open_matches(run: PublishedRun) -> Iterator[Matches]:
    """Open the identity relations of a run. Raises LakeError, and RefiError if the run has none."""
    relations = {relation.key: relation for relation in run.relations}
    for key in (PAIRS, PERSONS, QUEUE):
        if key not in relations:
            relations[key] = _find_beside(run, relations.get(PAIRS), key)
    with run.engine.session(list(relations.values())) as session:
        yield Matches(run, session, relations[PAIRS].details_as(PairsDetails))


def _find_beside(run: PublishedRun, pairs: Relation | None, key: str) -> Relation:
    """A relation that is not behind the audience: from the run that computed the pairs."""
    relation = RunFolder(run.lake, pairs.run_id if pairs else run.run_id).find(key)
    if relation is None:
        raise RefiError(f"Run {run.run_id} (as of {run.as_of}) has no {key}: it ran without identity. Run again.")
    return relation


def _pair(row: Row) -> MatchedPair:
    evidence = json.loads(row["evidence"] or "{}")
    return MatchedPair(
        row["borrower_id_1"],
        row["borrower_id_2"],
        row["match_weight"],
        row["match_probability"],
        tuple(Evidence(name, level["level"], level["weight"]) for name, level in evidence.items()),
        row["decision"],
    )


def _path(tree: dict[str, list[Link]], start: str, end: str) -> tuple[Link, ...]:
    """The only path through a tree."""
    waiting: list[tuple[str, tuple[Link, ...]]] = [(start, ())]
    for borrower, links in waiting:  # the loop adds to the list
        if borrower == end:
            return links
        for link in tree[borrower]:
            if link not in links[-1:]:
                following = link.borrower_id_2 if borrower == link.borrower_id_1 else link.borrower_id_1
                waiting.append((following, (*links, link)))
    return ()
