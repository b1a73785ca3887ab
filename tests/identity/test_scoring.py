"""Scores, against worked examples from the literature and a count of pairs."""

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
    # Ours {0 1 2} {3 4}, true {0 1} {2 3 4}: of our 4 pairs, (0 1) and (3 4) are right; they are 2 of the 4 true pairs.
    scored = score_clusters(pd.Series(list("aaabb")), pd.Series(list("xxyyy")))
    assert (scored.precision, scored.recall, scored.f1) == (0.5, 0.5, 0.5)


def test_records_without_a_truth_do_not_count():
    scored = score_clusters(pd.Series(list("aaab")), pd.Series(["x", "x", None, None]))
    assert (scored.precision, scored.recall, scored.bcubed_f1) == (1, 1, 1)


def test_without_links_no_pair_is_wrong():
    scored = score_clusters(pd.Series(list("abc")), pd.Series(list("xxy")))
    assert (scored.precision, scored.recall, scored.f1) == (1, 0, 0)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")), min_size=2, max_size=12))
def test_scores_equal_a_count_of_pairs_one_by_one(records):
    ours = {pair for pair in combinations(range(len(records)), 2) if len({records[at][0] for at in pair}) == 1}
    theirs = {pair for pair in combinations(range(len(records)), 2) if len({records[at][1] for at in pair}) == 1}

    scored = score_clusters(pd.Series([our for our, _ in records]), pd.Series([their for _, their in records]))

    assert scored.precision == pytest.approx(len(ours & theirs) / len(ours) if ours else 1)
    assert scored.recall == pytest.approx(len(ours & theirs) / len(theirs) if theirs else 1)
