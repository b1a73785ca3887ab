"""The engine on Trino below the job: views that are swapped, and schemas of groups."""

from collections.abc import Iterator
from typing import cast

import pytest
import sqlglot
from sqlglot import exp

from refi_assets.engines.settings import EngineSettings
from refi_assets.engines.trino import TrinoEngine
from refi_assets.lake import Relation
from refi_assets.settings import settings_of
from tests.engines.deployments import in_force, on_s3
from tests.fakes.aws import Aws
from tests.support.running import DAY


@pytest.fixture
def engine(trino: Aws) -> Iterator[TrinoEngine]:
    deployment = on_s3(trino, "trino")
    with in_force(deployment):
        yield TrinoEngine(deployment.lake, settings_of(EngineSettings).trino_url)


def query(sql: str) -> exp.Query:
    return cast(exp.Query, sqlglot.parse_one(sql, read="athena"))


def test_each_group_other_than_refi_has_its_own_schema(engine: TrinoEngine) -> None:
    keys = ("refi/customer", "silver/customer", "gold/customer")
    for _ in range(2):  # the schemas are there the second time
        session = engine.session([])
        made = [
            session.create(Relation(key=key, run_id="r1", as_of=DAY, kind="table"), query(f"SELECT '{key}' AS made"))
            for key in keys
        ]
        engine.publish(made, {})
    main = engine.connection.schema
    for key, schema in zip(keys, (main, f"{main}_silver", f"{main}_gold"), strict=True):
        assert session.query(query(f"SELECT made FROM {schema}.customer")) == [{"made": key}]
    both = "SELECT s.made AS s, g.made AS g FROM silver.customer AS s, gold.customer AS g"
    assert session.query(query(both)) == [{"s": "silver/customer", "g": "gold/customer"}]
    engine.keep_only({"r2"})
    assert [row[0] for row in engine.execute("SHOW TABLES")] == ["customer"], "tables of runs are gone, the view is not"
