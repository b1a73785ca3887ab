"""Clusters: what joins records, and everything that keeps them apart."""

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
    found, splits = cluster_records(range(6), pairs((4, 5, 0.9), (1, 2, 0.5), (2, 3, 0.49)), 0.5)

    assert found["cluster"].tolist() == [0, 1, 1, 3, 4, 4]
    assert found["cluster_size"].tolist() == [1, 2, 2, 1, 2, 2]
    assert found["weakest_link"].isna().tolist() == [True, False, False, True, False, False]
    assert found["weakest_link"].dropna().tolist() == [0.5, 0.5, 0.9, 0.9]
    assert splits == []


def test_the_weakest_link_is_of_those_that_hold_the_cluster_together():
    found, _ = cluster_records(range(3), pairs((0, 1, 0.99), (1, 2, 0.9), (0, 2, 0.6)), 0.5)

    assert found["weakest_link"].tolist() == [0.9] * 3, "0 and 2 are held by the other two links"


def test_a_chain_that_may_not_stand_is_split_at_its_weakest_link():
    chain = pairs((0, 1, 0.99), (1, 2, 0.6), (2, 3, 0.95))

    found, splits = cluster_records(range(4), chain, 0.5, Guards(national_ids={0: "111111111", 3: "999999999"}))

    assert groups(found) == [[0, 1], [2, 3]]
    assert [(split.record_1, split.record_2, split.probability, split.reason) for split in splits] == [
        (1, 2, 0.6, "different national ids")
    ]


@pytest.mark.parametrize("other", ["123456789", "123456780", "123457689", "12345678"])
def test_national_ids_that_differ_by_a_slip_keep_nobody_apart(other):
    found, _ = cluster_records(range(2), pairs((0, 1, 0.9)), 0.5, Guards(national_ids={0: "123456789", 1: other}))
    assert groups(found) == [[0, 1]]


def test_dates_of_birth_that_cannot_be_one_keep_records_apart():
    found, splits = cluster_records(range(2), pairs((0, 1, 0.9)), 0.5, Guards(births={0: "19710624", 1: "19850301"}))
    assert groups(found) == [[0], [1]]
    assert [split.reason for split in splits] == ["different dates of birth"]


@pytest.mark.parametrize(
    ("one", "other", "compatible"),
    [
        ("19710624", "19710624", True),
        ("19710624", "19712406", True),  # day and month swapped, where both may be months
        ("19710605", "19710506", True),
        ("19710624", "19710628", True),  # two parts agree
        ("19710624", "19810624", True),
        ("19710624", "00000624", True),  # the year is not known
        ("19710624", "19850301", False),
        ("19710624", "19720625", False),
    ],
)
def test_which_dates_of_birth_may_be_one(one, other, compatible):
    assert are_compatible_births(one, other) is compatible
    assert are_compatible_births(other, one) is compatible


@pytest.mark.parametrize(
    ("one", "other", "slip"),
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
def test_what_a_slip_is(one, other, slip):
    assert is_slip(one, other) is slip
    assert is_slip(other, one) is slip


def test_one_link_does_not_tie_two_crowds_together():
    crowds = [(a, b, 0.99) for a, b in [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]]

    found, splits = cluster_records(range(6), pairs(*crowds, (2, 3, 0.9)), 0.5)
    assert groups(found) == [[0, 1, 2], [3, 4, 5]], "0.9 of nine pairs is 0.1 a pair"
    assert [split.reason for split in splits] == ["few and weak links"]

    found, _ = cluster_records(range(6), pairs(*crowds, (2, 3, 0.9), (1, 3, 0.8), (0, 3, 0.4), (2, 4, 0.2)), 0.5)
    assert groups(found) == [[0, 1, 2, 3, 4, 5]], "2.3 of nine are 0.26, what is below the threshold included"


def test_what_people_decided_comes_before_any_link():
    links = pairs((0, 1, 0.99), (2, 3, 0.2), (3, 4, 0.9))
    guards = Guards(national_ids={2: "111111111", 3: "999999999"}, same=[(2, 3)], different=[(1, 0)])

    found, splits = cluster_records(range(5), links, 0.5, guards)

    assert found["cluster"].tolist()[:4] == [0, 1, 2, 2]
    assert "decided to be different" in [split.reason for split in splits]


def test_a_decision_holds_for_all_whom_it_stands_between():
    links = pairs((0, 1, 0.99), (2, 3, 0.98), (1, 2, 0.9), (0, 2, 0.9), (0, 3, 0.2), (1, 3, 0.9))

    found, _ = cluster_records(range(4), links, 0.5, Guards(different=[(0, 3)]))

    assert groups(found) == [[0, 1], [2, 3]]


def test_the_threshold_is_where_f1_is_expected_to_be_best():
    found = pairs((0, 1, 0.9), (2, 3, 0.8), (4, 5, 0.1))

    # Of 1.8 expected pairs: one taken gives 2 x 0.9 / 2.8 = 0.64, two 3.4 / 3.8 = 0.89, three 3.6 / 4.8 = 0.75.
    assert balanced_threshold(found) == 0.8
    assert expected_f1(found, 0.8) == pytest.approx(3.4 / 3.8)
    assert expected_f1(found, 0.05) == pytest.approx(3.6 / 4.8)
    assert balanced_threshold(found.head(0)) == 0.5
    assert expected_f1(found.head(0), 0.5) == 0


def test_the_order_of_the_links_does_not_matter():
    links = pairs((0, 1, 0.9), (1, 2, 0.8), (0, 2, 0.1), (2, 3, 0.9), (1, 3, 0.3))
    first, _ = cluster_records(range(4), links, 0.5)
    for seed in range(5):
        again, _ = cluster_records(range(4), links.sample(frac=1, random_state=seed), 0.5)
        pd.testing.assert_frame_equal(first, again)


def test_a_pair_that_only_people_may_link_is_not_joined_by_way_of_a_third():
    links = pairs((0, 1, 0.99), (1, 2, 0.98), (0, 2, 0.97))

    found, splits = cluster_records(range(3), links, 0.5, Guards(reviewed={(0, 2): "two given names in one home"}))

    assert found["cluster"].tolist() == [0, 0, 2]
    assert {split.reason for split in splits} == {"two given names in one home"}


def test_people_may_link_a_father_who_is_called_senior_and_junior():
    guards = Guards(suffixes={0: "jr", 1: "sr"}, same=[(0, 1)])
    found, _ = cluster_records(range(2), pairs((0, 1, 0.9)), 0.5, guards)
    assert found["cluster"].tolist() == [0, 0]
