"""Scores of the customers who pass the chain: two pinned models, and a cache of scores by features and model version.

A score is taken from the run before if the same version of the model scored the same features of the customer, and that
not longer ago than the policy allows. Registering and promoting models belongs to ml/.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.engines.duckdb_sql import quoted
from refi_assets.errors import ModelError
from refi_assets.lake import Relation
from refi_assets.ml.registry import Registry, open_registry
from refi_assets.ml.sagemaker import SageMakerModel
from refi_assets.ml.scoring import in_millionths, probability_sql
from refi_assets.ml.tables import Floats, Table, typed_columns
from refi_assets.offers.program import ModelUse, Program
from refi_assets.offers.scored_details import PinnedModel, ScoredDetails
from refi_assets.specs.names import table_of
from refi_assets.specs.sql_models import DIALECT

_SCORED_AT_ONCE = 250_000  # rows
_HISTOGRAM_BINS = 20

SCORES = {"approval": "approval_likelihood", "default": "default_probability"}  # role of the model -> column


class _Model(Protocol):
    def probabilities(self, table: Table) -> Floats: ...


@dataclass(frozen=True)
class OpenModel:
    """A pinned model that scores."""

    pinned: PinnedModel
    columns: tuple[str, ...]
    model: _Model

    def millionths(self, table: Table) -> npt.NDArray[np.int64]:
        """The probability of each row in millionths, rounded half up."""
        return in_millionths(self.model.probabilities(table))


def open_models(program: Program, connect: Callable[[], Registry] = open_registry) -> list[OpenModel]:
    """The two models of a program; `connect` opens the registry.

    Raises ModelError if one is away, or reads what the program does not give it.
    """
    return [
        _open_model("approval", program.approval_model, connect),
        _open_model("default", program.risk_model, connect),
    ]


def _open_model(role: str, use: ModelUse, connect: Callable[[], Registry]) -> OpenModel:
    common = {"role": role, "model_id": use.model_id, "endpoint": use.endpoint, "name": use.name}
    if use.scheme == "sagemaker":
        pinned = PinnedModel(**common, version=None, sha256=None)
        return OpenModel(pinned, use.columns, SageMakerModel(use.name))
    wanted = use.alias_or_version
    registered = connect().load(use.name, int(wanted) if wanted.isdigit() else wanted)
    columns = tuple(column.name for column in registered.model.inputs)
    if unknown := [name for name in columns if name not in use.columns]:
        raise ModelError(
            f"{use.name}, version {registered.version}, reads {', '.join(unknown)}, which the features of "
            f"{use.model_id} in the program do not give it. Add the feature to the program, or use another version."
        )
    pinned = PinnedModel(**common, version=registered.version, sha256=registered.sha256)
    return OpenModel(pinned, columns, registered.model)


def score_customers(
    session: DuckDBSession,
    draft: Relation,
    features: Relation,
    models: Sequence[OpenModel],
    before: Relation | None,
    as_of: date,
    cache_days: int,
) -> Relation:
    """Write the relation <program>/scored. `before` is that of an earlier run, if there is one.

    A score of it is used again if it was computed on one of the `cache_days` days that end with the as-of day.

    Raises ModelError or EngineError.
    """
    hashes = ", ".join(f"{_hash_of(model.columns)} AS {model.pinned.role}_features" for model in models)
    session.create_table("extract", exp.select("*").from_(table_of(features.key)).sql(DIALECT))
    session.execute(f"CREATE TABLE hashed AS SELECT customer_id, {hashes} FROM extract")
    from_cache = {}
    for model in models:
        role = model.pinned.role
        session.execute(f"CREATE TABLE {role}_score (customer_id VARCHAR, millionths BIGINT, scored_on DATE)")
        from_cache[role] = _reuse(session, model, before, as_of, cache_days)
        _score_others(session, model, as_of)
    selected = ["hashed.customer_id"]
    selected += [f"{probability_sql(f'{role}_score.millionths')} AS {score}" for role, score in SCORES.items()]
    for role in SCORES:
        selected += [f"hashed.{role}_features", f"{role}_score.scored_on AS {role}_scored_on"]
    joins = " ".join(f"INNER JOIN {role}_score USING (customer_id)" for role in SCORES)
    sql = f"SELECT {', '.join(selected)} FROM hashed {joins} ORDER BY hashed.customer_id"
    details = ScoredDetails(
        models=tuple(model.pinned for model in models),
        from_cache=from_cache,
        histograms={role: _histogram(session, role) for role in SCORES},
    )
    return session.create_from(draft, sql).model_copy(update={"details": details})


def _histogram(session: DuckDBSession, role: str) -> tuple[int, ...]:
    width = 1_000_000 // _HISTOGRAM_BINS
    rows = session.execute(
        f"SELECT least(millionths // {width}, {_HISTOGRAM_BINS - 1}), COUNT(*) FROM {role}_score GROUP BY ALL"
    )
    counts = dict(rows)
    return tuple(counts.get(number, 0) for number in range(_HISTOGRAM_BINS))


def _hash_of(columns: Sequence[str]) -> str:
    """A hash of the values of these columns, in DuckDB's SQL."""
    texts = ", ".join(f"coalesce(CAST({quoted(column)} AS VARCHAR), '')" for column in columns)
    return f"md5(concat_ws('|', {texts}))"


def _reuse(session: DuckDBSession, model: OpenModel, before: Relation | None, as_of: date, cache_days: int) -> int:
    """Take scores of the same version and features from an earlier run; returns their number."""
    role = model.pinned.role
    if before is None or model.pinned.sha256 is None or model.pinned not in before.details_as(ScoredDetails).models:
        return 0
    session.execute(
        f"INSERT INTO {role}_score SELECT hashed.customer_id, "
        f"CAST(earlier.{SCORES[role]} * 1000000 AS BIGINT), earlier.{role}_scored_on "
        f"FROM hashed INNER JOIN ({session.rows_sql(before)}) AS earlier "
        f"ON earlier.customer_id = hashed.customer_id AND earlier.{role}_features = hashed.{role}_features "
        f"WHERE earlier.{role}_scored_on BETWEEN DATE '{as_of - timedelta(days=cache_days - 1)}' AND DATE '{as_of}'"
    )
    return int(session.value(f"SELECT COUNT(*) FROM {role}_score"))


def _score_others(session: DuckDBSession, model: OpenModel, as_of: date) -> None:
    """Score the customers who have no score yet, in batches."""
    role = model.pinned.role
    session.execute(
        f"CREATE TABLE {role}_input AS SELECT extract.* FROM extract ANTI JOIN {role}_score USING (customer_id)"
    )
    rows = int(session.value(f"SELECT COUNT(*) FROM {role}_input"))
    for start in range(0, rows, _SCORED_AT_ONCE):
        query = exp.select(*model.columns).from_(exp.table_(f"{role}_input")).order_by("rowid")
        columns, _ = typed_columns(
            session.arrays(query.where(f"rowid >= {start} AND rowid < {start + _SCORED_AT_ONCE}"))
        )
        millionths = model.millionths(columns)
        row = np.arange(start, start + len(millionths))
        session.connection.register("scores", {"row": row, "millionths": millionths})
        session.execute(
            f"INSERT INTO {role}_score SELECT input.customer_id, scores.millionths, DATE '{as_of}' "
            f"FROM {role}_input AS input INNER JOIN scores ON scores.row = input.rowid"
        )
        session.connection.unregister("scores")
