"""The promotion gate: models that are better, no better, miscalibrated or unfair by construction."""

import json

import numpy as np
import pytest

from refi_assets.errors import ModelError
from refi_assets.ml.gate import (
    GateVerdict,
    NewestPeriod,
    bootstrap_auc_gain,
    flipped_decisions,
    judge_challenger,
    judge_first_model,
)
from refi_assets.ml.policy_limits import DecisionRule, FairnessLimits, GateLimits

LIMITS = GateLimits(bootstrap_samples_count=300)
FAIRNESS = FairnessLimits()
RULE = DecisionRule(threshold=0.4)
ROWS = 4000


def sigmoid(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-log_odds))


# The label depends on two normal variables. The champion knows the first, the challenger both, and each is calibrated:
# without a variable of variance 1, log-odds shrink by sqrt(1 + pi / 8) (MacKay, Neural Computation 4, 1992).
DRAWS = np.random.default_rng(15)
FIRST, SECOND = DRAWS.normal(size=(2, ROWS))
TRUE = sigmoid(FIRST + SECOND - 1)
CHAMPION = sigmoid((FIRST - 1) / np.sqrt(1 + np.pi / 8))
LABEL = DRAWS.random(ROWS) < TRUE
UNRELATED = np.array(["a", "b"], dtype=object)[DRAWS.integers(2, size=ROWS)]


def verdict_on(challenger: np.ndarray, champion: np.ndarray = CHAMPION, **groups: np.ndarray) -> GateVerdict:
    return judge_challenger(NewestPeriod(LABEL, groups), challenger, champion, RULE, LIMITS, FAIRNESS)


def refused(verdict: GateVerdict) -> list[str]:
    return [rule.name for rule in verdict.rules if not rule.passed]


def test_a_model_that_knows_more_passes() -> None:
    verdict = verdict_on(TRUE, sex=UNRELATED)
    assert verdict.passed
    assert [rule.name for rule in verdict.rules] == [
        "outcomes",
        "roc_auc",
        "brier",
        "calibration_slope",
        "fairness_sex",
    ]
    assert len(verdict.reasons) == 5
    assert json.loads(json.dumps(verdict.as_json(), allow_nan=False))["passed"] is True


def test_the_worse_model_and_the_same_model_are_refused() -> None:
    worse = verdict_on(CHAMPION, TRUE)
    assert refused(worse) == ["roc_auc", "brier"]
    assert "interval -0." in worse.reasons[0]
    same = verdict_on(CHAMPION)
    assert refused(same) == ["roc_auc"]
    assert same.numbers["auc_gain"] == {"gain": 0, "low": 0, "high": 0, "confidence_pct": 95}


def test_few_outcomes_do_not_decide() -> None:
    rows = np.append(np.flatnonzero(LABEL)[:49], np.flatnonzero(~LABEL))
    verdict = judge_challenger(NewestPeriod(LABEL[rows], {}), TRUE[rows], CHAMPION[rows], RULE, LIMITS, FAIRNESS)
    assert refused(verdict)[0] == "outcomes"
    assert verdict.reasons[0] == "The rarer outcome has 49 rows; at least 50 are needed."
    assert "outcomes" in refused(judge_first_model(NewestPeriod(LABEL[rows], {}), TRUE[rows], LIMITS))


def test_a_gain_within_chance_is_refused() -> None:
    """Both models see the first variable with noise of their own."""
    noisy = [sigmoid(FIRST - 1 + DRAWS.normal(scale=0.5, size=ROWS)) for _ in range(2)]
    better, worse = sorted(
        noisy, key=lambda probability: bootstrap_auc_gain(LABEL, probability, CHAMPION, LIMITS).gain
    )[::-1]
    verdict = verdict_on(better, worse)
    assert verdict.numbers["auc_gain"]["gain"] > 0
    assert "roc_auc" in refused(verdict)


def test_a_better_model_with_wrong_probabilities_is_refused() -> None:
    """Threefold log-odds rank as well and have a slope of a third."""
    verdict = verdict_on(sigmoid(3 * (FIRST + SECOND - 1)))
    assert "roc_auc" not in refused(verdict)
    assert "calibration_slope" in refused(verdict)
    assert verdict.numbers["challenger"]["calibration_slope"] == pytest.approx(1 / 3, abs=0.05)


def test_a_better_model_that_selects_fewer_of_a_group_is_refused() -> None:
    """Only the challenger knows the second variable, and the group has high values of it."""
    group = np.where(SECOND > 1, "b", "a").astype(object)
    verdict = verdict_on(TRUE, sex=UNRELATED, age=group)
    assert refused(verdict) == ["fairness_age"]
    ratio = (TRUE[group == "b"] < 0.4).mean() / (TRUE[group == "a"] < 0.4).mean()
    before = (CHAMPION[group == "b"] < 0.4).mean() / (CHAMPION[group == "a"] < 0.4).mean()
    assert f"against a: b {ratio:.3f} (champion {before:.3f}). Lower by more than 0.05: b." in verdict.reasons[0]
    assert ratio < 0.5 < before


def test_the_policy_names_the_reference_group() -> None:
    few = np.where(np.arange(ROWS) < 100, "b", "a").astype(object)
    limits = FairnessLimits(references={"sex": "b"})
    verdict = judge_challenger(NewestPeriod(LABEL, {"sex": few}), TRUE, CHAMPION, RULE, LIMITS, limits)
    assert "impact ratios against b: a " in verdict.rules[4].reason


def test_a_small_group_does_not_decide_and_a_ratio_above_one_may_fall() -> None:
    few = np.where(np.arange(ROWS) < 99, "b", "a").astype(object)
    assert "no group is large enough" in verdict_on(TRUE, sex=few).rules[4].reason
    low = np.where(SECOND < -1, "b", "a").astype(object)  # the challenger selects more of them than of the others
    assert refused(verdict_on(TRUE, CHAMPION, sex=low)) == []
    ratios = [
        verdict.numbers["screens"]["sex"]["groups"][1]["impact_ratio"]
        for verdict in (verdict_on(CHAMPION, TRUE, sex=low), verdict_on(CHAMPION, sex=low))
    ]
    assert 0.95 < ratios[0] == ratios[1]


def delong_error(label: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """The standard error of the difference of two AUC: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988)."""
    placements = []
    for score in (first, second):
        positive, negative = score[label][:, None], score[~label][None, :]
        wins = (positive > negative) + 0.5 * (positive == negative)
        placements.append((wins.mean(axis=1), wins.mean(axis=0)))
    (positives, negatives), (positives_2, negatives_2) = placements
    variance = (positives - positives_2).var(ddof=1) / label.sum() + (negatives - negatives_2).var(ddof=1) / (
        ~label
    ).sum()
    return float(np.sqrt(variance))


def test_the_interval_is_as_wide_as_delongs() -> None:
    rows = slice(1500)
    gain = bootstrap_auc_gain(LABEL[rows], TRUE[rows], CHAMPION[rows], GateLimits(bootstrap_samples_count=2000))
    error = delong_error(LABEL[rows], TRUE[rows], CHAMPION[rows])
    assert (gain.high - gain.low) / 2 == pytest.approx(1.96 * error, rel=0.06)
    assert gain.low < gain.gain < gain.high
    assert gain == bootstrap_auc_gain(LABEL[rows], TRUE[rows], CHAMPION[rows], GateLimits(bootstrap_samples_count=2000))


def test_ties_count_half() -> None:
    """By hand: .7 is above both negatives, .5 above one and equal to the other: (2 + 1.5) / 4; the champion: 1/2."""
    label, score = np.array([True, True, False, False]), np.array([0.7, 0.5, 0.5, 0.1])
    assert bootstrap_auc_gain(label, score, np.full(4, 0.5), LIMITS).gain == pytest.approx(3.5 / 4 - 0.5)


def test_flipped_decisions_are_listed_and_counted_by_direction_and_group() -> None:
    """Below .5 is selected. By hand: row 1 is newly selected; rows 0 and 4 newly refused; .5 itself is refused."""
    champion = np.array([0.4, 0.6, 0.3, 0.7, 0.49])
    challenger = np.array([0.6, 0.4, 0.2, 0.8, 0.5])
    rule = DecisionRule(threshold=0.5)
    flips = flipped_decisions(challenger, champion, rule)
    assert (flips.newly_selected.tolist(), flips.newly_refused.tolist()) == ([1], [0, 4])
    period = NewestPeriod(np.array([True, False, True, False, False]), {"sex": np.array(["f", "f", "m", "m", None])})
    verdict = judge_challenger(period, challenger, champion, rule, LIMITS, FAIRNESS)
    assert verdict.numbers["flips"] == {
        "threshold": 0.5,
        "selected": "below",
        "newly_selected": 1,
        "newly_refused": 2,
        "by_group": {
            "sex": {
                "f": {"newly_selected": 1, "newly_refused": 1},
                "m": {"newly_selected": 0, "newly_refused": 0},
            }
        },
    }


def test_the_first_model_must_reach_the_floor() -> None:
    period = NewestPeriod(LABEL, {})
    assert judge_first_model(period, TRUE, LIMITS).passed
    weak = judge_first_model(period, CHAMPION, GateLimits(floor_auc=0.9))
    assert refused(weak) == ["roc_auc"]
    assert "at least 0.9 is needed" in weak.reasons[0]
    assert refused(judge_first_model(period, sigmoid(3 * (FIRST + SECOND - 1)), LIMITS)) == ["calibration_slope"]


@pytest.mark.parametrize(("label", "wrong"), [([], "no row"), ([True, True], "only one outcome")])
def test_a_period_without_both_outcomes_cannot_be_judged(label: list[bool], wrong: str) -> None:
    with pytest.raises(ModelError, match=f"the newest period has {wrong}"):
        NewestPeriod(np.array(label, dtype=bool), {})
