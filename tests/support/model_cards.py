"""A scorecard with one input, and its card, with figures that are known."""

from dataclasses import replace
from typing import Any

import numpy as np

from refi_assets.ml.beside import LibraryComparison, MeasuredLibrary
from refi_assets.ml.breakdowns import breakdown_by_month, breakdown_by_segment, lift_table
from refi_assets.ml.card_data import CardData, FeatureText
from refi_assets.ml.columns import InputColumn
from refi_assets.ml.fairness import screen_decisions
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.gate import AucGain, GateRule, GateVerdict
from refi_assets.ml.importance import FeatureImportance
from refi_assets.ml.plots import roc_plot
from refi_assets.ml.policy import ScorecardScale
from refi_assets.ml.policy_limits import BreakdownLimits, FairnessLimits
from refi_assets.ml.scorecard import BinnedInput, Scorecard

SCALE = ScorecardScale(
    most_bins=5, least_bin_share_pct=5, penalty=0, base_score=600, base_odds=30, points_to_double_odds=20
)
INPUT = InputColumn(name="payment_delay", kind="number", direction=1)
BINNED = BinnedInput(column=INPUT, edges=(30.0,), evidence=(-np.log(2), np.log(2), 0.0), shares=(70.0, 28.0, 2.0))
MODEL = FittedModel(
    "logistic_regression", Scorecard(binned=(BINNED,), weights=(1.0,), intercept=-np.log(30)), (0.0, 1.0), SCALE
)
LABEL = np.arange(100) % 4 == 0
PROBABILITY = np.where(LABEL, 0.6, 0.2)
MINIMAL_CARD = CardData("delay", MODEL, "Who pays late.", "To order calls.", [], {}, {}, "abc123")


def a_full_card(**changed: Any) -> CardData:
    groups = np.array(["no"] * 2042 + ["yes"] * 339, dtype=object)
    selected = np.concatenate([np.arange(2042) >= 189, np.arange(339) >= 96])
    limits = BreakdownLimits()
    full = CardData(
        name="delay",
        model=MODEL,
        version=7,
        description="Who pays late.",
        intended_use="To order calls.",
        use_limits=["Not for new customers."],
        data={"relation": "ml/delay_features", "rows": "100", "SHA-256": "f00d"},
        figures={
            "logistic_regression": {"roc_auc": 0.8123, "brier": 0.1},
            "random_forest": {"roc_auc": 0.8456, "brier": 0.09},
        },
        intervals={"roc_auc": (0.79, 0.83)},
        comparison=LibraryComparison(
            {
                "scikit-learn": MeasuredLibrary(0.8123456, (0.79, 0.83)),
                "PySpark": MeasuredLibrary(0.8123444, (0.79, 0.83)),
            },
            AucGain(-0.0000012, -0.001, 0.002, 95),
        ),
        code_version="abc123",
        parameters={"penalty": 0.5},
        features={"payment_delay": FeatureText("Worst delay of 12 months.", "days")},
        segments={
            "branch": breakdown_by_segment(
                np.array(["north", "south"], object)[np.arange(100) % 2], LABEL, PROBABILITY, limits
            )
        },
        months=breakdown_by_month(np.full(100, np.datetime64("2024-02-29")), LABEL, PROBABILITY, limits),
        lift=lift_table(LABEL, PROBABILITY, limits),
        screens={"sex": screen_decisions(groups, selected, FairnessLimits())},
        gate=GateVerdict(
            (
                GateRule("roc_auc", True, "ROC-AUC changes by +0.01."),
                GateRule("brier", False, "The Brier score is worse."),
            ),
            {"rows": 100, "flips": {"newly_selected": 3, "newly_refused": 4, "threshold": 0.4}},
        ),
        importances=[FeatureImportance("payment_delay", 0.25, 0.01)],
        plots={"roc.svg": roc_plot(LABEL, PROBABILITY)},
        notes=["lift.svg could not be drawn: ValueError."],
    )
    return replace(full, **changed)
