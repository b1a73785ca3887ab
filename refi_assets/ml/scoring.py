"""Scores of customers by a registered model, with the words of a notice where the model's file has them.

Stored probabilities have six decimals: they are computed in millionths, so that no engine rounds them.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.errors import ModelError
from refi_assets.ml.columns import Value
from refi_assets.ml.declared_models import DeclaredModel
from refi_assets.ml.fitted import FittedModel, Score
from refi_assets.ml.tables import Floats
from refi_assets.specs.names import table_of


def customer_features(
    session: DuckDBSession, declared: DeclaredModel, model: FittedModel, customer_id: str
) -> dict[str, Value]:
    """The inputs of a model for one customer of a run. Raises ModelError if the run does not have the customer."""
    if declared.customers is None:
        raise ModelError("The model's file names no relation `customers`.")
    names = [column.name for column in model.inputs]
    query = exp.select(*names).from_(table_of(declared.customers))
    rows = session.query(query.where(exp.column(declared.id).eq(exp.Literal.string(customer_id))))
    if not rows:
        raise ModelError(f"{declared.customers} has no customer {customer_id!a}. Check the id, or choose a run: --run")
    return {name: value if isinstance(value, str) else _number(value) for name, value in rows[0].items()}


def score_customer(model: FittedModel, declared: DeclaredModel, values: Mapping[str, Value]) -> Score:
    """The score of one customer, each reason with its words if the model's file has exact ones. Raises ModelError."""
    score = model.score(values)
    reasons = tuple(
        reason.model_copy(update={"text": declared.reasons.get(reason.feature)}) for reason in score.reasons
    )
    return score.model_copy(update={"reasons": reasons})


def in_millionths(probabilities: Floats) -> npt.NDArray[np.int64]:
    """Probabilities in millionths, rounded half up."""
    return np.floor(probabilities * 1e6 + 0.5).astype(np.int64)


def probability_sql(millionths: str) -> str:
    """The probability that a column has in millionths, exactly, in DuckDB's SQL."""
    return f"CAST(CAST({millionths} AS DECIMAL(9,0)) * 0.000001::DECIMAL(7,6) AS DECIMAL(9,6))"


def _number(value: object) -> float | bool | None:
    return value if isinstance(value, bool) or value is None else float(str(value))
