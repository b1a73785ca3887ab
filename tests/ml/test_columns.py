"""Which columns a model may read, what their numbers stand for, and how trees read them."""

import numpy as np
import pytest

from refi_assets.errors import ModelError
from refi_assets.ml.columns import InputColumn, directions_of, encode, learn_columns, one_row, sentinels_of
from refi_assets.ml.policy import load_ml_policy
from refi_assets.ml.tables import Column

READING = load_ml_policy().reading


def spread(low: int, high: int, *others: float) -> np.ndarray:
    """Whole numbers, twice each, and others, three times each."""
    return np.array([*range(low, high + 1), *range(low, high + 1), *others, *others, *others], dtype=float)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (spread(0, 12, 999), (999,)),
        (spread(0, 12, 9999, 9998), (9998, 9999)),
        (spread(0, 12, 96, 98), (96, 98)),  # beside small counts
        (spread(0, 12, 999999), (999999,)),
        (spread(300, 850, 9999), (9999,)),
        (spread(0, 500, -9), (-9,)),  # alone below 0
        (spread(0, 500, -1), (-1,)),
        (spread(0, 500, -999, 9999), (-999, 9999)),
        (spread(18, 99), ()),  # ages
        (spread(0, 100), ()),  # percentages
        (spread(0, 1000), ()),
        (spread(-2, 8), ()),  # months of delay: -1 is not alone below 0
        (spread(-500, 500, -9), ()),
        (np.array([*range(13), 999.0]), ()),  # once: an outlier
        (np.array([999.0, 999.0]), ()),  # nothing else to be far from
    ],
)
def test_sentinels(values: np.ndarray, expected: tuple[float, ...]) -> None:
    assert sentinels_of(values, READING.sentinel_gap) == expected


def test_columns_that_say_nothing_are_dropped_in_words() -> None:
    rows = np.arange(1000)
    noise = np.random.default_rng(1).permutation(rows).astype(float)
    table: dict[str, Column] = {
        "empty": np.full(1000, np.nan),
        "no_text": np.full(1000, None, dtype=object),
        "same": np.ones(1000),
        "row": rows + 1.0,
        "name": np.array([f"person {row}" for row in rows], dtype=object),
        "CUST_ID": 10_000 + noise,
        "town": np.array([f"town {row // 2}" for row in rows], dtype=object),
        "amount": noise / 7,
        "cents": noise,  # different in every row, and still an amount
        "sorted_cents": 5.0 * rows,  # the file is sorted by it
        "one_or_none": np.where(rows % 2, 1.0, np.nan),
        "job": np.array([None if row % 10 == 0 else f"job {row % 3}" for row in rows], dtype=object),
    }
    inputs, dropped = learn_columns(table, READING)
    assert [(column.name, column.kind) for column in inputs] == [
        ("amount", "number"),
        ("cents", "number"),
        ("sorted_cents", "number"),
        ("one_or_none", "number"),
        ("job", "category"),
    ]
    assert set(inputs[4].levels) == {"job 0", "job 1", "job 2"}
    assert [sentence.split(" ")[0] for sentence in dropped] == [
        "empty", "no_text", "same", "row", "name", "CUST_ID", "town",
    ]  # fmt: skip


def test_rare_levels_share_one_and_the_most_frequent_is_first() -> None:
    texts = np.array(["a"] * 50 + ["b"] * 149 + ["c"], dtype=object)
    ((column,), _) = learn_columns({"x": texts}, READING)
    assert column.levels == ("b", "a")


def test_the_matrix_of_trees() -> None:
    inputs = (
        InputColumn(name="n", kind="number", sentinels=(999.0,), direction=1),
        InputColumn(name="c", kind="category", levels=("a", "b")),
        InputColumn(name="m", kind="number", direction=-1),
    )
    table = {
        "n": np.array([1.0, 999.0, np.nan]),
        "c": np.array(["b", None, "new"], dtype=object),
        "m": np.array([5.0, np.nan, 1e300]),
    }
    nan = np.nan
    expected = [[1, 0, 0, 1, 0, 5], [nan, 1, 0, 0, 1, nan], [nan, 0, 0, 0, 0, 1e30]]
    np.testing.assert_array_equal(encode(inputs, table), expected)
    assert directions_of(inputs) == [1, 0, 0, 0, 0, -1]
    assert sum(column.encoded for column in inputs) == 6


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n": 1.0}, "also reads c; give null"),
        ({"n": 1.0, "c": "a", "z": 2.0}, "does not read z"),
        ({"n": "1", "c": "a"}, "n: a finite number"),
        ({"n": True, "c": "a"}, "n: a finite number"),
        ({"n": float("nan"), "c": "a"}, "n: a finite number"),
        ({"n": 1.0, "c": 5.0}, "c: a text"),
    ],
)
def test_one_row_that_does_not_fit_is_a_message(values: dict[str, float | str | bool | None], message: str) -> None:
    inputs = (InputColumn(name="n", kind="number"), InputColumn(name="c", kind="category", levels=("a",)))
    with pytest.raises(ModelError, match=message):
        one_row(inputs, values)


def test_a_table_without_a_column_or_with_another_kind_of_it_is_a_message() -> None:
    inputs = (InputColumn(name="n", kind="number"),)
    with pytest.raises(ModelError, match="column n, which the model reads, is missing"):
        encode(inputs, {})
    with pytest.raises(ModelError, match="n: the model reads a number, but the column has texts"):
        encode(inputs, {"n": np.array(["1"], dtype=object)})
