"""What a published run found of pairs of borrowers: which wait for a person to decide, and why two were linked or not.

What people decided is in identity/decisions.py; how a model weighs is in identity/matching.py.
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
    """What one comparison found: the level of likeness, and its weight in bits."""

    comparison: str
    level: str
    weight: float


@dataclass(frozen=True)
class Pair:
    """One pair that the matcher kept. Weight, probability and evidence are there as far as the engine tells them."""

    borrower_id_1: str
    borrower_id_2: str
    weight: float | None
    probability: float | None
    evidence: tuple[Evidence, ...]
    decision: str | None  # as the run had it

    @property
    def ids(self) -> tuple[str, str]:
        """Both borrowers."""
        return self.borrower_id_1, self.borrower_id_2


@dataclass(frozen=True)
class Link:
    """One step of the way from a borrower to another: the probability of the link, or what people decided."""

    borrower_id_1: str
    borrower_id_2: str
    probability: float | None
    decided: bool


@dataclass(frozen=True)
class Explanation:
    """Everything about one pair. `outcome` is a key of OUTCOMES; `links` lead from the one to the other, if any do."""

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
    decision_since: str | None  # where people have decided otherwise, or only, since the run
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
    "split": "Not linked, though the probability is at or above the match threshold: something in the two clusters "
    "spoke against their being one person (two national ids, two dates of birth, few and weak links, or a decision). "
    "The report of identity/resolved_borrower counts such splits by reason.",
    "in_review": "Not linked by this pair: the probability is below the match threshold. It is in review.",
    "needs_people": "Not linked: records such as these may be of father and son, or of twins, so only people may link "
    "them, whatever the probability. The pair is in review.",
    "not_kept": "Not linked by this pair: no blocking rule brought the two records together, or the probability was "
    "below the review threshold, or they share nothing of a person's own, or differ as relatives do. The run keeps no "
    "score of such a pair.",
    "off": "Not compared: identity is off in this run, and every borrower is a person of their own.",
}


class Matches:
    """The relations of who is who behind a published audience, opened to be asked."""

    def __init__(self, run: PublishedRun, session: Session, details: PairsDetails) -> None:
        self.run = run
        self.engine = details.engine
        self.model: dict[str, Any] = details.model or {}
        self.match_threshold, self.review_threshold = details.match_threshold, details.review_threshold
        self._session = session

    def waiting(self) -> list[Pair]:
        """The review queue, strongest first, without what people had decided when the run began."""
        return [_pair({"decision": None, **row}) for row in self._ask("waiting_pairs")]

    def pair(self, one: str, other: str) -> Pair | None:
        """A pair, or None where the matcher kept none of these two."""
        first, second = sorted((one, other))
        ids = {"borrower_id_1": first, "borrower_id_2": second}
        rows = self._ask("matched_pair", **ids)
        return _pair(ids | rows[0]) if rows else None

    def records(self, *borrower_ids: str) -> dict[str, Record]:
        """The accepted records of borrowers, by id: the contract's columns, as text."""
        names = [column.name for column in load_contracts()[BORROWERS].columns]
        query = exp.select(*(exp.column(name, quoted=True) for name in names)).from_(table_of(f"staging/{BORROWERS}"))
        rows = self._session.query(query.where(exp.column(BORROWER_ID).isin(*borrower_ids)))
        return {
            row[BORROWER_ID]: {name: None if row[name] is None else str(row[name]) for name in names} for row in rows
        }

    def explain(self, one: str, other: str, decisions: Decisions) -> Explanation:
        """Why two borrowers are one person or not. Raises RefiError for one that is not there."""
        if one == other:
            raise RefiError("That is one borrower, twice. Name two.")
        one, other = sorted((one, other))
        records = self.records(one, other)
        for borrower_id in (one, other):
            if borrower_id not in records:
                raise RefiError(
                    f"No accepted row of {BORROWERS} in run {self.run.run_id} (as of {self.run.as_of}) has a borrower "
                    f"{borrower_id!r}. Whether it is in quarantine, refi explain tells."
                )
        rows = self._ask("persons_of", borrower_id_1=one, borrower_id_2=other)
        persons = {row[BORROWER_ID]: row for row in rows}
        first, second = persons[one], persons[other]
        pair = self.pair(one, other)
        now = decisions.verdict(one, other)
        decided = pair.decision if pair else None
        is_one_person = first["person_id"] == second["person_id"]
        return Explanation(
            run_id=self.run.run_id,
            as_of=self.run.as_of.isoformat(),
            engine=self.engine,
            borrower_id_1=one,
            borrower_id_2=other,
            prior_weight=self.model.get("prior_weight"),
            evidence=pair.evidence if pair else (),
            match_weight=pair.weight if pair else None,
            match_probability=pair.probability if pair else None,
            match_threshold=self.match_threshold,
            review_threshold=self.review_threshold,
            outcome=self._outcome(pair, is_one_person),
            decision=decided,
            decision_since=now if now != decided else None,
            person_id_1=first["person_id"],
            person_id_2=second["person_id"],
            cluster_size_1=first["cluster_size"],
            cluster_size_2=second["cluster_size"],
            links=self._links(one, other, first["person_id"], decisions) if is_one_person else (),
            records=records,
        )

    def _outcome(self, pair: Pair | None, is_one_person: bool) -> str:
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
        # A matcher without probabilities gives its links alone.
        return probability is None or probability >= self.match_threshold

    def _links(self, one: str, other: str, person_id: str, decisions: Decisions) -> tuple[Link, ...]:
        """The way from one to the other by the strongest links: clusters are built from the strongest down, too."""
        links = [
            Link(row["borrower_id_1"], row["borrower_id_2"], row["match_probability"], row["decision"] == "same")
            for row in self._ask("pairs_of_person", person_id=person_id)
            if row["decision"] == "same" or (row["decision"] is None and self._is_link(row["match_probability"]))
        ]
        # People may have decided pairs that the matcher never kept.
        links += [Link(first, second, None, True) for first, second in decisions.same]
        trees: dict[str, dict[str, list[Link]]] = {}  # of each borrower the tree in which they are, with its links
        for link in links:
            ours = trees.setdefault(link.borrower_id_1, {link.borrower_id_1: []})
            theirs = trees.setdefault(link.borrower_id_2, {link.borrower_id_2: []})
            if ours is theirs:
                continue
            ours |= theirs
            ours[link.borrower_id_1].append(link)
            ours[link.borrower_id_2].append(link)
            trees |= dict.fromkeys(theirs, ours)
            if one in ours and other in ours:
                return _way(ours, one, other)
        return ()

    def _ask(self, model: str, **parameters: Bindable) -> list[Row]:
        return self._session.query(load_sql_models()[f"identity/answers/{model}"].bind(parameters))


@contextmanager
def open_matches(run: PublishedRun) -> Iterator[Matches]:
    """Open what a run found. Raises LakeError, and RefiError where it was made without who is who."""
    relations = {relation.key: relation for relation in run.relations}
    for key in (PAIRS, PERSONS, QUEUE):
        if key not in relations:
            relations[key] = _beside(run, relations.get(PAIRS), key)
    with run.engine.session(list(relations.values())) as session:
        yield Matches(run, session, relations[PAIRS].details_as(PairsDetails))


def _beside(run: PublishedRun, pairs: Relation | None, key: str) -> Relation:
    """A relation that no audience is made from: of the run that made the pairs."""
    found = RunFolder(run.lake, pairs.run_id if pairs else run.run_id).find(key)
    if found is None:
        raise RefiError(f"Run {run.run_id} (as of {run.as_of}) has no {key}: it did not ask who is who. Run again.")
    return found


def _pair(row: Row) -> Pair:
    evidence = json.loads(row["evidence"] or "{}")
    return Pair(
        row["borrower_id_1"],
        row["borrower_id_2"],
        row["match_weight"],
        row["match_probability"],
        tuple(Evidence(name, found["level"], found["weight"]) for name, found in evidence.items()),
        row["decision"],
    )


def _way(tree: dict[str, list[Link]], one: str, other: str) -> tuple[Link, ...]:
    """The only way through a tree."""
    waiting: list[tuple[str, tuple[Link, ...]]] = [(one, ())]
    for at, links in waiting:  # which grows meanwhile
        if at == other:
            return links
        for link in tree[at]:
            if link not in links[-1:]:
                following = link.borrower_id_2 if at == link.borrower_id_1 else link.borrower_id_1
                waiting.append((following, (*links, link)))
    return ()
