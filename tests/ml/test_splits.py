"""Splits, at random: no id on both sides, about the share that was asked for, the newest rows last."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from refi_assets.ml.splits import folds_of, newest_part, stratified_part

SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=25, deadline=None)
SHARE = 0.3


def customers(seed: int, rows: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A label, ids of 1 to about 10 rows, and times of which some are missing."""
    generator = np.random.default_rng(seed)
    ids = np.unique(generator.integers(0, generator.integers(80, 400), rows), return_inverse=True)[1]
    time = generator.integers(0, 60, rows).astype(float)
    time[generator.random(rows) < 0.05] = np.nan
    return generator.random(rows) < generator.uniform(0.05, 0.95), ids, time


@given(seed=SEEDS)
@FEW
def test_no_id_is_on_both_sides_and_the_share_is_about_right(seed: int) -> None:
    label, ids, time = customers(seed)
    for test in (stratified_part(label, ids, SHARE, seed), newest_part(time, ids, SHARE)):
        assert not set(ids[test]) & set(ids[~test])
        assert abs(test.mean() - SHARE) <= SHARE / 3


@given(seed=SEEDS)
@FEW
def test_the_test_part_has_the_customers_with_the_newest_rows(seed: int) -> None:
    _, ids, time = customers(seed)
    test = newest_part(time, ids, SHARE)
    newest = np.array([np.nanmax(np.append(time[ids == each], -1)) for each in range(ids.max() + 1)])
    assert newest[np.unique(ids[~test])].max() <= newest[np.unique(ids[test])].min()


@given(seed=SEEDS, share=st.floats(0.05, 0.95))
@FEW
def test_rows_that_are_customers_of_their_own_keep_the_share_of_labels(seed: int, share: float) -> None:
    label = np.random.default_rng(seed).random(400) < share
    test = stratified_part(label, np.arange(400), SHARE, seed)
    assert abs(label[test].sum() - SHARE * label.sum()) <= 1
    assert abs((~label)[test].sum() - SHARE * (~label).sum()) <= 1


@given(seed=SEEDS)
@FEW
def test_folds_are_a_partition_of_customers(seed: int) -> None:
    label, ids, _ = customers(seed)
    fold = folds_of(label, ids, 4, seed)
    assert set(fold) == {0, 1, 2, 3}
    assert all(len(set(fold[ids == each])) == 1 for each in np.unique(ids))
    assert np.bincount(fold).min() > 50  # of 400


def test_each_month_is_on_one_side_if_the_share_allows_it_and_a_month_of_most_rows_is_cut() -> None:
    time = np.repeat([202601.0, 202602, 202603, 202604], [100, 30, 35, 35])
    assert set(time[newest_part(time, np.arange(200), SHARE)]) == {202603, 202604}
    time = np.repeat([202601.0, 202602], [40, 160])
    test = newest_part(time, np.arange(200), SHARE)
    assert (test.sum(), set(time[test])) == (60, {202602.0})


def test_rows_without_a_time_are_the_oldest() -> None:
    time = np.array([np.nan] * 70 + [1.0] * 30)
    np.testing.assert_array_equal(newest_part(time, np.arange(100), SHARE), ~np.isnan(time))


def test_the_seed_decides() -> None:
    label, ids = np.arange(100) % 4 == 0, np.arange(100)
    first, again, other = (stratified_part(label, ids, SHARE, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
