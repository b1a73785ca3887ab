"""Clusters: how records are joined, and everything that keeps them apart."""

import pandas as pd
import pytest

from refi_assets.identity.clusters import (
    Guards,
    are_compatible_births,
    balanced_threshold,
    cluster_records,
    expected_f1,
    is_slip,
)


def pairs(*links: tuple[int, int, float]) -> pd.DataFrame:
    frame = pd.DataFrame(links, columns=["record_1", "record_2", "match_probability"])
    frame["match_weight"] = frame["match_probability"]
    return frame


def groups(frame: pd.DataFrame) -> list[list[int]]:
    return [sorted(group) for _, group in frame.groupby("cluster")["record"]]


def test_links_at_and_above_the_threshold_join_and_each_cluster_is_named_for_its_first_record():
    clusters, splits = cluster_records(range(6), pairs((4, 5, 0.9), (1, 2, 0.5), (2, 3, 0.49)), 0.5)

    assert clusters["cluster"].tolist() == [0, 1, 1, 3, 4, 4]
    assert clusters["cluster_size"].tolist() == [1, 2, 2, 1, 2, 2]
    assert clusters["weakest_link"].isna().tolist() == [True, False, False, True, False, False]
    assert clusters["weakest_link"].dropna().tolist() == [0.5, 0.5, 0.9, 0.9]
    assert splits == []


def test_the_weakest_link_is_of_those_that_hold_the_cluster_together():
    clusters, _ = cluster_records(range(3), pairs((0, 1, 0.99), (1, 2, 0.9), (0, 2, 0.6)), 0.5)

    assert clusters["weakest_link"].tolist() == [0.9] * 3, "0 and 2 are held by the other two links"


def test_a_chain_of_two_persons_is_split_at_its_weakest_link():
    chain = pairs((0, 1, 0.99), (1, 2, 0.6), (2, 3, 0.95))

    clusters, splits = cluster_records(range(4), chain, 0.5, Guards(national_ids={0: "111111111", 3: "999999999"}))

    assert groups(clusters) == [[0, 1], [2, 3]]
    assert [(split.record_1, split.record_2, split.probability, split.reason) for split in splits] == [
        (1, 2, 0.6, "different national ids")
    ]


@pytest.mark.parametrize("other", ["123456789", "123456780", "123457689", "12345678"])
def test_national_ids_that_differ_by_a_slip_do_not_keep_records_apart(other):
    clusters, _ = cluster_records(range(2), pairs((0, 1, 0.9)), 0.5, Guards(national_ids={0: "123456789", 1: other}))
    assert groups(clusters) == [[0, 1]]


def test_incompatible_dates_of_birth_keep_records_apart():
    clusters, splits = cluster_records(range(2), pairs((0, 1, 0.9)), 0.5, Guards(births={0: "19710624", 1: "19850301"}))
    assert groups(clusters) == [[0], [1]]
    assert [split.reason for split in splits] == ["different dates of birth"]


@pytest.mark.parametrize(
    ("birth_1", "birth_2", "compatible"),
    [
        ("19710624", "19710624", True),
        ("19710624", "19712406", True),  # day and month swapped, even if both may be months
        ("19710605", "19710506", True),
        ("19710624", "19710628", True),  # two parts agree
        ("19710624", "19810624", True),
        ("19710624", "00000624", True),  # the year is not known
        ("19710624", "19850301", False),
        ("19710624", "19720625", False),
    ],
)
def test_dates_of_birth_are_compatible_if_they_may_be_one(birth_1, birth_2, compatible):
    assert are_compatible_births(birth_1, birth_2) is compatible
    assert are_compatible_births(birth_2, birth_1) is compatible


@pytest.mark.parametrize(
    ("text_1", "text_2", "slip"),
    [
        ("abc", "abc", True),
        ("abc", "abd", True),
        ("abc", "acb", True),
        ("abc", "ab", True),
        ("abc", "xaby", False),
        ("abc", "cba", False),
        ("abcd", "badc", False),
        ("", "a", True),
        ("", "ab", False),
    ],
)
def test_a_slip_is_one_character_or_two_swapped_neighbors(text_1, text_2, slip):
    assert is_slip(text_1, text_2) is slip
    assert is_slip(text_2, text_1) is slip


def test_one_link_does_not_tie_two_crowds_together():
    crowds = [(a, b, 0.99) for a, b in [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]]

    clusters, splits = cluster_records(range(6), pairs(*crowds, (2, 3, 0.9)), 0.5)
    assert groups(clusters) == [[0, 1, 2], [3, 4, 5]], "0.9 of nine pairs is 0.1 a pair"
    assert [split.reason for split in splits] == ["few and weak links"]

    clusters, _ = cluster_records(range(6), pairs(*crowds, (2, 3, 0.9), (1, 3, 0.8), (0, 3, 0.4), (2, 4, 0.2)), 0.5)
    assert groups(clusters) == [[0, 1, 2, 3, 4, 5]], "2.3 of nine are 0.26, including pairs below the threshold"


def test_decisions_come_before_any_link():
    links = pairs((0, 1, 0.99), (2, 3, 0.2), (3, 4, 0.9))
    guards = Guards(national_ids={2: "111111111", 3: "999999999"}, same=[(2, 3)], different=[(1, 0)])

    clusters, splits = cluster_records(range(5), links, 0.5, guards)

    assert clusters["cluster"].tolist()[:4] == [0, 1, 2, 2]
    assert "decided to be different" in [split.reason for split in splits]


def test_a_decision_keeps_whole_clusters_apart():
    links = pairs((0, 1, 0.99), (2, 3, 0.98), (1, 2, 0.9), (0, 2, 0.9), (0, 3, 0.2), (1, 3, 0.9))

    clusters, _ = cluster_records(range(4), links, 0.5, Guards(different=[(0, 3)]))

    assert groups(clusters) == [[0, 1], [2, 3]]


def test_the_threshold_is_where_f1_is_expected_to_be_best():
    weighed = pairs((0, 1, 0.9), (2, 3, 0.8), (4, 5, 0.1))

    # Of 1.8 expected pairs: one taken gives 2 x 0.9 / 2.8 = 0.64, two 3.4 / 3.8 = 0.89, three 3.6 / 4.8 = 0.75.
    assert balanced_threshold(weighed) == 0.8
    assert expected_f1(weighed, 0.8) == pytest.approx(3.4 / 3.8)
    assert expected_f1(weighed, 0.05) == pytest.approx(3.6 / 4.8)
    assert balanced_threshold(weighed.head(0)) == 0.5
    assert expected_f1(weighed.head(0), 0.5) == 0


def test_the_order_of_the_links_does_not_matter():
    links = pairs((0, 1, 0.9), (1, 2, 0.8), (0, 2, 0.1), (2, 3, 0.9), (1, 3, 0.3))
    first, _ = cluster_records(range(4), links, 0.5)
    for seed in range(5):
        again, _ = cluster_records(range(4), links.sample(frac=1, random_state=seed), 0.5)
        pd.testing.assert_frame_equal(first, again)


def test_a_pair_that_only_people_may_link_is_not_joined_by_way_of_a_third():
    links = pairs((0, 1, 0.99), (1, 2, 0.98), (0, 2, 0.97))

    clusters, splits = cluster_records(range(3), links, 0.5, Guards(reviewed={(0, 2): "two given names in one home"}))

    assert clusters["cluster"].tolist() == [0, 0, 2]
    assert {split.reason for split in splits} == {"two given names in one home"}


def test_people_may_link_records_with_different_suffixes():
    guards = Guards(suffixes={0: "jr", 1: "sr"}, same=[(0, 1)])
    clusters, _ = cluster_records(range(2), pairs((0, 1, 0.9)), 0.5, guards)
    assert clusters["cluster"].tolist() == [0, 0]
