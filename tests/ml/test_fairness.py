"""The fairness screen, against published counts, scipy, and tables computed by hand."""

import csv

import numpy as np
import pytest

from refi_assets.errors import ModelError
from refi_assets.ml.fairness import GroupScreen, rate_of_rows, screen_decisions, screen_model
from refi_assets.ml.policy_limits import DecisionRule, FairnessLimits
from refi_assets.settings import PROJECT_DIR

BOSTON = PROJECT_DIR.parent / "shared" / "data" / "mortgage" / "boston_hmda.csv"
LIMITS = FairnessLimits(least_rows_count=30)


def texts(*counts: tuple[str | None, int]) -> np.ndarray:
    return np.array([name for name, count in counts for _ in range(count)], dtype=object)


def decisions(*counts: tuple[bool, int]) -> np.ndarray:
    return np.array([selected for selected, count in counts for _ in range(count)])


def assert_boston(group: GroupScreen) -> None:
    """The counts of Munnell and others (American Economic Review, 1996), as in AER's and Ecdat's data set."""
    assert (group.selected.count, group.selected.rows) == (339 - 96, 339)
    assert group.impact_ratio == pytest.approx(0.790, abs=0.0005)
    assert group.odds_ratio == pytest.approx(3.873, abs=0.0005)
    assert group.p_value == pytest.approx(2.2e-19, rel=0.03)
    assert group.verdict == "warn"


def test_the_boston_figures_from_their_counts() -> None:
    groups = texts(("yes", 339), ("no", 2042))
    approved = decisions((False, 96), (True, 339 - 96), (False, 189), (True, 2042 - 189))
    screen = screen_decisions(groups, approved, LIMITS)
    assert [group.group for group in screen.groups] == ["no", "yes"]
    assert (screen.reference, screen.groups[0].verdict, screen.groups[0].p_value) == ("no", "reference", None)
    assert_boston(screen.groups[1])
    # Katz by hand: .78991 times or divided by exp(1.95996 sqrt(1/243 - 1/339 + 1/1853 - 1/2042)) = 1.07072
    assert screen.groups[1].impact_ratio_interval == pytest.approx((0.78991 / 1.07072, 0.78991 * 1.07072), abs=2e-5)


@pytest.mark.skipif(
    not BOSTON.is_file(), reason="the public data are missing: put them into shared/data beside the project"
)
def test_the_boston_figures_from_the_file() -> None:
    with BOSTON.open(newline="") as stream:
        rows = [(row["black"], row["deny"] == "no") for row in csv.DictReader(stream)]
    groups, approved = (
        np.array(column, dtype=kind) for column, kind in zip(zip(*rows, strict=True), (object, bool), strict=True)
    )
    screen = screen_decisions(groups, approved, LIMITS)
    assert_boston(screen.groups[1])


def test_a_wilson_interval_is_as_published() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29."""
    for count, rows, interval in (
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ):
        assert rate_of_rows(count, rows, 95).interval == pytest.approx(interval, abs=0.00005)
    assert rate_of_rows(0, 0, 95).share is None


def test_a_group_at_four_fifths_is_not_reported_and_one_just_below_is() -> None:
    """100 of 100 in the reference; 80 of 100 is a ratio of .80, 79 of 100 one of .79."""
    for count, verdict in ((80, "ok"), (79, "warn")):
        groups = texts(("a", 100), ("b", 100))
        screen = screen_decisions(groups, decisions((True, 100 + count), (False, 100 - count)), LIMITS)
        assert screen.groups[1].impact_ratio == pytest.approx(count / 100)
        assert screen.groups[1].verdict == verdict


def test_a_small_group_is_shown_but_not_judged() -> None:
    groups = texts(("a", 100), ("b", 29))
    screen = screen_decisions(groups, decisions((True, 100), (False, 29)), LIMITS)
    assert (screen.groups[1].impact_ratio, screen.groups[1].verdict) == (0, "few rows")


def test_the_reference_can_be_named_and_unknown_groups_are_counted() -> None:
    groups = texts(("a", 60), ("b", 40), (None, 7))
    screen = screen_decisions(groups, decisions((True, 30), (False, 30), (True, 40), (False, 7)), LIMITS, "b")
    assert (screen.reference, screen.unknown_rows) == ("b", 7)
    assert screen.groups[0].impact_ratio == pytest.approx(0.5)
    with pytest.raises(ModelError, match="no row is of the reference group 'c'; groups: a, b"):
        screen_decisions(groups, decisions((True, 107)), LIMITS, "c")
    with pytest.raises(ModelError, match="no row has a known group"):
        screen_decisions(texts((None, 3)), decisions((True, 3)), LIMITS)


def test_figures_that_do_not_exist_are_none() -> None:
    groups = texts(("a", 50), ("b", 40))
    nobody = screen_decisions(groups, decisions((False, 90)), LIMITS).groups[1]
    assert (nobody.impact_ratio, nobody.impact_ratio_interval, nobody.odds_ratio, nobody.p_value) == (
        None,
        None,
        None,
        1,
    )
    assert nobody.verdict == "nobody selected in the reference group"
    everybody = screen_decisions(groups, decisions((True, 90)), LIMITS).groups[1]
    assert (everybody.impact_ratio, everybody.odds_ratio, everybody.verdict) == (1, None, "ok")


def test_errors_by_group_are_counted_from_the_threshold_on() -> None:
    """By hand. a: negatives .1 .5 .7 (two at or above .5), positives .4 .9 (one below). b: perfectly ranked."""
    groups = texts(("a", 5), ("b", 2))
    label = np.array([False, False, False, True, True, False, True])
    probability = np.array([0.1, 0.5, 0.7, 0.4, 0.9, 0.2, 0.3])
    for selected, of_a in (("below", 2), ("from", 3)):
        rule = DecisionRule(threshold=0.5, selected=selected)
        first, second = screen_model(groups, label, probability, rule, LIMITS).groups
        assert first.selected.count == of_a
        assert first.false_positives is not None
        assert (first.false_positives.count, first.false_positives.rows) == (2, 3)
        assert first.false_negatives is not None
        assert (first.false_negatives.count, first.false_negatives.rows) == (1, 2)
        assert first.roc_auc == pytest.approx(4 / 6)  # .9 is above all three negatives, .4 above one
        assert second.roc_auc == 1


def test_a_group_with_one_outcome_has_no_auc() -> None:
    label, probability = np.array([True, False, True]), np.array([0.9, 0.1, 0.8])
    screen = screen_model(texts(("a", 2), ("b", 1)), label, probability, DecisionRule(), LIMITS)
    assert (screen.groups[0].roc_auc, screen.groups[1].roc_auc) == (1, None)
    assert screen.groups[1].false_positives is not None
    assert screen.groups[1].false_positives.share is None
