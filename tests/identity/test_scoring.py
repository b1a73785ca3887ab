"""Scores, against worked examples of the literature and a count of pairs."""

from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refi_assets.identity.scoring import score_clusters


def test_b_cubed_of_the_examples_of_bagga_and_baldwin():
    # Algorithms for Scoring Coreference Chains (1998): precision 76 % and 58 %, recall 100 % of both.
    truth = pd.Series(list("aaaaabbccccc"))
    first = score_clusters(pd.Series(list("aaaaabbbbbbb")), truth)
    second = score_clusters(pd.Series(list("aaaaabbaaaaa")), truth)

    assert round(first.bcubed_precision, 2) == 0.76
    assert round(second.bcubed_precision, 2) == 0.58
    assert first.bcubed_recall == second.bcubed_recall == 1
    assert first.bcubed_f1 == pytest.approx(2 * 16 / 21 / (1 + 16 / 21))


def test_pairs_by_hand():
    # Ours {0 1 2} {3 4}, true {0 1} {2 3 4}: of our 4 pairs (0 1) and (3 4) are right, as are 2 of the 4 true ones.
    found = score_clusters(pd.Series(list("aaabb")), pd.Series(list("xxyyy")))
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)


def test_records_whose_truth_is_not_known_do_not_count():
    found = score_clusters(pd.Series(list("aaab")), pd.Series(["x", "x", None, None]))
    assert (found.precision, found.recall, found.bcubed_f1) == (1, 1, 1)


def test_where_nobody_is_joined_no_pair_is_wrong():
    found = score_clusters(pd.Series(list("abc")), pd.Series(list("xxy")))
    assert (found.precision, found.recall, found.f1) == (1, 0, 0)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")), min_size=2, max_size=12))
def test_pairs_are_as_counted_one_by_one(records):
    ours = {pair for pair in combinations(range(len(records)), 2) if len({records[at][0] for at in pair}) == 1}
    theirs = {pair for pair in combinations(range(len(records)), 2) if len({records[at][1] for at in pair}) == 1}

    found = score_clusters(pd.Series([one for one, _ in records]), pd.Series([other for _, other in records]))

    assert found.precision == pytest.approx(len(ours & theirs) / len(ours) if ours else 1)
    assert found.recall == pytest.approx(len(ours & theirs) / len(theirs) if theirs else 1)
