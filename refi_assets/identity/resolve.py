"""Who is who in files that anyone brings: matched, clustered, and written as one person_id a record."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from duckdb import DuckDBPyConnection

from refi_assets.engines.duckdb import out_of_memory_error
from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.engines.spreadsheets import escape_formulas
from refi_assets.errors import IdentityError, writing
from refi_assets.identity.blocking import allowed_pairs
from refi_assets.identity.clusters import (
    Guards,
    balanced_threshold,
    by_reason,
    cluster,
    expected_f1,
    reviewed_pairs,
)
from refi_assets.identity.matching import Model, match
from refi_assets.identity.records import Columns, load_records
from refi_assets.identity.scoring import Score, score
from refi_assets.lake.spill import SpillFolder

LEAST_PROBABILITY = 0.01  # pairs less probable tell nothing of clusters
PAIR_COLUMNS = ("record_1", "record_2", "match_weight", "match_probability", "review_reason")


@dataclass(frozen=True)
class Resolved:
    """What came of it. `model` is None where there was nothing to compare: no record, or one."""

    records: int
    persons: int
    sources: list[str]
    threshold: float | None
    pairs: int  # at and above the threshold
    splits: dict[str, int]  # links that were not followed, by reason
    model: Model | None
    seconds: float
    score: Score | None = None
    true_pairs: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The object that --json prints."""
        found: dict[str, Any] = {
            "records": self.records,
            "persons": self.persons,
            "sources": self.sources,
            "threshold": self.threshold,
            "pairs": self.pairs,
            "splits": self.splits,
            "model": self.model and self.model.as_json(),
            "seconds": round(self.seconds, 2),
        }
        if self.score is not None:
            found |= {"score": self.score.as_json(), "true_pairs": self.true_pairs}
        return found


def resolve(
    paths: Sequence[Path],
    columns: Columns,
    id_column: str,
    out: Path,
    *,
    truth: str | None = None,
    threshold: float | None = None,
    threads: int = 0,
    memory_limit: str = "2.5GB",
    say: Callable[[str], None],
) -> Resolved:
    """Match the records of CSV or Parquet files and write id, source, person_id, probability, in their order.

    The probability is of the weakest link that holds a person's records together, empty for one alone. Without a
    threshold, the one that balances precision and recall by the model's own probabilities is taken. `truth` names a
    column that says who is who: for the score and nothing else. `say` is told of progress. A text that a spreadsheet
    would run as a formula gets a leading apostrophe.
    Raises SourceError, IdentityError and EngineError, saying what to mend; then nothing is written.
    """
    started = time.perf_counter()
    if out.resolve() in [path.resolve() for path in paths]:
        raise IdentityError(f"{out} is one of the files to be read. Write to another.")
    spill = SpillFolder()
    config: dict[str, Any] = {"memory_limit": memory_limit, "temp_directory": str(spill.path)}
    if threads:
        config["threads"] = threads
    try:
        with duckdb.connect(config=config) as connection:
            connection.execute("SET enable_progress_bar = false")  # it is drawn where --json prints
            sources = load_records(connection, paths, columns, id_column, truth)
            (records,) = connection.execute("SELECT COUNT(*) FROM loaded").fetchall()[0]
            say(f"{records:,} records of {', '.join(sources)}")
            model, pairs = _matched(connection, records, columns, say)
            threshold = _threshold(pairs[pairs["review_reason"].isna()], threshold, say) if model else threshold
            clusters, splits = cluster(range(records), pairs, threshold or 0.5, _guards(connection, pairs, model))
            for reason, number in by_reason(splits).items():
                say(f"{number:,} links are not followed: {reason}")
            persons = clusters["cluster"].nunique()
            say(f"{records:,} records are {persons:,} persons")
            connection.register("cluster_of", clusters)
            _write(connection, out, spill.path / "out.csv")
            scored, true_pairs = _score(connection) if truth else (None, None)
    except duckdb.OutOfMemoryException:
        raise out_of_memory_error(memory_limit) from None
    finally:
        spill.close()
    return Resolved(
        records,
        persons,
        sources,
        threshold,
        int((pairs["match_probability"] >= threshold).sum()) if threshold is not None else 0,
        by_reason(splits),
        model,
        time.perf_counter() - started,
        scored,
        true_pairs,
    )


def _matched(
    connection: DuckDBPyConnection, records: int, columns: Columns, say: Callable[[str], None]
) -> tuple[Model | None, pd.DataFrame]:
    """The model, and the pairs that may be of one person."""
    if records < 2:
        say("there is nobody to compare with")
        return None, pd.DataFrame(columns=[*PAIR_COLUMNS], dtype=float)
    kinds = []
    varies = ", ".join(f"COALESCE(MIN({kind}) <> MAX({kind}), FALSE)" for kind in columns)
    (found,) = connection.execute(f"SELECT {varies} FROM loaded").fetchall()
    for (kind, names), is_telling in zip(columns.items(), found, strict=True):
        if is_telling:
            kinds.append(kind)
        else:
            say(f"{kind} ({' + '.join(names)}) is left out: it does not hold two different values")
    if not kinds:
        raise IdentityError(
            f"There is nothing to compare: none of {', '.join(columns)} holds two different values. Map a column that "
            "tells people apart."
        )
    model = match(connection, "loaded", kinds, least_probability=LEAST_PROBABILITY, say=say)
    if refused := model.blocking.refused:
        rules = "; ".join(f"{' and '.join(rule)}: {count:,}" for rule, count in refused.items())
        say(f"not compared, since these rules would make more than {allowed_pairs(records):,} pairs each: {rules}")
    return model, connection.execute(f"SELECT {', '.join(PAIR_COLUMNS)} FROM pair ORDER BY record_1, record_2").df()


def _threshold(pairs: pd.DataFrame, given: float | None, say: Callable[[str], None]) -> float:
    if given is None:
        found = balanced_threshold(pairs)
        why = ": there precision and recall balance, by the model's own probabilities"
    else:
        found, why = given, ", as asked for"
    say(f"threshold {found:.4f}{why}; F1 is expected to be {expected_f1(pairs, found):.1%}")
    return found


def _guards(connection: DuckDBPyConnection, pairs: pd.DataFrame, model: Model | None) -> Guards:
    """National ids and suffixes keep records apart; dates of birth do not, since here a wrong one is often a slip."""
    compared = {one.name for one in model.comparisons} if model else set()
    known: dict[str, dict[int, str]] = {"national_id": {}, "suffix": {}}
    for feature in known.keys() & compared:
        known[feature] = dict(
            connection.execute(f"SELECT record, {feature} FROM feature WHERE {feature} IS NOT NULL").fetchall()
        )
    return Guards(national_ids=known["national_id"], suffixes=known["suffix"], reviewed=reviewed_pairs(pairs))


def _write(connection: DuckDBPyConnection, out: Path, draft: Path) -> None:
    collide = "(SELECT COUNT(*) > COUNT(DISTINCT id) FROM loaded)"  # ids are unique within a source
    rows = (
        "SELECT own.id, own.source, "
        f"'person-' || CASE WHEN {collide} THEN first.source || ':' ELSE '' END || first.id AS person_id, "
        "ROUND(weakest_link, 6) AS probability "
        "FROM loaded AS own JOIN cluster_of ON cluster_of.record = own.record "
        "JOIN loaded AS first ON first.record = cluster ORDER BY own.record"
    )
    columns = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {rows}").fetchall()}
    connection.execute(f"COPY ({escape_formulas(rows, columns)}) TO {text_literal(str(draft))} (FORMAT csv, HEADER)")
    with writing(out):
        shutil.copyfile(draft, out)


def _score(connection: DuckDBPyConnection) -> tuple[Score, int]:
    frame = connection.execute(
        "SELECT CAST(cluster AS VARCHAR) AS cluster, truth FROM loaded JOIN cluster_of USING (record) ORDER BY record"
    ).df()
    sizes = frame["truth"].value_counts()
    return score(frame["cluster"], frame["truth"]), int((sizes * (sizes - 1) // 2).sum())
