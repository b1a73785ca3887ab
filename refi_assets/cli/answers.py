"""Answers about runs, printed as text or as JSON: explain, quarantine, runs, diff, query."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from refi_assets.cli.terminal import Terminal, one_line
from refi_assets.cli.unpublished import UnpublishedRun, find_run, warn_if_last_stopped
from refi_assets.engines.base import Row
from refi_assets.engines.duckdb import DuckDBEngine, open_duckdb
from refi_assets.errors import LakeError
from refi_assets.lake import ObjectStore, Relation, RunFolder, open_lake
from refi_assets.publishing.masked_copies import AnalystRun
from refi_assets.publishing.publication import FIRST, Publication
from refi_assets.publishing.published import PublishedRun, manifests
from refi_assets.publishing.stops import StoppedRun, stopped_runs, unpublished_runs
from refi_assets.refi.audience import AUDIENCE, PERSONS, PublishedAudience
from refi_assets.refi.diff import audience_changes, change_counts, policy_changes, write_changes
from refi_assets.refi.explain import BorrowerExplanation, JudgedLoan, JudgedOffer, explain_borrower
from refi_assets.refi.policy import RefiPolicy
from refi_assets.specs.contracts import quarantine_of
from refi_assets.specs.rules import rules_of
from refi_assets.specs.sql_models import load_sql_models

SHOWN_RUNS = 5


def open_run(lake_url: str, run_id: str | None = None, as_of: date | None = None) -> PublishedRun:
    """A published audience: of a run id, or the last of a day, or the latest. Raises LakeError."""
    lake, engine = _lake_and_engine(lake_url)
    if as_of is None:
        return PublishedAudience.find(AUDIENCE, lake, engine, run_id)
    return PublishedAudience.as_of_day(AUDIENCE, lake, engine, as_of)


def open_any_run(domain: str, lake_url: str, run_id: str | None = None) -> PublishedRun:
    """A run of a domain by its id, published or not, or the latest published one; see find_run. Raises LakeError."""
    kind = PublishedAudience if domain == FIRST else PublishedRun
    return find_run(kind, _publication(domain), *_lake_and_engine(lake_url), run_id)


def open_run_as(reader: str, domain: str, lake_url: str, run_id: str | None) -> PublishedRun:
    """A run of a domain as an analyst or the pipeline reads it. Raises LakeError, also for an analyst with a run id."""
    if reader == "analyst":
        return AnalystRun.find(_publication(domain), *_lake_and_engine(lake_url), run_id)
    return open_any_run(domain, lake_url, run_id)


class _Quarantine(PublishedRun):
    """A published run reduced to its domain's quarantine, under the name of refi's, which the SQL reads."""

    @cached_property
    def relations(self) -> list[Relation]:
        """The quarantine. Raises LakeError if it is not kept any more."""
        key = quarantine_of(self.publication.name)
        run_id = self.manifest["relations"].get(key, {}).get("run_id", self.run_id)
        quarantine = RunFolder(self.lake, run_id).load(key)
        return [quarantine.model_copy(update={"key": quarantine_of(FIRST)})]


def open_quarantine(domain: str, lake_url: str, run_id: str | None = None) -> PublishedRun:
    """The quarantine of a run of a domain, for show_quarantine. Raises LakeError."""
    return find_run(_Quarantine, _publication(domain), *_lake_and_engine(lake_url), run_id)


def _publication(domain: str) -> Publication:
    return AUDIENCE if domain == FIRST else Publication(domain)


def _lake_and_engine(lake_url: str) -> tuple[ObjectStore, DuckDBEngine]:
    lake = open_lake(lake_url, create=False)
    return lake, open_duckdb(lake)


def show_explanation(run: PublishedRun, borrower_id: str, *, as_json: bool) -> None:
    """Print why a borrower is in the audience or not. Raises RefiError if no file of the run has the borrower."""
    with run.engine.kept_open():
        explanation = explain_borrower(run, borrower_id)
    # With matching off, no run makes persons, and without them there is no audience.
    not_reached = sorted(run.not_reached - {PERSONS}) if isinstance(run, UnpublishedRun) else []
    if as_json:
        _print_json(asdict(explanation) | unpublished_fields(run, not_reached))
        return
    console = Terminal()
    _show_verdict(console, run, explanation, not_reached)
    for loan in explanation.loans:
        _show_loan(console, loan)
    if len(explanation.offers) > len(explanation.loans):
        for offer in explanation.offers:
            _show_offer(console, offer)
    if explanation.sms_answers:
        _show_consent(console, explanation)
    for row in explanation.quarantined:
        console.say(f"In quarantine: {_reason(row)}, record {row['record_number']} of {one_line(row['file'])}.")


def _show_verdict(
    console: Terminal, run: PublishedRun, explanation: BorrowerExplanation, not_reached: list[str]
) -> None:
    verdict = "is in the audience" if explanation.in_audience else "is not in the audience"
    if isinstance(run, UnpublishedRun):
        show_unpublished(console, run)
        verdict = "was not judged" if not_reached else f"{verdict} that was not published"
    console.say(f"{explanation.borrower_id} {verdict} as of {explanation.as_of} (run {explanation.run_id}).")
    if not_reached:
        console.say(f"The run stopped before it materialized {', '.join(not_reached)}.")
    if explanation.other_records:
        records, in_audience_as = ", ".join(explanation.other_records), explanation.in_audience_as
        ending = f", and in the audience as {in_audience_as}" if in_audience_as else ""
        console.say(f"The same person ({explanation.person_id}) is {records}{ending}. See: refi explain-match")
    if explanation.unmatched:
        rule = rules_of("refi/unmatched_borrowers")[explanation.unmatched]
        console.say(f"{rule.code}: {rule.text}")


def unpublished_fields(run: PublishedRun, not_reached: list[str]) -> dict[str, Any]:
    """The JSON of an explanation also has these fields if its run published nothing."""
    return {"why_unpublished": run.why, "not_reached": not_reached} if isinstance(run, UnpublishedRun) else {}


def show_unpublished(console: Terminal, run: UnpublishedRun) -> None:
    """Print that a run published nothing, and why."""
    console.say(f"Run {run.run_id} as of {run.as_of} published nothing: {run.why}.")


def _show_loan(console: Terminal, loan: JudgedLoan) -> None:
    title = f"Loan {loan.loan_id or '(without an id)'}: {loan.marketing_category}"
    verdicts = {True: "pass", False: "fail", None: "not known"}
    rows = [(rule.name, rule.value, rule.limit, verdicts[rule.passed]) for rule in loan.rules]
    console.table(("rule", "value", "limit", ""), rows, title=title)
    if loan.eligible_when:
        console.say(f"{loan.eligible_when[0].upper()}{loan.eligible_when[1:]}.")
    elif loan.letter_to:
        console.say(f"Eligible, but the letter of this loan goes to {one_line(loan.letter_to)}.")
    elif not loan.is_chosen:
        console.say("Eligible, but another loan of this person is better.")


def _show_offer(console: Terminal, offer: JudgedOffer) -> None:
    facts = (
        *(offer.offered_by or "(nobody named)", offer.product),
        None if offer.term_months is None else f"{offer.term_months} months",
        None if offer.market_rate_offer is None else f"{offer.market_rate_offer} %",
        None if offer.monthly_savings_est is None else f"saves {offer.monthly_savings_est}",
    )
    verdict = "taken" if offer.is_taken else "" if offer.is_own else "not own"
    verdicts = ", ".join(filter(None, (verdict, *offer.reasons))) or "eligible"
    text = one_line(", ".join(filter(None, facts)))
    console.say(f"Offer for {one_line(offer.loan_id or 'the loan')}: {text}: {verdicts}.")


def _show_consent(console: Terminal, explanation: BorrowerExplanation) -> None:
    meanings = load_sql_models()["refi/answers/sms_answers"].rules | {
        "quarantined": "has an engagement row in quarantine"
    }
    answers = [f"{one_line(record)} {meanings[answer]}" for record, answer in explanation.sms_answers.items()]
    verdict = {True: "yes; ", False: "no; ", None: ""}[explanation.sms_opt_in]
    console.say(f"Text messages: {verdict}{', '.join(answers)}.")


def show_quarantined(console: Terminal, row: Row) -> None:
    """Print why a row is in quarantine, and where it came from."""
    console.say(f"In quarantine: {_reason(row)}, record {row['record_number']} of {one_line(row['file'])}.")


def _reason(row: Row) -> str:
    problem = f"({row['problem']})" if row["problem"] else None
    return one_line(" ".join(filter(None, (row["reason"], row["column_name"], problem))))


def show_quarantine(run: PublishedRun, source: str | None, reason: str | None, limit: int, *, as_json: bool) -> None:
    """Print the number of rows in quarantine by source and reason, and the first `limit` rows as they arrived."""
    rows = [
        row
        for row in run.ask("refi/answers/quarantined_rows")
        if source in (None, row["source"]) and reason in (None, row["reason"])
    ]
    if as_json:
        for row in rows:
            _print_json(row)
        return
    console = Terminal()
    if isinstance(run, UnpublishedRun):
        show_unpublished(console, run)
    console.say(f"{len(rows):,} rows in quarantine as of {run.as_of} (run {run.run_id}).")
    counts = Counter((row["source"], row["reason"]) for row in rows)
    console.table(("source", "reason", "rows"), [(*key, count) for key, count in sorted(counts.items())])
    for row in rows[:limit]:
        console.say(f"{one_line(row['file'])} record {row['record_number']}: {_reason(row)}")
        original = row["original_cells"] or row["original_bytes"].decode(errors="backslashreplace")
        console.say(f"    {one_line(original)}")


def show_runs(domain: str, lake_url: str, run_id: str | None = None, *, as_json: bool) -> None:
    """Print the published runs of a domain, oldest as-of day first, then those that were stopped, oldest first.

    With a run id, print that run alone, and why it was stopped. Raises LakeError.
    """
    lake, _ = _lake_and_engine(lake_url)
    publication = _publication(domain)
    unpublished = unpublished_runs(lake)
    all_stopped = stopped_runs(publication, unpublished.values())
    stopped = [run for run in all_stopped if run_id in (None, run.run_id)]
    published = [manifest for manifest in manifests(publication, lake) if run_id in (None, manifest["run_id"])]
    if run_id is None:
        warn_if_last_stopped(publication, lake, all_stopped)
    elif not published and not stopped:
        raise LakeError(f"Run {run_id} is not in {lake}. See: {publication.command} runs")
    if as_json:
        for manifest in published:
            run_and_status = {"run_id": manifest["run_id"], "as_of": manifest["as_of"], "status": "published"}
            _print_json(run_and_status | _contents(publication, manifest)[0])
        for run in stopped:
            _print_json(_stopped_json(run))
        return
    console = Terminal()
    names = ("unified", "eligible", "audience") if publication == AUDIENCE else ("rows",)
    latest_run_id = (publication.latest(lake) or {}).get("run_id")
    rows = [_published_row(publication, manifest, latest_run_id) for manifest in published]
    rows += [(run.as_of.isoformat(), run.run_id, *("" for _ in names), run.why) for run in stopped]
    console.table(("as of", "run", *names, "status"), rows)
    if run_id is not None:
        for stop in (stop for run in stopped for stop in run.stops):
            console.say(f"{stop.asset} {stop.check or 'failed'}: {stop.reason}")
    elif without_stop := [unpublished_id for unpublished_id, stops in unpublished.items() if stops is None]:
        ids = ", ".join(without_stop[:SHOWN_RUNS])
        more = f" and {len(without_stop) - SHOWN_RUNS} more" if len(without_stop) > SHOWN_RUNS else ""
        console.say(f"Killed, under way, or not meant to publish: {ids}{more}. See: refi log RUN_ID")


def _contents(publication: Publication, manifest: dict[str, Any]) -> tuple[dict[str, Any], tuple[int, ...]]:
    """The contents of a published run: as JSON, and as the numbers of its line in the table."""
    if publication == AUDIENCE:
        counts, audience = manifest["counts"], manifest["audience"]
        return {"audience": audience, "counts": counts}, (counts["unified"], counts["eligible"], audience["rows"])
    key = publication.file_key(manifest["run_id"])
    file = next(part for part in manifest.values() if isinstance(part, dict) and part.get("key") == key)
    return {"file": file}, (file["rows"],)


def _published_row(publication: Publication, manifest: dict[str, Any], latest_run_id: str | None) -> tuple[Any, ...]:
    is_latest, is_overridden = manifest["run_id"] == latest_run_id, manifest["policy"]["overridden"]
    note = ", another policy" if is_overridden else ", latest" if is_latest else ""
    return manifest["as_of"], manifest["run_id"], *_contents(publication, manifest)[1], f"published{note}"


def _stopped_json(run: StoppedRun) -> dict[str, Any]:
    stops = [stop.model_dump(mode="json", include={"asset", "check", "reason", "at"}) for stop in run.stops]
    return {"run_id": run.run_id, "as_of": run.as_of.isoformat(), "status": run.status, "stopped_by": stops}


def show_diff(lake_url: str, run_a: str | None, run_b: str | None, out: Path | None, *, as_json: bool) -> None:
    """Print the number of borrowers who moved between two audiences, by cause; with `out`, write each of them.

    Raises RefiError.
    """
    lake, engine = _lake_and_engine(lake_url)
    if run_a is None:
        before, after = PublishedAudience.last_two(AUDIENCE, lake, engine)
    else:
        before = PublishedAudience.find(AUDIENCE, lake, engine, run_a)
        after = PublishedAudience.find(AUDIENCE, lake, engine, run_b)
    changes = audience_changes(before, after)
    if out is not None:
        write_changes(changes, out)
    counts = change_counts(changes)
    if as_json:
        _print_json({"before": before.run_id, "after": after.run_id, "changes": counts})
        return
    console = Terminal()
    console.say(f"From {before.as_of} (run {before.run_id}) to {after.as_of} (run {after.run_id}):")
    rows = [(change, cause, number) for change, causes in counts.items() for cause, number in causes.items()]
    console.table(("change", "moved by", "borrowers"), rows)


def show_policy_diff(run: PublishedRun, policy: RefiPolicy, ids: int, *, as_json: bool) -> None:
    """Print who would enter and who would leave the audience under another policy, by tier and reason.

    Of each group, `ids` borrowers are shown.
    """
    groups: dict[tuple[str, str, str], list[str]] = {}
    for row in policy_changes(run, policy):
        tier = row["tier_before"] if row["change"] == "left" else row["tier_after"]
        groups.setdefault((row["change"], tier, row["reasons_now"] or ""), []).append(row["borrower_id"])
    rows = [(*group, len(members), members[:ids]) for group, members in sorted(groups.items())]
    names = ("change", "tier", "reasons", "borrowers", "borrower_ids")
    if as_json:
        changes = [dict(zip(names, row, strict=True)) for row in rows]
        _print_json({"run_id": run.run_id, "as_of": run.as_of, "changes": changes})
        return
    console = Terminal()
    console.say(f"The audience as of {run.as_of} (run {run.run_id}) under the other policy:")
    console.table(names, [(*row[:4], ", ".join(row[4])) for row in rows])


def show_query(run: PublishedRun, sql: str, *, as_json: bool) -> None:
    """Print the rows of a SELECT. Raises EngineError."""
    columns, rows = run.query(sql)
    if as_json:
        for row in rows:
            _print_json(dict(zip(columns, row, strict=True)))
        return
    Terminal().table(columns, rows)


def _print_json(value: object) -> None:
    print(json.dumps(value, default=_as_text))


def _as_text(value: Any) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
