"""Every SQL file gives the same rows on DuckDB and on Trino, for rates, LTVs, nulls and texts around the boundaries.

Each engine is the other's oracle. Rows are literals of the columns' types, so no file is read.
"""

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from sqlglot import exp
from trino.dbapi import connect

from refi_assets.specs.sql_models import DIALECT, load_sql_models
from tests.engines.random_rows import KEYS, plain, queries
from tests.fakes.aws import Aws


@pytest.mark.parametrize("key", KEYS)
def test_duckdb_and_trino_agree(trino: Aws, key: str) -> None:
    model = load_sql_models()[key]
    connection = connect(host="127.0.0.1", port=trino.trino_port, user="refi")

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(queries(model))
    def agree(query: exp.Query) -> None:
        here = duckdb.sql(query.sql("duckdb")).fetchall()
        there = connection.cursor().execute(query.sql(DIALECT)).fetchall()
        assert plain(here) == plain(there)
        if "order" in query.args and query.args["order"] is not None and model.key == "activation/audience_file":
            assert [row[0] for row in here] == [row[0] for row in there]

    agree()
