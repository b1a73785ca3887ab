"""The truth about a made-up portfolio: counts of its files and of its stream, and what a stream must make of them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from refi_assets.sample.customers import roc_auc
from refi_assets.sample.risk_arrivals import LATE_AFTER_HOURS, ORIGINAL, Arrivals
from refi_assets.sample.risk_borrowers import RiskBorrowers
from refi_assets.sample.risk_events import TRANSACTION
from refi_assets.sample.risk_malformed import DEFECTS_OF_MESSAGES
from refi_assets.sample.risk_messages import KIND_SQL, SOURCE_OF_TOPIC, TOPIC_SQL
from refi_assets.sample.risk_stream import RiskStream
from refi_assets.sample.written_tables import Array

_LATE_AFTER_MS = LATE_AFTER_HOURS * 3_600_000
COPIES = ("", "same", "with_another_field", "with_another_amount")


@dataclass
class RiskTotals:
    """Sums over the parts that were added: of the history, by source, and of borrowers."""

    rows: Counter[str] = field(default_factory=Counter)
    copies: Counter[str] = field(default_factory=Counter)
    too_late: Counter[str] = field(default_factory=Counter)
    chances: list[Array] = field(default_factory=list)
    chances_observed: list[Array] = field(default_factory=list)
    defaulted: list[Array] = field(default_factory=list)

    def add_history(self, history: Arrivals) -> None:
        """Add events of the history."""
        is_transaction = history.events.kind == TRANSACTION
        for source, is_of in zip(SOURCE_OF_TOPIC.values(), (~is_transaction, is_transaction), strict=True):
            is_first = is_of & (history.copy == ORIGINAL)
            self.rows[source] += int(is_of.sum())
            self.copies[source] += int((is_of & (history.copy != ORIGINAL)).sum())
            self.too_late[source] += int(
                (is_first & (history.received - history.events.happened_at > _LATE_AFTER_MS)).sum()
            )

    def add_borrowers(self, borrowers: RiskBorrowers) -> None:
        """Add borrowers."""
        self.chances.append(borrowers.chance)
        self.chances_observed.append(borrowers.chance_observed)
        self.defaulted.append(borrowers.defaulted)

    def document(self, *, has_outcomes: bool) -> dict[str, Any]:
        """The sums, as they are shown."""
        chance, observed, defaulted = map(np.concatenate, (self.chances, self.chances_observed, self.defaulted))
        outcomes = {
            "rows": len(defaulted),
            "defaults": int(defaulted.sum()),
            "best_possible_auc": roc_auc(observed, defaulted),
        }
        return {
            "history": {
                source: {
                    "rows": self.rows[source],
                    "duplicates": self.copies[source],
                    "too_late": self.too_late[source],
                }
                for source in SOURCE_OF_TOPIC.values()
            },
            "mean_probability": round(float(chance.mean()), 6),
            "outcomes": outcomes if has_outcomes else None,
        }


def stream_document(stream: RiskStream) -> dict[str, Any]:
    """Counts of the stream by topic: its messages, and what becomes of them."""
    counts: dict[str, dict[str, Any]] = {
        topic: {"messages": 0, "accepted": 0, "too_late": 0, "duplicates": 0, "dead_letters": 0}
        | {"events_by_kind": {}, "duplicates_by_kind": {}, "dead_letters_by_defect": {}}
        | {"dead_letters_by_reason": {}}
        for topic in SOURCE_OF_TOPIC
    }
    rows = stream.rows(
        f"SELECT {TOPIC_SQL}, defect, copy, {KIND_SQL}, received - happened_at > {_LATE_AFTER_MS}, COUNT(*) "
        "FROM stream GROUP BY ALL ORDER BY ALL"
    )
    for topic, defect, copy, kind, is_too_late, number in rows:
        of_topic = counts[topic]
        of_topic["messages"] += number
        if defect is not None:
            outcome = "dead_letters"
            names = {"dead_letters_by_defect": defect, "dead_letters_by_reason": DEFECTS_OF_MESSAGES[defect].reason}
        elif copy != ORIGINAL:
            outcome, names = "duplicates", {"duplicates_by_kind": COPIES[copy]}
        else:
            outcome, names = "too_late" if is_too_late else "accepted", {"events_by_kind": kind}
        of_topic[outcome] += number
        for listed, name in names.items():
            of_topic[listed][name] = of_topic[listed].get(name, 0) + number
    return counts
