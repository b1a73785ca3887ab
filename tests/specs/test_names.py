"""Names of relations: refi's are short, and those of other groups never conflict with them."""

import pytest
import sqlglot
from sqlglot import exp

from refi_assets.lineage.graph import lineage_graph
from refi_assets.specs.names import FIRST_GROUPS, catalog_database, key_of, short_name, short_names, table_of


def test_the_short_name_in_refis_groups_and_stages_is_the_last_part() -> None:
    keys = ["raw/a", "catalog/a", "staging/a", "identity/a", "refi/a", "activation/a", "silver/a", "refi_2/a"]
    assert list(map(short_name, keys)) == [*["a"] * 6, "silver.a", "refi_2.a"]


def test_two_relations_with_the_same_short_name_have_full_names() -> None:
    assert short_names(["refi/a", "silver/a", "refi/b", "staging/b"]) == {
        "refi/a": "a",
        "silver/a": "silver.a",
        "refi/b": "refi.b",
        "staging/b": "staging.b",
    }


def test_no_two_relations_of_refi_have_one_name() -> None:
    """They share a database of the catalog."""
    of_refi = [name for name, relation in lineage_graph().items() if relation.asset.split("/")[0] in FIRST_GROUPS]
    assert [name for name in of_refi if "." in name.removesuffix(".csv")] == []


def test_each_other_group_has_its_own_database() -> None:
    assert [catalog_database(key, "db") for key in ("refi/a", "staging/a", "silver/a")] == ["db", "db", "db_silver"]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        *(("refi.a", "refi/a"), ('"order"."select"', "order/select"), ("a", "a"), ("lake.refi.a", "lake/refi/a")),
        *(("read_csv('a')", ""), ("refi.read_csv('a')", ""), ("'/etc/passwd'", '"/etc/passwd"')),
        ('"refi/a"', '"refi/a"'),
    ],
)
def test_only_group_relation_is_a_key(table: str, key: str) -> None:
    read = sqlglot.parse_one(f"SELECT 1 FROM {table}", read="athena").find(exp.Table)
    assert read is not None
    assert key_of(read) == key


def test_a_key_is_read_back_from_its_table() -> None:
    assert key_of(table_of("part/0")) == "part/0"
