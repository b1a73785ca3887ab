"""Scores of loans by the champion of the model loan_default. Registering and promoting models belongs to ml/."""

from typing import TYPE_CHECKING

from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.errors import ModelError, needs_packages
from refi_assets.lake import Relation
from refi_assets.ml.settings import ML_PACKAGES
from refi_assets.specs.names import table_of
from refi_assets.specs.sql_models import load_sql_models

if TYPE_CHECKING:
    from refi_assets.ml.fitted import FittedModel
    from refi_assets.ml.registry import RegisteredModel

MODEL = "loan_default"
FEATURES, SCORES, RISK = "gold/loan_default_features", "gold/loan_score", "gold/loan_risk"
SCORED = (FEATURES, SCORES, RISK)


def open_champion() -> "RegisteredModel":
    """The champion. Raises RefiError if there is none, or if the registry or a package is away."""
    with needs_packages("Scoring loans", ML_PACKAGES, "ml", "make ml"):
        from refi_assets.ml.registry import CHAMPION, open_registry

        registry = open_registry()
        if registry.alias_version(MODEL, CHAMPION) is None:
            raise ModelError(f"{MODEL} has no champion. Train and promote one: refi model train {MODEL} --promote")
        return registry.load(MODEL, CHAMPION)


def score_loans(session: DuckDBSession, draft: Relation, champion: "FittedModel | None") -> Relation:
    """Write the relation of scores of the session's loans; without a champion, it has no row.

    Raises ModelError if the champion reads a column that loans do not have.
    """
    if champion is None:
        return session.create(draft, load_sql_models()[SCORES].bind({}))
    from refi_assets.ml.scoring import in_millionths, probability_sql
    from refi_assets.ml.tables import typed_columns

    loans = exp.select("*").from_(table_of(FEATURES)).order_by("loan_id")
    columns, _ = typed_columns(session.arrays(loans))
    scored = {"loan_id": columns["loan_id"], "millionths": in_millionths(champion.probabilities(columns))}
    session.connection.register("scored", scored)
    scores = f"CAST(loan_id AS VARCHAR) AS loan_id, {probability_sql('millionths')} AS probability"
    return session.create_from(draft, f"SELECT {scores} FROM scored ORDER BY loan_id")
