"""Who is who in files that a user names: matched, clustered, and written with one person_id a record."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from duckdb import DuckDBPyConnection

from refi_assets.engines.duckdb import DuckDBSession, open_duckdb, out_of_memory_error
from refi_assets.engines.settings import EngineSettings
from refi_assets.engines.spreadsheets import escape_formulas
from refi_assets.errors import IdentityError, writing
from refi_assets.identity.blocking import allowed_pairs
from refi_assets.identity.clusters import (
    Guards,
    balanced_threshold,
    by_reason,
    cluster_records,
    expected_f1,
    reviewed_pairs,
)
from refi_assets.identity.file_records import Columns, load_records
from refi_assets.identity.matching import Model, match_by_splink
from refi_assets.identity.scoring import Score, score_clusters
from refi_assets.lake.folder_store import FolderStore
from refi_assets.lake.spill import SpillFolder
from refi_assets.settings import settings_of
from refi_assets.specs.sql_steps import load_steps

LEAST_PROBABILITY = 0.01  # less probable pairs do not matter to clusters
PAIR_COLUMNS = ("record_1", "record_2", "match_weight", "match_probability", "review_reason")


@dataclass(frozen=True)
class ResolvedFiles:
    """The result of refi resolve, as --json prints it. `model` is Model.as_json(), None with less than two records."""

    records: int
    persons: int
    sources: list[str]
    threshold: float | None
    pairs: int  # at and above the threshold
    splits: dict[str, int]  # links that were not followed, by reason
    model: dict[str, Any] | None
    seconds: float
    score: Score | None = None
    true_pairs: int | None = None

    def as_json(self) -> dict[str, Any]:
        """All of it; the score only if the truth is known."""
        return {
            name: value for name, value in asdict(self).items() if self.score or name not in ("score", "true_pairs")
        }


def resolve_files(
    paths: Sequence[Path],
    columns: Columns,
    id_column: str,
    out: Path,
    *,
    truth: str | None = None,
    threshold: float | None = None,
    say: Callable[[str], None],
) -> ResolvedFiles:
    """Match the records of CSV or Parquet files and write id, source, person_id, probability, in the files' order.

    The probability is that of the weakest link that holds a person's records together, empty for a single record.
    Without a threshold, the one that balances precision and recall by the model's own probabilities is used. `truth`
    names a column with the true persons, which is used only for the score. `say` reports progress. A text that a
    spreadsheet would run as a formula gets a leading apostrophe.
    Raises SourceError, IdentityError and EngineError; then nothing is written.
    """
    started = time.perf_counter()
    if out.resolve() in [path.resolve() for path in paths]:
        raise IdentityError(f"{out} is one of the files to be read. Write to another.")
    spill = SpillFolder()
    lake = FolderStore(str(spill.path / "lake"))
    try:
        with open_duckdb(lake).session() as session:
            connection = session.connection
            connection.execute("SET enable_progress_bar = false")  # it is drawn where --json prints
            sources = load_records(session, lake, paths, columns, id_column, truth)
            records = session.value("SELECT COUNT(*) FROM loaded")
            say(f"{records:,} records of {', '.join(sources)}")
            model, pairs = _match_records(connection, records, columns, say)
            threshold = _threshold(pairs[pairs["review_reason"].isna()], threshold, say) if model else threshold
            guards = _guards(connection, pairs, model)
            clusters, splits = cluster_records(range(records), pairs, threshold or 0.5, guards)
            for reason, number in by_reason(splits).items():
                say(f"{number:,} links are not followed: {reason}")
            persons = clusters["cluster"].nunique()
            say(f"{records:,} records are {persons:,} persons")
            connection.register("cluster_of", clusters)
            _write(session, out, spill.path / "out.csv")
            score, true_pairs = _score(connection) if truth else (None, None)
    except duckdb.OutOfMemoryException:
        raise out_of_memory_error(settings_of(EngineSettings).memory_limit) from None
    finally:
        spill.close()
    return ResolvedFiles(
        records=records,
        persons=persons,
        sources=sources,
        threshold=threshold,
        pairs=int((pairs["match_probability"] >= threshold).sum()) if threshold is not None else 0,
        splits=by_reason(splits),
        model=model.as_json() if model else None,
        seconds=round(time.perf_counter() - started, 2),
        score=score,
        true_pairs=true_pairs,
    )


def _match_records(
    connection: DuckDBPyConnection, records: int, columns: Columns, say: Callable[[str], None]
) -> tuple[Model | None, pd.DataFrame]:
    """The model, and the pairs that may be of one person."""
    if records < 2:
        say("there is nobody to compare with")
        return None, pd.DataFrame(columns=[*PAIR_COLUMNS], dtype=float)
    varies = ", ".join(f"COALESCE(MIN({kind}) <> MAX({kind}), FALSE)" for kind in columns)
    (row,) = connection.execute(f"SELECT {varies} FROM loaded").fetchall()
    kinds = [kind for kind, is_comparable in zip(columns, row, strict=True) if is_comparable]
    for kind in columns:
        if kind not in kinds:
            say(f"{kind} ({' + '.join(columns[kind])}) is left out: it does not contain two different values")
    if not kinds:
        raise IdentityError(
            f"There is nothing to compare: none of {', '.join(columns)} contains two different values. Map a column "
            "that distinguishes people."
        )
    model = match_by_splink(connection, "loaded", kinds, least_probability=LEAST_PROBABILITY, say=say)
    if refused := model.blocking.refused:
        rules = "; ".join(f"{' and '.join(rule)}: {count:,}" for rule, count in refused.items())
        say(f"not compared, since these rules would make more than {allowed_pairs(records):,} pairs each: {rules}")
    return model, connection.execute(f"SELECT {', '.join(PAIR_COLUMNS)} FROM pair ORDER BY record_1, record_2").df()


def _threshold(pairs: pd.DataFrame, chosen: float | None, say: Callable[[str], None]) -> float:
    threshold = balanced_threshold(pairs) if chosen is None else chosen
    why = ", as chosen" if chosen is not None else ": precision and recall balance, by the model's own probabilities"
    say(f"threshold {threshold:.4f}{why}; F1 is expected to be {expected_f1(pairs, threshold):.1%}")
    return threshold


def _guards(connection: DuckDBPyConnection, pairs: pd.DataFrame, model: Model | None) -> Guards:
    """National ids and suffixes keep records apart; dates of birth do not, since wrong ones here are often slips."""
    compared = {comparison.name for comparison in model.comparisons} if model else set()
    values: dict[str, dict[int, str]] = {"national_id": {}, "suffix": {}}
    for feature in values.keys() & compared:
        values[feature] = dict(
            connection.execute(f"SELECT record, {feature} FROM feature WHERE {feature} IS NOT NULL").fetchall()
        )
    return Guards(national_ids=values["national_id"], suffixes=values["suffix"], reviewed=reviewed_pairs(pairs))


def _write(session: DuckDBSession, out: Path, draft: Path) -> None:
    rows = load_steps("identity")["resolved_files"]
    columns = {name: sql_type for name, sql_type, *_ in session.execute(f"DESCRIBE {rows}")}
    session.copy(escape_formulas(rows, columns), str(draft), "FORMAT csv, HEADER")
    with writing(out):
        shutil.copyfile(draft, out)


def _score(connection: DuckDBPyConnection) -> tuple[Score, int]:
    frame = connection.execute(load_steps("identity")["clusters_and_truth"]).df()
    sizes = frame["truth"].value_counts()
    return score_clusters(frame["cluster"], frame["truth"]), int((sizes * (sizes - 1) // 2).sum())
