"""Blocking rules: the pairs that they make, and the rules that are refused."""

from typing import Any

import duckdb
import pytest

from refi_assets.errors import IdentityError
from refi_assets.identity.blocking import choose_rules

COLUMNS = ("record", "surname", "given", "birth_year")


def table(rows: list[Any]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE feature (record BIGINT, surname VARCHAR, given VARCHAR, birth_year VARCHAR)")
    connection.executemany("INSERT INTO feature VALUES (?, ?, ?, ?)", rows)
    return connection


def test_few_records_are_all_compared():
    blocking = choose_rules(table([(n, "a", "b", "c") for n in range(5)]), COLUMNS, 5, 10)  # 5 x 4 / 2
    assert blocking.compares_all
    assert blocking.rules == blocking.refused == {}


def test_rules_are_the_most_general_that_make_no_more_pairs_than_allowed():
    # 10 surnames of 10 records each: 10 x 45 pairs. Two given names: 2 x 50 x 49 / 2. Of both together: 20 of 5.
    rows = [(n, f"s{n % 10}", f"g{n // 10 % 2}", None if n else "1971") for n in range(100)]

    blocking = choose_rules(table(rows), COLUMNS, 100, 450)
    assert blocking.rules == {("surname",): 450}, "records that agree in both names agree by the surname"
    assert blocking.refused == {("given",): 2450}
    blocking = choose_rules(table(rows), COLUMNS, 100, 449)
    assert blocking.rules == {("surname", "given"): 200}
    assert blocking.refused == {("surname",): 450, ("given",): 2450}


def test_if_every_rule_makes_too_many_pairs_the_smallest_is_named_with_its_number():
    rows = [(n, "a", f"g{n % 2}", None) for n in range(100)]
    with pytest.raises(IdentityError, match=r"even the rule that they agree on given makes 2,450 pairs, and 100 are"):
        choose_rules(table(rows), COLUMNS, 100, 100)


def test_records_that_share_nothing_are_not_compared():
    rows = [(n, f"s{n}", f"g{n}", None) for n in range(100)]
    blocking = choose_rules(table(rows), COLUMNS, 100, 100)
    assert not blocking.rules
    assert not blocking.compares_all
