"""`refi risk generate`: a made-up portfolio whose borrowers have a latent risk, its history, and a stream of messages.

The history, up to the as-of day, is in the source files of the domain risk. The stream goes on from there: its messages
are in messages/, one file for each topic, and folder replayed/ has the source files after all of them. Next to the
files, truth.json counts what must become of them, expected_risk.csv has each borrower's risk, and expected_fraud.csv
the events of each case of fraud. Borrowers are drawn in parts, so that memory does not grow with their number.
"""

import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.errors import SettingError
from refi_assets.sample.draws import select_items
from refi_assets.sample.risk_arrivals import Arrivals, draw_arrivals
from refi_assets.sample.risk_borrowers import (
    RiskBorrowers,
    RiskCalendar,
    borrower_ids,
    draw_borrowers,
    portfolio_tables,
)
from refi_assets.sample.risk_events import MS_OF_DAY, all_events, draw_events
from refi_assets.sample.risk_fraud import FRAUD_KINDS, draw_fraud
from refi_assets.sample.risk_messages import SOURCE_OF_TOPIC, TOPIC_SQL, source_columns
from refi_assets.sample.risk_stream import RiskStream, arrival_arrays
from refi_assets.sample.risk_truth import RiskTotals, stream_document
from refi_assets.sample.written_tables import Columns, write_table

MOST_BORROWERS, MOST_DAYS = 10_000_000, 366
MOST_MONTHS = 120  # of history
_BORROWER_MONTHS_OF_PART = 160_000  # in memory together, in about 400 MB


@contextmanager
def generated_risk(
    borrowers: int,
    seed: int,
    out_dir: Path | None,
    *,
    as_of: date,
    days: int,
    months: int = 30,
    live_rate: float | None = None,
) -> Iterator[tuple[dict[str, Any], RiskStream]]:
    """Generate a portfolio; yields the content of truth.json and the stream, whose messages can be read or sent.

    The history has `months` months before that of the as-of day, and outcomes of borrowers if they are 13 or more; the
    stream has the `days` days after it. With `live_rate`, the stream is to be sent at once, so many messages a second,
    or as fast as possible (0): events keep their delays, but happen now. Without `out_dir`, nothing is written and
    there is no history. The same arguments give the same files with the same versions of NumPy and DuckDB. Raises
    SettingError for numbers that are out of range, or if out_dir cannot be written to.
    """
    for name, number, fewest, most in (
        ("borrowers", borrowers, 1, MOST_BORROWERS),
        ("days", days, 0, MOST_DAYS),
        ("months", months, 1, MOST_MONTHS),
    ):
        if not fewest <= number <= most:
            raise SettingError(f"{number} {name} cannot be generated; ask for {fewest} to {most:,}.")
    calendar = RiskCalendar.of(as_of, months if out_dir else 0, days)
    with tempfile.TemporaryDirectory(prefix="refi-risk-") as scratch:
        # Events that are sent live are new ones, also with the same seed.
        prefix = f"E{seed}-" if live_rate is None else f"E{int(time.time()):x}-"
        stream = RiskStream(Path(scratch), prefix)
        try:
            yield _Portfolio(calendar, out_dir, stream, prefix).generate(borrowers, seed, live_rate), stream
        finally:
            stream.close()


class _Portfolio:
    """The parts of a portfolio, of which each is drawn, counted and written."""

    def __init__(self, calendar: RiskCalendar, out_dir: Path | None, stream: RiskStream, prefix: str) -> None:
        self._calendar, self._out_dir, self._stream, self._prefix = calendar, out_dir, stream, prefix
        self._totals, self._fraud = RiskTotals(), Counter[str]()
        self._parts, self._next_row = 0, 1

    def generate(self, borrowers: int, seed: int, live_rate: float | None) -> dict[str, Any]:
        """Draw and write everything; returns the content of truth.json. Raises SettingError if it cannot be written."""
        calendar, out_dir = self._calendar, self._out_dir
        try:
            if out_dir:
                _prepare(out_dir)
            counts = self._draw(borrowers, seed, live_rate)
            truth = {
                "borrowers": borrowers,
                "seed": seed,
                "as_of": str(calendar.as_of),
                "days": calendar.days,
                **counts,
            }
            if out_dir:
                self._write_stream(out_dir)
                (out_dir / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
        except (OSError, duckdb.IOException) as error:
            raise SettingError(f"{out_dir} cannot be written to as a folder: {error}. Name another folder.") from None
        return truth

    def _draw(self, borrowers: int, seed: int, live_rate: float | None) -> dict[str, Any]:
        """Draw all parts, write those of the history, and put the stream in order; returns the counts."""
        of_part = max(500, _BORROWER_MONTHS_OF_PART // self._calendar.months)
        with duckdb.connect() as connection:
            for first in range(0, borrowers, of_part):
                rng = np.random.default_rng([seed, first])
                self._draw_part(rng, first, min(of_part, borrowers - first), connection)
        self._stream.add_malformed(np.random.default_rng([seed, MOST_BORROWERS]), self._next_row)
        self._stream.put_in_order(live_rate)
        return {
            **self._totals.document(has_outcomes=self._calendar.has_outcomes),
            "stream": stream_document(self._stream),
            "fraud_cases": dict(sorted(self._fraud.items())),
        }

    def _draw_part(
        self, rng: np.random.Generator, first: int, size: int, connection: duckdb.DuckDBPyConnection
    ) -> None:
        calendar = self._calendar
        borrowers = draw_borrowers(rng, calendar, first + 1, size)
        usual, fraud = draw_events(rng, calendar, borrowers), draw_fraud(rng, calendar, borrowers)
        is_fraud = np.arange(len(usual) + len(fraud.events)) >= len(usual)
        arrivals = draw_arrivals(rng, calendar, all_events([usual, fraud.events]), is_fraud, self._next_row)
        fraud_rows = self._next_row + np.flatnonzero(is_fraud)
        self._next_row = int(arrivals.row.max(initial=self._next_row)) + 1
        is_of_stream = arrivals.received >= calendar.stream_from.astype(np.int64) * MS_OF_DAY
        self._stream.add(arrivals.where(is_of_stream))
        self._totals.add_borrowers(borrowers)
        for kind, name in enumerate(FRAUD_KINDS):
            self._fraud[name] += len(np.unique(fraud.events.borrower[fraud.kind == kind]))
        if self._out_dir:
            history = arrivals.where(~is_of_stream)
            self._totals.add_history(history)
            self._write_history(history, self._out_dir, connection)
            tables = portfolio_tables(rng, calendar, borrowers)
            tables["expected_risk"] = _risk_columns(borrowers)
            tables["expected_fraud"] = {
                "borrower_id": borrower_ids(fraud.events.borrower),
                "kind": np.array(FRAUD_KINDS)[fraud.kind],
                "event_id": np.array([f"{self._prefix}{row}" for row in fraud_rows.tolist()], dtype=object),
            }
            for name, columns in tables.items():
                write_table(self._out_dir / f"{name}.csv", columns, append=self._parts > 0)
        self._parts += 1

    def _write_history(self, history: Arrivals, out_dir: Path, connection: duckdb.DuckDBPyConnection) -> None:
        connection.register("history", arrival_arrays(history))
        for topic, source in SOURCE_OF_TOPIC.items():
            path = out_dir / source / f"history-{self._parts:05}.csv"
            path.parent.mkdir(exist_ok=True)
            query = (
                f"SELECT {select_items(source_columns(topic, self._prefix))} FROM history WHERE {TOPIC_SQL} = '{topic}'"
            )
            connection.execute(f"COPY ({query}) TO {text_literal(str(path))} (FORMAT csv, HEADER true)")
        connection.unregister("history")

    def _write_stream(self, out_dir: Path) -> None:
        """Write the messages, and the source files after them, of which those of the history are links."""
        self._stream.write_messages(out_dir / "messages")
        replayed = out_dir / "replayed"
        for path in (
            *out_dir.glob("portfolio_*.csv"),
            *out_dir.glob("*_outcome.csv"),
            *out_dir.glob("*/history-*.csv"),
        ):
            copy = replayed / path.relative_to(out_dir)
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, copy)
            except OSError:  # a file system without hard links
                shutil.copyfile(path, copy)
        self._stream.write_sources(replayed)


def _prepare(out_dir: Path) -> None:
    """Make the folder, without the files of an earlier generation that this one may not write again."""
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / "truth.json").unlink(missing_ok=True)  # a generation cut short must not look finished
    for pattern in ("default_outcome.csv", "replayed/*.csv", "*/history-*.csv", "replayed/*/history-*.csv"):
        for path in out_dir.glob(pattern):
            path.unlink()


def _risk_columns(borrowers: RiskBorrowers) -> Columns:
    """What is true of each borrower, and nobody else knows."""
    return {
        "borrower_id": borrower_ids(borrowers.number),
        "latent_risk": borrowers.latent_risk,
        "probability": borrowers.chance,
        "observed_on": borrowers.observed_on,
        "probability_observed": borrowers.chance_observed,
        "defaulted": borrowers.defaulted.astype(int),
    }
