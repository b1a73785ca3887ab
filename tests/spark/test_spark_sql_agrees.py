"""Every SQL file gives the same rows, and every relation the same types, on DuckDB and on Spark."""

from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from sqlglot import exp

from refi_assets.engines.spark_sql import DIALECT, to_spark
from refi_assets.engines.types import from_dialect
from refi_assets.specs.sql_models import load_sql_models
from tests.engines.random_rows import KEYS, plain, queries

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NO_RELATIONS = {"answers", "checks", "measures"}  # folders of queries whose rows are not stored


def require_agreement(spark: "SparkSession", key: str, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate] if examples == 1 else list(Phase),
    )
    @given(queries(load_sql_models()[key]))
    def agree(query: exp.Query) -> None:
        here, there = duckdb.sql(query.sql("duckdb")), spark.sql(to_spark(query))
        rows = [[bytes(cell) if isinstance(cell, bytearray) else cell for cell in row] for row in there.collect()]
        assert plain(here.fetchall()) == plain(rows)
        if not NO_RELATIONS.intersection(key.split("/")):
            types = [from_dialect(column.dataType.simpleString(), DIALECT) for column in there.schema.fields]
            assert types == [str(sql_type) for sql_type in here.types]

    agree()


@pytest.mark.parametrize("key", KEYS)
def test_duckdb_and_spark_agree(spark: "SparkSession", key: str) -> None:
    require_agreement(spark, key, 1)


@pytest.mark.long
@pytest.mark.parametrize("key", KEYS)
def test_duckdb_and_spark_agree_on_many_rows(spark: "SparkSession", key: str) -> None:
    require_agreement(spark, key, 8)
