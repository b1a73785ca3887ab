"""Scores of borrowers: probabilities, bands and reasons of many rows at once."""

from decimal import Decimal

import numpy as np
import pytest

from refi_assets.errors import ModelError
from refi_assets.ml.tables import rows_of
from refi_assets.risk.policy import Bands
from refi_assets.risk.scoring import bands_of, open_live_champion, score_table
from refi_assets.settings import overridden
from tests.support.live_champions import live_scorecard
from tests.support.registries import ROWS

BANDS = Bands(high_band_from_pct=Decimal(20), medium_band_from_pct=Decimal(5))


def test_bands_begin_at_the_bounds_of_the_policy() -> None:
    millionths = np.array([0, 49_999, 50_000, 199_999, 200_000, 1_000_000])
    assert bands_of(millionths, BANDS).tolist() == ["low", "low", "medium", "medium", "high", "high"]


def test_a_bound_between_two_millionths_counts_from_the_upper_one() -> None:
    finer = Bands(high_band_from_pct=Decimal("20.000001"), medium_band_from_pct=Decimal("20.000001"))
    assert bands_of(np.array([200_000, 200_001]), finer).tolist() == ["low", "high"]


def test_probabilities_are_those_of_the_scorecard_by_hand() -> None:
    """1 / (1 + e^3) = .0474259, 1 / (1 + e^2) = .1192029, 1 / (1 + e^-1) = .7310586."""
    table = {
        "worst_payment_delay_3m": np.array([0.0, 0.0, 2.0, np.nan]),
        "credit_utilization": np.array([0.1, 0.9, 0.9, np.nan]),
    }
    scored = score_table(live_scorecard(), table, BANDS)
    assert scored.millionths.tolist() == [47_426, 119_203, 731_059, 47_426]
    assert scored.bands.tolist() == ["low", "medium", "high", "low"]
    assert scored.reasons.tolist() == [*("", "credit_utilization", "worst_payment_delay_3m|credit_utilization", "")]


@pytest.mark.parametrize("kind", ["scorecard", "forest", "boosting"])
def test_many_rows_have_the_scores_and_reasons_of_each_alone(request, kind) -> None:
    model = request.getfixturevalue(kind)
    scored = score_table(model, ROWS, BANDS)
    for row in range(3):
        values = {name: None if np.isnan(column[row]) else float(column[row]) for name, column in ROWS.items()}
        alone = model.score(values)
        assert scored.millionths[row] == round(alone.probability * 1e6)
        assert scored.reasons[row] == "|".join(reason.feature for reason in alone.reasons)
        one = score_table(model, rows_of(ROWS, slice(row, row + 1)), BANDS)
        assert (one.millionths[0], one.reasons[0]) == (scored.millionths[row], scored.reasons[row])


def test_a_champion_that_reads_another_column_is_refused() -> None:
    with pytest.raises(ModelError, match="credit_utilization"):
        score_table(live_scorecard(), {"worst_payment_delay_3m": np.array([0.0])}, BANDS)


def test_without_a_model_in_the_registry_the_champion_is_missing_in_words(registry) -> None:
    with overridden("REFI_MLFLOW_URI", registry.uri), pytest.raises(ModelError, match="live_default has no champion"):
        open_live_champion()
