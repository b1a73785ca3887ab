"""How answers are shown: explain, quarantine, runs, query, as text or as JSON."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from refi_assets.cli.terminal import Terminal, one_line
from refi_assets.cli.unpublished import UnpublishedRun, find_run, say_if_last
from refi_assets.engines.base import Row
from refi_assets.engines.duckdb import DuckDBEngine, open_duckdb
from refi_assets.errors import LakeError
from refi_assets.lake import ObjectStore, Relation, RunFolder, open_lake
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun, manifests
from refi_assets.publishing.stops import stopped_runs, unpublished_runs
from refi_assets.refi.audience import AUDIENCE, PERSONS, PublishedAudience
from refi_assets.refi.diff import audience_changes, counted, policy_changes, write_changes
from refi_assets.refi.explain import Explanation, JudgedLoan, explain
from refi_assets.refi.policy import RefiPolicy
from refi_assets.specs.contracts import quarantine_of
from refi_assets.specs.rules import rules_of
from refi_assets.specs.sql_models import load_sql_models

SHOWN_RUNS = 5


def open_run(lake_url: str, run_id: str | None = None, as_of: date | None = None) -> PublishedRun:
    """A published run of a lake: by its id, or the last of a day, or the latest. Raises LakeError."""
    lake, engine = _opened(lake_url)
    if as_of is None:
        return PublishedAudience.find(AUDIENCE, lake, engine, run_id)
    return PublishedAudience.as_of_day(AUDIENCE, lake, engine, as_of)


def open_any_run(lake_url: str, run_id: str | None = None) -> PublishedRun:
    """A run of refi by its id, published or not, or the latest audience, and stderr says if a later run published none.

    Raises LakeError.
    """
    return find_run(PublishedAudience, AUDIENCE, *_opened(lake_url), run_id)


def open_any_run_of(domain: str, lake_url: str, run_id: str | None = None) -> PublishedRun:
    """The same of what a domain publishes under its name. Raises LakeError."""
    return find_run(PublishedRun, Publication(domain), *_opened(lake_url), run_id)


class _Quarantine(PublishedRun):
    """A published run, seen as nothing but its domain's quarantine, by the name that refi's has in SQL."""

    @cached_property
    def relations(self) -> list[Relation]:
        """The quarantine. Raises LakeError if it is not kept any more."""
        key = quarantine_of(self.publication.name)
        run_id = self.manifest["relations"].get(key, {}).get("run_id", self.run_id)
        quarantine = RunFolder(self.lake, run_id).load(key)
        return [quarantine.model_copy(update={"key": quarantine_of(AUDIENCE.name)})]


def open_quarantine(domain: str, lake_url: str, run_id: str | None = None) -> PublishedRun:
    """The quarantine of a run of a domain, for show_quarantine. Raises LakeError."""
    return find_run(_Quarantine, Publication(domain), *_opened(lake_url), run_id)


def _opened(lake_url: str) -> tuple[ObjectStore, DuckDBEngine]:
    lake = open_lake(lake_url, create=False)
    return lake, open_duckdb(lake)


def show_explanation(run: PublishedRun, borrower_id: str, *, as_json: bool) -> None:
    """Print why a borrower is in the audience or not. Raises RefiError for one nobody knows."""
    with run.engine.kept_open():
        found = explain(run, borrower_id)
    # Without persons there is no audience; with matching off, no run makes them.
    not_reached = sorted(run.not_reached - {PERSONS}) if isinstance(run, UnpublishedRun) else []
    if as_json:
        unpublished = (
            {"why_unpublished": run.why, "not_reached": not_reached} if isinstance(run, UnpublishedRun) else {}
        )
        print(json.dumps(asdict(found) | unpublished, default=_plain))
        return
    console = Terminal()
    verdict = "is in the audience" if found.in_audience else "is not in the audience"
    if isinstance(run, UnpublishedRun):
        console.say(f"{_unpublished(run)}.")
        verdict = "was not judged" if not_reached else f"{verdict} that was not published"
    console.say(f"{found.borrower_id} {verdict} as of {found.as_of} (run {found.run_id}).")
    if not_reached:
        console.say(f"The run was stopped before it made {', '.join(not_reached)}.")
    if found.other_records:
        as_whom = f", and in the audience as {found.in_audience_as}" if found.in_audience_as else ""
        others = ", ".join(found.other_records)
        console.say(f"The same person ({found.person_id}) is {others}{as_whom}. See: refi explain-match")
    if found.unmatched:
        console.say(f"{found.unmatched}: {rules_of('refi/unmatched_borrowers')[found.unmatched].text}")
    for loan in found.loans:
        _show_loan(console, loan)
    if len(found.offers) > len(found.loans):
        _show_offers(console, found)
    if found.sms_answers:
        meaning = load_sql_models()["refi/answers/sms_answers"].rules | {
            "quarantined": "has an engagement row in quarantine"
        }
        said = ", ".join(f"{one_line(record)} {meaning[answer]}" for record, answer in found.sms_answers.items())
        verdict = {True: "yes; ", False: "no; ", None: ""}[found.sms_opt_in]
        console.say(f"Text messages: {verdict}{said}.")
    _show_where_quarantined(console, found)


def _unpublished(run: UnpublishedRun) -> str:
    return f"Run {run.run_id} as of {run.as_of} published nothing: {run.why}"


def _show_offers(console: Terminal, found: Explanation) -> None:
    for offer in found.offers:
        facts = (
            *(offer.offered_by or "(nobody named)", offer.product),
            None if offer.term_months is None else f"{offer.term_months} months",
            None if offer.market_rate_offer is None else f"{offer.market_rate_offer} %",
            None if offer.monthly_savings_est is None else f"saves {offer.monthly_savings_est}",
        )
        verdict = "taken" if offer.is_taken else "" if offer.is_own else "not own"
        verdicts = ", ".join(filter(None, (verdict, *offer.reasons))) or "eligible"
        shown = one_line(", ".join(filter(None, facts)))
        console.say(f"Offer for {one_line(offer.loan_id or 'the loan')}: {shown}: {verdicts}.")


def _show_loan(console: Terminal, loan: JudgedLoan) -> None:
    title = f"Loan {loan.loan_id or '(without an id)'}: {loan.marketing_category}"
    passed = {True: "pass", False: "fail", None: "not known"}
    rows = [(rule.name, rule.value, rule.limit, passed[rule.passed]) for rule in loan.rules]
    console.table(("rule", "value", "limit", ""), rows, title=title)
    if loan.eligible_when:
        console.say(f"{loan.eligible_when[0].upper()}{loan.eligible_when[1:]}.")
    elif loan.letter_to:
        console.say(f"Eligible, but the letter of this loan goes to {one_line(loan.letter_to)}.")
    elif not loan.is_chosen:
        console.say("Eligible, but another loan of this person is the better one.")


def _show_where_quarantined(console: Terminal, found: Explanation) -> None:
    for row in found.quarantined:
        console.say(f"In quarantine: {_reason(row)}, record {row['record_number']} of {one_line(row['file'])}.")


def _reason(row: Row) -> str:
    return one_line(
        " ".join(filter(None, (row["reason"], row["column_name"], row["problem"] and f"({row['problem']})")))
    )


def show_quarantine(run: PublishedRun, source: str | None, reason: str | None, limit: int, *, as_json: bool) -> None:
    """Print how many rows are in quarantine, by source and reason, and the first of them as they came."""
    rows = [
        row
        for row in run.ask("refi/answers/quarantined_rows")
        if source in (None, row["source"]) and reason in (None, row["reason"])
    ]
    if as_json:
        for row in rows:
            print(json.dumps(row, default=_plain))
        return
    console = Terminal()
    counted = Counter((row["source"], row["reason"]) for row in rows)
    if isinstance(run, UnpublishedRun):
        console.say(f"{_unpublished(run)}.")
    console.say(f"{len(rows):,} rows in quarantine as of {run.as_of} (run {run.run_id}).")
    console.table(("source", "reason", "rows"), [(*key, count) for key, count in sorted(counted.items())])
    for row in rows[:limit]:
        console.say(f"{one_line(row['file'])} record {row['record_number']}: {_reason(row)}")
        original = row["original_cells"] or row["original_bytes"].decode(errors="backslashreplace")
        console.say(f"    {one_line(original)}")


def show_runs(lake_url: str, run_id: str | None = None, *, as_json: bool) -> None:
    """Print the published audiences, oldest as-of day first, and then the runs that were stopped, oldest first."""

    def columns(manifest: dict[str, Any]) -> tuple[dict[str, Any], tuple[int, ...]]:
        counts, audience = manifest["counts"], manifest["audience"]
        return {"audience": audience, "counts": counts}, (counts["unified"], counts["eligible"], audience["rows"])

    _show_runs(AUDIENCE, ("unified", "eligible", "audience"), columns, lake_url, run_id, as_json=as_json)


def show_published(domain: str, lake_url: str, run_id: str | None = None, *, as_json: bool) -> None:
    """Print what a domain has published under its name, and its runs that were stopped, as show_runs does."""
    publication = Publication(domain)

    def columns(manifest: dict[str, Any]) -> tuple[dict[str, Any], tuple[int, ...]]:
        key = publication.file_key(manifest["run_id"])
        (file,) = (part for part in manifest.values() if isinstance(part, dict) and part.get("key") == key)
        return {"file": file}, (file["rows"],)

    _show_runs(publication, ("rows",), columns, lake_url, run_id, as_json=as_json)


def _show_runs(
    publication: Publication,
    names: tuple[str, ...],
    columns: Callable[[dict[str, Any]], tuple[dict[str, Any], tuple[int, ...]]],
    lake_url: str,
    run_id: str | None,
    *,
    as_json: bool,
) -> None:
    """`columns` gives what JSON says of a manifest, and the numbers under `names`. With a run id, that run alone."""
    lake, _ = _opened(lake_url)
    published = [one for one in manifests(publication, lake) if run_id in (None, one["run_id"])]
    unpublished = unpublished_runs(lake)
    all_stopped = stopped_runs(publication, unpublished.values())
    stopped = [one for one in all_stopped if run_id in (None, one.run_id)]
    if run_id is None:
        say_if_last(publication, lake, all_stopped)
    elif not published and not stopped:
        raise LakeError(f"No run {run_id} is known in {lake}. See: {publication.command} runs")
    latest = publication.latest(lake) or {}
    rows: list[tuple[Any, ...]] = []
    for manifest in published:
        shown, numbers = columns(manifest)
        if as_json:
            print(json.dumps({"run_id": manifest["run_id"], "as_of": manifest["as_of"], "status": "published"} | shown))
        is_latest, other = manifest["run_id"] == latest.get("run_id"), manifest["policy"]["overridden"]
        note_on = ", another policy" if other else ", latest" if is_latest else ""
        rows.append((manifest["as_of"], manifest["run_id"], *numbers, f"published{note_on}"))
    for run in stopped:
        stops = [stop.model_dump(mode="json", include={"asset", "check", "reason", "at"}) for stop in run.stops]
        as_of = run.as_of.isoformat()
        if as_json:
            print(json.dumps({"run_id": run.run_id, "as_of": as_of, "status": run.status, "stopped_by": stops}))
        rows.append((as_of, run.run_id, *("" for _ in names), run.why))
    if as_json:
        return
    console = Terminal()
    console.table(("as of", "run", *names, "status"), rows)
    for stop in [stop for run in stopped for stop in run.stops] if run_id else []:
        console.say(f"{stop.asset} {stop.check or 'failed'}: {stop.reason}")
    silent = [one for one, stops in unpublished.items() if stops is None]
    if run_id is None and silent:
        names_shown = ", ".join(silent[:SHOWN_RUNS]) + (
            f" and {len(silent) - SHOWN_RUNS} more" * (len(silent) > SHOWN_RUNS)
        )
        console.say(f"Killed, under way, or not meant to publish: {names_shown}. See: refi log RUN_ID")


def show_diff(lake_url: str, run_a: str | None, run_b: str | None, out: Path | None, *, as_json: bool) -> None:
    """Print who moved between two audiences, and why, as counts; with `out`, write everyone. Raises RefiError."""
    lake, engine = _opened(lake_url)
    if run_a is None:
        before, after = PublishedAudience.last_two(AUDIENCE, lake, engine)
    else:
        before = PublishedAudience.find(AUDIENCE, lake, engine, run_a)
        after = PublishedAudience.find(AUDIENCE, lake, engine, run_b)
    changes = audience_changes(before, after)
    if out is not None:
        write_changes(changes, out)
    counts = counted(changes)
    if as_json:
        print(json.dumps({"before": before.run_id, "after": after.run_id, "changes": counts}))
        return
    console = Terminal()
    console.say(f"From {before.as_of} (run {before.run_id}) to {after.as_of} (run {after.run_id}):")
    rows = [(change, moved_by, n) for change, by in counts.items() for moved_by, n in by.items()]
    console.table(("change", "moved by", "borrowers"), rows)


def show_policy_diff(run: PublishedRun, policy: RefiPolicy, ids: int, *, as_json: bool) -> None:
    """Print who would gain and who would lose under another policy, by tier and reason. Publishes nothing."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for row in policy_changes(run, policy):
        tier = row["tier_before"] if row["change"] == "left" else row["tier_after"]
        groups.setdefault((row["change"], tier, row["reasons_now"] or ""), []).append(row["borrower_id"])
    found = [(*group, len(members), members[:ids]) for group, members in sorted(groups.items())]
    names = ("change", "tier", "reasons", "borrowers", "borrower_ids")
    if as_json:
        changes = [dict(zip(names, one, strict=True)) for one in found]
        print(json.dumps({"run_id": run.run_id, "as_of": run.as_of.isoformat(), "changes": changes}))
        return
    console = Terminal()
    console.say(f"The audience as of {run.as_of} (run {run.run_id}) under the other policy:")
    console.table(names, [(*row[:4], ", ".join(row[4])) for row in found])


def show_query(run: PublishedRun, sql: str, *, as_json: bool) -> None:
    """Print the rows of a SELECT. Raises EngineError."""
    columns, rows = run.query(sql)
    if as_json:
        for row in rows:
            print(json.dumps(dict(zip(columns, row, strict=True)), default=_plain))
        return
    Terminal().table(columns, rows)


def _plain(value: Any) -> Any:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
