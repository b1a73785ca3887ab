"""Limits of the model policy: levels at their limits, and limits that contradict themselves."""

import numpy as np
import pytest
from pydantic import ValidationError

from refi_assets.ml.policy_limits import AlertLimits, DecisionRule, GateLimits


def test_a_level_begins_above_its_limit() -> None:
    limits = AlertLimits(warn_above=0.1, alert_above=0.25)
    assert [limits.level(amount) for amount in (0.1, 0.11, 0.25, 0.26)] == ["ok", "warn", "warn", "alert"]


def test_a_warning_comes_before_an_alert() -> None:
    with pytest.raises(ValidationError, match=r"warn_above 0\.3 must not exceed alert_above 0\.2"):
        AlertLimits(warn_above=0.3, alert_above=0.2)


def test_the_threshold_itself_is_not_below_the_threshold() -> None:
    probability = np.array([0.4, 0.5, 0.6])
    assert DecisionRule(threshold=0.5).selects(probability).tolist() == [True, False, False]
    assert DecisionRule(threshold=0.5, selected="from").selects(probability).tolist() == [False, True, True]


@pytest.mark.parametrize("values", [{"floor_auc": 0.4}, {"brier_tolerance": "nan"}, {"floor_slope": 1.2}, {"seed": 1}])
def test_absurd_and_unknown_limits_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GateLimits.model_validate(values)
