"""Outcomes of checks: just inside a limit, on it, just outside it, and without rows."""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

import pytest

from refi_assets.specs.columns import Column
from refi_assets.specs.contracts import Contract
from refi_assets.specs.outcomes import (
    Outcome,
    current,
    equal,
    less_than,
    no_column_lost,
    no_column_new,
    none_of,
    not_above,
    not_below,
    not_fallen,
    share_pct,
    types_unchanged,
)
from refi_assets.specs.policies import Above, At, Below, Fall

ABOVE = Above(warn_above=Decimal(1), block_above=Decimal(10))
BELOW = Below(warn_below=Decimal(95), block_below=Decimal(50))
FALL = Fall(warn_at=Decimal(-10), block_at=Decimal(-20))
MILLION = 1_000_000


def column(name: str, *, present: bool) -> Column:
    return Column(name, "string", "VARCHAR", "", present, False, False)


# A weekly source whose files must have `id` and may have `email` and `phone`.
WEEKLY = Contract(
    source="weekly",
    domain="refi",
    description="",
    owner="data-platform",
    due_every_days=7,
    columns=(column("id", present=True), column("email", present=False), column("phone", present=False)),
    sha256="",
)


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [
        (0, 7, "0"),
        (7, 7, "100"),
        (1, 3, "33.333333"),
        (2, 3, "66.666667"),
        (1, 200 * MILLION, "0.000001"),  # 0.0000005, half up
        (-30, 100, "-30"),
        (9, 7, "128.571429"),
        (0, 0, "0"),
        (5, 0, "0"),
    ],
)
def test_a_share_is_exact_to_six_decimals(part: int, whole: int, share: str) -> None:
    assert share_pct(part, whole) == Decimal(share)


@pytest.mark.parametrize(
    ("part", "whole", "passed", "blocks", "number"),
    [
        (0, 100, True, False, 0.0),
        (9_999, MILLION, True, False, 0.9999),
        (1, 100, True, False, 1.0),
        (10_001, MILLION, False, False, 1.0001),
        (99_999, MILLION, False, False, 9.9999),
        (10, 100, False, False, 10.0),
        (100_001, MILLION, False, True, 10.0001),
        (100, 100, False, True, 100.0),
        (0, 0, True, False, 0.0),
        (1, 0, False, True, 0.0),
    ],
)
def test_a_share_that_should_stay_small(part: int, whole: int, passed: bool, blocks: bool, number: float) -> None:
    limit = "warns above 1 %, blocks above 10 %"
    assert not_above(part, whole, ABOVE) == Outcome(passed, number, limit, blocks)


@pytest.mark.parametrize(
    ("part", "whole", "passed", "blocks", "number"),
    [
        (100, 100, True, False, 100.0),
        (950_001, MILLION, True, False, 95.0001),
        (95, 100, True, False, 95.0),
        (949_999, MILLION, False, False, 94.9999),
        (500_001, MILLION, False, False, 50.0001),
        (50, 100, False, False, 50.0),
        (499_999, MILLION, False, True, 49.9999),
        (0, 100, False, True, 0.0),
        (0, 0, True, False, 0.0),
    ],
)
def test_a_share_that_should_stay_large(part: int, whole: int, passed: bool, blocks: bool, number: float) -> None:
    limit = "warns below 95 %, blocks below 50 %"
    assert not_below(part, whole, BELOW) == Outcome(passed, number, limit, blocks)


def test_a_share_is_judged_before_it_is_rounded() -> None:
    """A third is shown as 33.333333 and two thirds as 66.666667, but both exceed these limits."""
    third, two_thirds = Decimal("33.333333"), Decimal("66.666667")
    assert not not_above(1, 3, Above(warn_above=third, block_above=Decimal(100))).passed
    assert not_above(1, 3, Above(warn_above=third, block_above=third)).blocks
    assert not not_below(2, 3, Below(warn_below=two_thirds, block_below=Decimal(0))).passed
    assert not_below(2, 3, Below(warn_below=two_thirds, block_below=two_thirds)).blocks


@pytest.mark.parametrize(
    ("rows", "before", "passed", "blocks", "number"),
    [
        (900_001, MILLION, True, False, -9.9999),
        (90, 100, False, False, -10.0),
        (800_001, MILLION, False, False, -19.9999),
        (80, 100, False, True, -20.0),
        (799_999, MILLION, False, True, -20.0001),
        (4, 5, False, True, -20.0),  # at any size
        (0, 100, False, True, -100.0),
        (100, 100, True, False, 0.0),
        (1_000, 100, True, False, 900.0),
        (0, 0, True, False, 0.0),
        (5, 0, True, False, 0.0),
    ],
)
def test_rows_may_fall_within_limits_and_rise_by_any_number(
    rows: int, before: int, passed: bool, blocks: bool, number: float
) -> None:
    limit = f"warns at -10 %, blocks at -20 % of the {before} rows before"
    description = f"{rows} rows now" if rows < before else None
    assert not_fallen(rows, before, FALL) == Outcome(passed, number, limit, blocks, description=description)


@pytest.mark.parametrize(
    ("part", "whole", "passed", "blocks"),
    [
        (0, 0, True, False),
        (49, 1000, True, False),
        (5, 100, False, False),
        (29, 100, False, False),
        (3, 10, False, True),
    ],
)
def test_a_share_that_must_not_reach_its_limits(part: int, whole: int, passed: bool, blocks: bool) -> None:
    outcome = less_than(part, whole, At(warn_at=Decimal(5), block_at=Decimal(30)))
    assert (outcome.passed, outcome.blocks) == (passed, blocks)
    assert not less_than(part, whole, At(warn_at=Decimal(5))).blocks


def test_the_first_snapshot_cannot_have_fallen() -> None:
    assert not_fallen(0, None, FALL) == Outcome(
        True, 0, "no published snapshot of an earlier load date to compare with"
    )


@pytest.mark.parametrize(("count", "passed"), [(0, True), (1, False), (MILLION, False)])
def test_there_must_be_none(count: int, passed: bool) -> None:
    assert none_of(count) == Outcome(passed, count, "0 rows", blocks=True)
    assert none_of(count, blocks=False, unit="loans") == Outcome(passed, count, "0 loans", blocks=False)


@pytest.mark.parametrize(("number", "passed"), [(39, False), (40, True), (41, False)])
def test_two_counts_must_be_the_same(number: int, passed: bool) -> None:
    assert equal(number, 40, "rows") == Outcome(passed, number, "40 rows", blocks=True)


@pytest.mark.parametrize(
    "outcome_with",
    [lambda ids: not_above(1, 2, ABOVE, ids), lambda ids: not_below(1, 2, BELOW, ids), lambda ids: none_of(11, ids)],
)
def test_at_most_ten_keys_are_shown(outcome_with: Callable[[Iterable[str]], Outcome]) -> None:
    ids = [f"B{number}" for number in range(1, 12)]
    ten = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10")
    assert outcome_with(ids).keys == ten
    assert outcome_with(iter(ids[:10])).keys == ten
    assert outcome_with(ids[:1]).keys == ("B1",)
    assert outcome_with([]).keys == ()


@pytest.mark.parametrize(("day", "age", "passed"), [(1, 0, True), (7, 6, True), (8, 7, False), (9, 8, False)])
def test_a_weekly_snapshot_is_current_for_a_week_and_only_warns_after(day: int, age: int, passed: bool) -> None:
    outcome = current(WEEKLY, date(2026, 3, 1), date(2026, 3, day))
    description = f"load date 2026-03-01, as of 2026-03-0{day}"
    assert outcome == Outcome(passed, age, "younger than 7 days", blocks=False, description=description)


@pytest.mark.parametrize(
    ("columns", "before", "lost"),
    [
        (["id"], None, None),
        (["id", "email", "phone"], ["id", "email"], None),
        (["id"], ["id"], None),
        (["id"], ["id", "not_of_the_contract"], None),
        (["email"], None, "id"),
        (["email"], ["email"], "id"),
        (["id"], ["id", "phone", "email"], "email, phone"),
        ([], ["id", "email"], "email, id"),
    ],
)
def test_a_missing_column_that_is_required_or_was_there_before_is_lost(
    columns: list[str], before: list[str] | None, lost: str | None
) -> None:
    number = len(lost.split(", ")) if lost else 0
    outcome = no_column_lost(WEEKLY, columns, before)
    assert outcome == Outcome(lost is None, number, "0 columns", blocks=True, description=lost)


@pytest.mark.parametrize(
    ("columns", "before", "new"),
    [
        (["id", "email"], None, None),
        (["id", "email"], ["id"], None),
        (["id", "fax"], ["id", "fax"], None),
        (["id", "fax"], ["id"], "fax"),
        (["id", "fax", "age"], None, "age, fax"),
    ],
)
def test_an_unknown_column_is_new_and_only_warns(columns: list[str], before: list[str] | None, new: str | None) -> None:
    number = len(new.split(", ")) if new else 0
    outcome = no_column_new(WEEKLY, columns, before)
    assert outcome == Outcome(new is None, number, "0 columns", blocks=False, description=new)


@pytest.mark.parametrize(
    ("inferred", "before", "number", "changed"),
    [
        ({"a": "integer"}, {"a": "integer"}, 0, None),
        ({"a": "string"}, {"a": "integer"}, 1, "a: integer -> string"),
        ({"a": "string", "b": "number"}, {"b": "date", "a": "x"}, 2, "a: x -> string; b: date -> number"),
        ({"a": "unknown"}, {"a": "integer"}, 0, None),
        ({"a": "integer"}, {"a": "unknown"}, 0, None),
        ({"new": "integer"}, {"a": "integer"}, 0, None),
        ({}, {"a": "integer"}, 0, None),
    ],
)
def test_a_type_that_changed_only_warns(
    inferred: dict[str, str], before: dict[str, str], number: int, changed: str | None
) -> None:
    outcome = types_unchanged(inferred, before)
    assert outcome == Outcome(number == 0, number, "0 columns", blocks=False, description=changed)


def test_the_types_of_a_first_snapshot_cannot_have_changed() -> None:
    outcome = types_unchanged({"a": "integer"}, None)
    assert outcome == Outcome(True, 0, "no earlier snapshot to compare with", blocks=False)
