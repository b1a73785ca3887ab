"""The timeline of a borrower: events, scores with their reasons, rules that reported them, and decisions.

It is read from the runs, from the stream's files in the lake, and from the store; each of them may be missing. It is
personal data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlglot import exp

from refi_assets.engines.base import Row
from refi_assets.engines.duckdb import DuckDBEngine, DuckDBSession
from refi_assets.engines.duckdb_sql import columns_sql, parquet_sql, text_literal
from refi_assets.errors import RefiError
from refi_assets.lake import ObjectStore, Relation, RunFolder
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun, manifests
from refi_assets.risk.alerting import REPORTS
from refi_assets.risk.batch_relations import FEATURES, SCORES
from refi_assets.risk.event_columns import EVENT_COLUMNS, EVENT_KEY
from refi_assets.risk.live_store import open_alert_outbox, open_decision_log, open_live_scores
from refi_assets.risk.scoring import REASON_SEPARATOR
from refi_assets.risk.stream import lake_files
from refi_assets.risk.stream.live_output import RULES_COLUMN
from refi_assets.specs.names import table_of

MOST_FILES = 5_000  # of the stream's newest batches
MOST_RUNS = 31  # of the newest days

_RUNS = Publication("risk")
_EVENTS = "risk/events"
_NO_FACTS = {"topic", "borrower_id", "is_too_late"}


class TimelineEntry(NamedTuple):
    """Something about a borrower. `at`, in UTC: when it arrived or was decided; of a run, the end of its day.

    kind: event, late event (too late to count), score, alert, rule, or decision.
    """

    at: datetime
    kind: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class BorrowerTimeline:
    """What is known of a borrower: the newest features, as of a day, and all entries, oldest first."""

    borrower_id: str
    as_of: date | None
    features: dict[str, Any]
    entries: tuple[TimelineEntry, ...]


def borrower_timeline(engine: DuckDBEngine, lake_url: str, borrower_id: str) -> BorrowerTimeline:
    """The timeline by the runs of the newest days, by the stream's newest batches, and by the store.

    Raises RefiError if none of them has the borrower.
    """
    latest = latest_risk_run(engine)
    live = open_live_scores(lake_url).score_of(borrower_id)
    as_of, features = (live.as_of, dict(live.features)) if live else (None, {})
    with engine.session(latest.relations if latest else ()) as session:
        entries = [
            *_events(session, engine.lake, borrower_id, has_run=latest is not None),
            *_stream_scores(session, engine.lake, borrower_id),
            *_of_runs(session, engine.lake, borrower_id),
            *_of_store(lake_url, borrower_id),
        ]
        if latest and (as_of is None or as_of < latest.as_of):
            rows = session.query(_rows_of(FEATURES, borrower_id))
            as_of, features = (latest.as_of, rows[0]) if rows else (as_of, features)
    if not entries and not features:
        raise RefiError(f"Neither a run nor the stream has a borrower {borrower_id!a} in {engine.lake}. Check the id.")
    shown = {name: value for name, value in features.items() if name not in ("borrower_id", "as_of")}
    entries.sort(key=lambda entry: (entry.at, entry.kind))
    return BorrowerTimeline(borrower_id, as_of, shown, tuple(entries))


def latest_risk_run(engine: DuckDBEngine) -> PublishedRun | None:
    """The latest run over files; None if there is none."""
    return PublishedRun.find(_RUNS, engine.lake, engine) if _RUNS.latest(engine.lake) else None


def _rows_of(key: str, borrower_id: str) -> exp.Select:
    condition = exp.column("borrower_id").eq(exp.Literal.string(borrower_id))
    return exp.select("*").from_(table_of(key)).where(condition)


def _events(session: DuckDBSession, lake: ObjectStore, borrower_id: str, *, has_run: bool) -> Iterator[TimelineEntry]:
    """The events of the latest run and of the stream, each once."""
    columns, condition = columns_sql(EVENT_COLUMNS), f"WHERE borrower_id = {text_literal(borrower_id)}"
    queries = [
        f"SELECT {columns}, {is_late} AS is_too_late FROM {parquet_sql(*files)} {condition}"
        for kind, is_late in ((lake_files.EVENTS, False), (lake_files.LATE_EVENTS, True))
        if (files := _newest_files(lake, kind))
    ]
    rows = session.query(_rows_of(_EVENTS, borrower_id)) if has_run else []
    for query in queries:
        rows += _dicts(session, query)
    seen = set()
    for row in rows:
        key = tuple(row[name] for name in EVENT_KEY)
        if key not in seen:
            seen.add(key)
            kind = "late event" if row["is_too_late"] else "event"
            facts = {name: value for name, value in row.items() if value is not None and name not in _NO_FACTS}
            yield TimelineEntry(_in_utc(facts.pop("received_at")), kind, facts)


def _stream_scores(session: DuckDBSession, lake: ObjectStore, borrower_id: str) -> Iterator[TimelineEntry]:
    files = _newest_files(lake, lake_files.SCORES)
    if not files:
        return
    names = f"processed_at, as_of, probability, band, reasons, {RULES_COLUMN}, model, version, events, late"
    condition = f"WHERE borrower_id = {text_literal(borrower_id)}"
    for row in _dicts(session, f"SELECT {names} FROM {parquet_sql(*files)} {condition}"):
        yield TimelineEntry(_in_utc(row.pop("processed_at")), "score", row)


def _of_runs(session: DuckDBSession, lake: ObjectStore, borrower_id: str) -> Iterator[TimelineEntry]:
    """The scores of runs, and the rules that reported the borrower."""
    for manifest in manifests(_RUNS, lake)[-MOST_RUNS:]:
        end_of_day = datetime.fromisoformat(manifest["as_of"]).replace(tzinfo=UTC) + timedelta(days=1)
        for kind, keys in (("score", (SCORES,)), ("rule", REPORTS)):
            for relation in _kept_relations(lake, manifest, keys):
                query = f"FROM ({session.rows_sql(relation)}) WHERE borrower_id = {text_literal(borrower_id)}"
                for row in _dicts(session, query):
                    facts = {name: value for name, value in row.items() if value is not None and name != "borrower_id"}
                    if kind == "score":
                        facts["reasons"] = [reason for reason in facts["reasons"].split(REASON_SEPARATOR) if reason]
                    yield TimelineEntry(end_of_day, kind, facts | {"run_id": manifest["run_id"]})


def _kept_relations(lake: ObjectStore, manifest: dict[str, Any], keys: tuple[str, ...]) -> Iterator[Relation]:
    """The relations of a run that the lake still has."""
    for key in keys:
        version = manifest["relations"].get(key)
        relation = RunFolder(lake, version["run_id"]).find(key) if version else None
        if relation is not None:
            yield relation


def _of_store(lake_url: str, borrower_id: str) -> Iterator[TimelineEntry]:
    for alert, at in open_alert_outbox(lake_url).alerts_of(borrower_id):
        yield TimelineEntry(at, "alert", {"rule": alert.rule, "as_of": alert.day})
    for decision in open_decision_log(lake_url).decisions_of(borrower_id):
        facts = decision.model_dump(include={"answer", "reasons", "probability", "model", "version", "request_id"})
        yield TimelineEntry(decision.at.astimezone(UTC), "decision", facts)


def _newest_files(lake: ObjectStore, kind: str) -> list[str]:
    """URLs of the stream's files of a kind, of the newest batches."""
    keys = [
        key
        for checkpoint_id in lake_files.checkpoint_ids(lake)
        for key in lake_files.batch_files(lake, kind, checkpoint_id).values()
    ]
    return [lake.url(key) for key in keys[-MOST_FILES:]]


def _dicts(session: DuckDBSession, sql: str) -> list[Row]:
    """Rows of a query in DuckDB's own SQL."""
    rows = session.execute(sql)
    names = [column[0] for column in session.connection.description or []]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _in_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
