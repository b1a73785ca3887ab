"""SQL types are translated to every engine's names and back."""

import pytest

from refi_assets.engines.types import from_dialect, to_dialect


@pytest.mark.parametrize(
    ("sql_type", "hive", "trino"),
    [
        ("VARCHAR", "string", "varchar"),
        ("DECIMAL(9,6)", "decimal(9,6)", "decimal(9,6)"),
        ("INTEGER", "int", "integer"),
        ("BIGINT", "bigint", "bigint"),
        ("BOOLEAN", "boolean", "boolean"),
        ("DATE", "date", "date"),
        ("VARCHAR[]", "array<string>", "array(varchar)"),
        ("BLOB", "binary", "varbinary"),
    ],
)
def test_a_type_survives_the_translation_to_a_dialect_and_back(sql_type: str, hive: str, trino: str) -> None:
    assert (to_dialect(sql_type, "hive"), to_dialect(sql_type, "trino")) == (hive, trino)
    assert (from_dialect(hive, "hive"), from_dialect(trino, "trino")) == (sql_type, sql_type)


@pytest.mark.parametrize("literal", ["varchar(16)", "char(3)"])
def test_the_length_of_a_text_is_not_part_of_its_type(literal: str) -> None:
    assert from_dialect(literal, "trino") == from_dialect(literal, "hive") == "VARCHAR"
