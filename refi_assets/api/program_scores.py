"""Requests for a score that name a program: the verdict and the price by the program's rules, as its batch would say.

A verdict takes some 20 ms, so a thread computes it, one after another: the event loop answers others meanwhile.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

from refi_assets.api.fields import ProgramReason, ProgramScoreAnswer, ScoreRequest, ScoringModel
from refi_assets.api.given_customer import given_row
from refi_assets.api.problems import ProblemError
from refi_assets.api.scored_programs import LoadedProgram, PublishedRecords, RunRecords, ScoredProgram, ScoredPrograms
from refi_assets.offers.program_rules import ProgramVerdict, deciding_columns
from refi_assets.store.key_file import ApiKey

MOST_WAITING = 100  # requests
_GIVEN = "given"  # the customer_id of a customer whose values are given


class ProgramScores:
    """Answers by the rules of programs. `clock` gives the lender's time, `retry_after` is in seconds."""

    def __init__(self, programs: ScoredPrograms, clock: Callable[[], datetime], retry_after: float) -> None:
        self._programs, self._clock, self._retry_after = programs, clock, retry_after
        self._thread = ThreadPoolExecutor(1, "program scores")
        self._waiting = 0

    async def answer(self, body: ScoreRequest, key: ApiKey) -> ProgramScoreAnswer:
        """The answer to a request that names a program. Raises ProblemError, which quotes no value.

        A program that is not the key's is answered as one that does not exist.
        """
        program = self._programs.by_id.get(body.program or "")
        if program is None or not key.covers(program.program.program_id):
            raise ProblemError(404, "unknown-program", "There is no such program here.")
        if program.loaded is None:
            raise ProblemError(
                503,
                "program-not-loaded",
                "The program's rules and models have not been loaded yet; the log has the reason.",
                retry_after=self._retry_after,
            )
        if self._waiting >= MOST_WAITING:
            raise ProblemError(503, "busy", "Too many requests wait for a verdict.", retry_after=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, self._judged, program, program.loaded, body
            )
        finally:
            self._waiting -= 1

    def _judged(self, program: ScoredProgram, loaded: LoadedProgram, body: ScoreRequest) -> ProgramScoreAnswer:
        if body.customer_id is None:
            row = given_row(deciding_columns(program.program.key), body.customer or {})
            today = self._clock().date()
            verdicts = loaded.rules.judge([{"customer_id": _GIVEN} | row], loaded.models, today)
            return _answer(loaded, verdicts[_GIVEN], today, None)
        records = self._records(program.published, body.customer_id)
        verdicts = loaded.rules.judge(records.rows, loaded.models, records.as_of)
        return _answer(loaded, verdicts[body.customer_id], records.as_of, records.run_id)

    def _records(self, published: PublishedRecords, customer_id: str) -> RunRecords:
        records = published.of_person(customer_id)
        if records is None and published.contact.age_seconds is None:
            raise ProblemError(
                503,
                "customers-not-loaded",
                "The program's published customers have not been loaded yet; the log has the reason. Or send values.",
                retry_after=self._retry_after,
            )
        if records is None:
            raise ProblemError(404, "customers-not-published", "The program has published nothing yet. Send values.")
        if not records.rows:
            raise ProblemError(
                404, "unknown-customer", f"The program's published run of {records.as_of} has no such customer."
            )
        return records


def _answer(loaded: LoadedProgram, verdict: ProgramVerdict, as_of: date, run_id: str | None) -> ProgramScoreAnswer:
    models = [] if verdict.approval_likelihood is None else [model.pinned for model in loaded.models]
    offer = verdict.offer or dict.fromkeys(ProgramScoreAnswer.model_fields)
    answer = {name: offer[name] for name in ProgramScoreAnswer.model_fields if name in offer} | {
        "program_id": loaded.rules.program.program_id,
        "as_of": as_of,
        "run_id": run_id,
        "approval_likelihood": verdict.approval_likelihood,
        "default_probability": verdict.default_probability,
        "reasons": [ProgramReason(**reason._asdict()) for reason in verdict.reasons],
        "models": [ScoringModel(role=model.role, name=model.name, version=model.version) for model in models],
    }
    return ProgramScoreAnswer.model_validate(answer)
