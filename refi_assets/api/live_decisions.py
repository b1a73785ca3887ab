"""Requests for a score that name a borrower: the decision by live features, logged before it is answered.

The stream keeps the features in the store, and risk/borrower_decision.py decides. A thread does it, so that the event
loop never waits for a disk.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from refi_assets.api.fields import BorrowerReason, BorrowerScoreAnswer
from refi_assets.api.model_scores import score_values
from refi_assets.api.problems import ProblemError
from refi_assets.errors import RefiError, type_and_place
from refi_assets.ml.registry import RegisteredModel
from refi_assets.ml.scoring import in_millionths
from refi_assets.risk.borrower_decision import decide_on_borrower
from refi_assets.risk.policy import RiskPolicy
from refi_assets.store.alert_outbox import AlertOutbox
from refi_assets.store.decision_log import DecisionLog, LoggedDecision
from refi_assets.store.live_scores import LiveScore, LiveScores

MOST_UNDECIDED = 100  # requests
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveBorrowers:
    """What is known of borrowers at the moment, what decides on them, and the log. `clock` gives a time with a zone."""

    scores: LiveScores
    alerts: AlertOutbox
    log: DecisionLog
    policy: RiskPolicy
    clock: Callable[[], datetime]


class _Question(NamedTuple):
    borrower_id: str
    champion: RegisteredModel
    client: str
    request_id: str


_Outcome = BorrowerScoreAnswer | ProblemError


class LiveDecisions:
    """Answers on borrowers. `retry_after` is in seconds.

    Requests that come while others are written to the disk are decided together, and wait for the disk once.
    """

    def __init__(self, borrowers: LiveBorrowers, retry_after: float) -> None:
        self._borrowers, self._retry_after = borrowers, retry_after
        self._thread = ThreadPoolExecutor(1, "live decisions")
        self._waiting: list[tuple[_Question, asyncio.Future[_Outcome]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def answer(
        self, borrower_id: str, champion: RegisteredModel, client: str, request_id: str
    ) -> BorrowerScoreAnswer:
        """The decision on a borrower, which is in the log. Raises ProblemError; then nothing was decided."""
        if len(self._waiting) >= MOST_UNDECIDED:
            raise ProblemError(503, "busy", "Too many requests wait for a decision.", retry_after=1)
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((_Question(borrower_id, champion, client, request_id), future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._answer_waiting())
        outcome: _Outcome = await future
        if isinstance(outcome, ProblemError):
            raise outcome
        return outcome

    async def _answer_waiting(self) -> None:
        """Answer until nobody waits."""
        while self._waiting:
            together, self._waiting = self._waiting, []
            questions = [question for question, _ in together]
            outcomes = await asyncio.get_running_loop().run_in_executor(self._thread, self._outcomes, questions)
            for (_, future), outcome in zip(together, outcomes, strict=True):
                if not future.done():  # its client may have gone
                    future.set_result(outcome)
        self._worker = None

    def _outcomes(self, questions: Sequence[_Question]) -> list[_Outcome]:
        """Decide, then log all decisions in one transaction."""
        outcomes: list[_Outcome] = []
        decisions = []
        try:
            for question in questions:
                try:
                    answer, decision = self._decided(question)
                except ProblemError as problem:
                    outcomes.append(problem)
                else:
                    outcomes.append(answer)
                    decisions.append(decision)
            self._borrowers.log.record(decisions)
        except Exception as error:
            _LOG.error("%s", error if isinstance(error, RefiError) else type_and_place(error))
            return [self._unavailable() for _ in questions]
        return outcomes

    def _decided(self, question: _Question) -> tuple[BorrowerScoreAnswer, LoggedDecision]:
        live, now, policy = self._live_score(question.borrower_id), self._borrowers.clock(), self._borrowers.policy
        champion = question.champion
        names = [column.name for column in champion.model.inputs]
        missing = [name for name in names if name not in live.features]
        features = {name: live.features[name] for name in names if name in live.features}
        scored = None if missing else score_values(champion, features, None)
        probability = None if scored is None else _probability(scored.probability)
        rules = self._rules_of_late(question.borrower_id, now)
        age = now - live.batch.processed_at
        decision = decide_on_borrower(probability, policy.decisions, age=age, missing=missing, rules=rules)
        logged = LoggedDecision(
            at=now.astimezone(UTC),
            request_id=question.request_id,
            client=question.client,
            key=question.borrower_id,
            answer=decision.answer,
            reasons=tuple(reason.code for reason in decision.reasons),
            probability=None if probability is None else float(probability),
            model=champion.name,
            version=champion.version,
            policy_sha256=policy.sha256,
            checkpoint_id=live.batch.checkpoint_id,
            batch=live.batch.batch,
            as_of=live.as_of,
            processed_at=live.batch.processed_at,
            alerts=tuple(rules),
            features=features,
        )
        answer = BorrowerScoreAnswer(
            borrower_id=question.borrower_id,
            decision=decision.answer.value,
            decision_reasons=[BorrowerReason(**reason._asdict()) for reason in decision.reasons],
            model=champion.name,
            version=champion.version,
            probability=probability,
            reasons=[] if scored is None else scored.reasons,
            as_of=live.as_of,
            processed_at=live.batch.processed_at,
            newest_event_time=live.newest_event_time,
        )
        return answer, logged

    def _rules_of_late(self, borrower_id: str, now: datetime) -> list[str]:
        """The rules that reported the borrower on a day within the age at which features are too old."""
        hours = self._borrowers.policy.decisions.stale_after_hours
        since = (now - timedelta(hours=hours)).astimezone(UTC).date()
        return sorted({alert.rule for alert, _ in self._borrowers.alerts.alerts_of(borrower_id) if alert.day >= since})

    def _unavailable(self) -> ProblemError:
        return ProblemError(
            503,
            "live-store-unavailable",
            "The live scores or the log of decisions are away; the log of the API has the reason. Nothing was decided.",
            retry_after=self._retry_after,
        )

    def _live_score(self, borrower_id: str) -> LiveScore:
        """The borrower's last score. Raises ProblemError."""
        live = self._borrowers.scores.score_of(borrower_id)
        if live is not None:
            return live
        if self._borrowers.scores.is_new():
            raise ProblemError(
                503,
                "no-live-scores",
                "No stream has stored live scores here yet (refi risk stream).",
                retry_after=self._retry_after,
            )
        raise ProblemError(404, "unknown-borrower", "The stream has had no event of such a borrower.")


def _probability(exact: float) -> Decimal:
    """A probability as scores are stored: rounded to six decimals."""
    return Decimal(int(in_millionths(np.array([exact]))[0])).scaleb(-6)
