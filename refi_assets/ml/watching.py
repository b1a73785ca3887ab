"""Watching a champion: drift of its features and scores since training, and realized outcomes against predicted ones.

The population is that of the training relation: the decisions since training are compared with those that it learned
from. The figures and limits are in drift.py and the policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.errors import ModelError
from refi_assets.ml import plots
from refi_assets.ml.declared_models import DeclaredModel
from refi_assets.ml.drift import ColumnDrift, RealizedReport, column_drift, realized_against_predicted, table_drift
from refi_assets.ml.model_training import TRAINED_UNTIL, all_rows, days_of
from refi_assets.ml.policy import MlPolicy
from refi_assets.ml.registry import RegisteredModel
from refi_assets.ml.tables import rows_of


@dataclass(frozen=True)
class WatchReport:
    """What became of a champion: the drift of each feature and of the score, and realized rates, with their plots."""

    version: int
    rows: int  # decisions since training
    drifts: tuple[ColumnDrift, ...]
    realized: RealizedReport
    plots: Mapping[str, bytes]
    notes: tuple[str, ...]


def watch_champion(
    session: DuckDBSession, declared: DeclaredModel, champion: RegisteredModel, as_of: date, policy: MlPolicy
) -> WatchReport:
    """Compare the decisions since training with those before. Raises ModelError if the model declares no time."""
    until = champion.record.parameters.get(TRAINED_UNTIL)
    if declared.time is None or declared.known_on is None or until is None:
        raise ModelError("A model without `time` and `known_on` cannot be watched. Add them to its file, and train it.")
    rows = all_rows(session, declared)
    model, decided = champion.model, days_of(rows.time)
    used = {column.name: rows.table[column.name] for column in model.inputs}
    since = decided > np.datetime64(str(until))
    score = model.probabilities(used)
    drifts = (
        *table_drift(rows_of(used, ~since), rows_of(used, since), policy.drift),
        column_drift("score", score[~since], score[since], policy.drift),
    )
    realized = realized_against_predicted(
        score[since], decided[since], rows.outcome[since], days_of(rows.known_on)[since], as_of, policy.drift
    )
    drawn, notes = plots.drawn_plots(
        {
            "stability.svg": lambda: plots.stability_plot(drifts, policy.drift),
            "realized.svg": lambda: plots.realized_plot(realized),
        }
    )
    return WatchReport(champion.version, int(since.sum()), drifts, realized, drawn, tuple(notes))
