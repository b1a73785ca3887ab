"""A small scorecard as the champion of the model live_default."""

from refi_assets.ml.columns import InputColumn
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.registry import CHAMPION, Registry
from refi_assets.ml.scorecard import BinnedInput, Scorecard
from refi_assets.risk.scoring import MODEL
from tests.support.registries import SCALE, record_of


def live_scorecard() -> FittedModel:
    """Log-odds of -3, more by 3 with a payment late by a month or more, and by 1 with a utilization above 50 %."""
    delay, utilization = (
        InputColumn(name=name, kind="number", direction=1) for name in ("worst_payment_delay_3m", "credit_utilization")
    )
    binned = (
        BinnedInput(column=delay, edges=(0.5,), evidence=(0.0, 3.0, 0.0), shares=(60, 20, 20)),
        BinnedInput(column=utilization, edges=(0.5,), evidence=(0.0, 1.0, 0.0), shares=(60, 20, 20)),
    )
    predictor = Scorecard(binned=binned, weights=(1.0, 1.0), intercept=-3.0)
    return FittedModel("logistic_regression", predictor, (0.0, 1.0), SCALE)


def register_live_champion(registry: Registry) -> int:
    """Register the scorecard, and make it the champion; returns its version."""
    version = registry.register(MODEL, live_scorecard(), record_of())
    registry.set_alias(MODEL, CHAMPION, version)
    return version
