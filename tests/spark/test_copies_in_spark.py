"""Spark reads the copies that are made for analysts, as any engine does."""

import hmac
from hashlib import sha256
from pathlib import Path

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.engines.spark import SparkEngine
from refi_assets.lake import FolderStore
from refi_assets.publishing.masked_copies import Masking, copy_for_analysts
from refi_assets.publishing.masking_key import MaskingKey
from refi_assets.publishing.publication import Publication
from refi_assets.specs.sql_models import parsed

pytestmark = pytest.mark.usefixtures("spark")

KEY = MaskingKey(b"a secret key of at least 32 bytes")


def test_spark_reads_an_analysts_copy(tmp_path: Path) -> None:
    lake, toys = FolderStore(str(tmp_path / "lake")), Publication("toys")
    run, key = {"run_id": "r1", "as_of": "2026-02-20"}, "silver/client"
    sql = "SELECT 'C1' AS client_id, DATE '1931-04-17' AS birth_date"
    columns = {"client_id": "VARCHAR", "birth_date": "DATE"}
    lake.put_json(f"runs/r1/{key}.json", {"key": key, **run, "kind": "view", "columns": columns, "sql": sql})
    lake.put_json(toys.manifest_key("r1"), {**run, "relations": {key: {"run_id": "r1", "rows": 1}}})
    toys.commit(lake, run, policy_overridden=False, force_latest=False)
    kinds = {key: {"client_id": "", "birth_date": "date_of_birth"}}
    copy = copy_for_analysts(toys, lake, DuckDBEngine(lake), Masking(KEY, lambda _: kinds, ""), lambda _: None)
    assert copy is not None
    with SparkEngine(lake).session(copy.relations) as session:
        rows = session.query(parsed("SELECT client.client_id, client.birth_date FROM silver.client AS client"))
    hashed = hmac.new(KEY.secret, b"date_of_birth\x1f1931-04-17", sha256).hexdigest()
    assert rows == [{"client_id": "C1", "birth_date": hashed}]
