"""Deployments of the platform in tests: a lake and an engine, by a lender's own settings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from refi_assets.engines.base import Row
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.lake import ObjectStore, Relation, RunFolder, open_lake
from refi_assets.settings import forget_settings
from refi_assets.specs.sql_models import load_sql_models
from tests.fakes.aws import Aws
from tests.support.running import Ran, ingest, latest, run_job

ENGINES = ("duckdb", "athena", "trino")


@dataclass(frozen=True)
class Deployment:
    """A lake and an engine. `env`: the settings and AWS's variables."""

    lake_url: str
    env: Mapping[str, str]

    @property
    def lake(self) -> ObjectStore:
        """The lake, opened with the current settings."""
        return open_lake(self.lake_url)


def on_s3(aws: Aws, engine: str) -> Deployment:
    """A new, empty lake on S3 with this engine."""
    bucket = aws.new_bucket()
    database = aws.new_database(bucket)
    url = f"s3://{bucket}/lender"
    env = {"REFI_LAKE_URL": url, "REFI_ENGINE": engine, "REFI_GLUE_DATABASE": database}
    if engine == "trino":
        env["REFI_TRINO_URL"] = aws.trino_url(database)
    return Deployment(url, {**aws.env, **env})


@contextmanager
def in_force(deployment: Deployment) -> Iterator[None]:
    """Apply the deployment's settings to this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deployment.env.items():
            patch.setenv(name, value)
        forget_settings()
        try:
            yield
        finally:
            forget_settings()


def run_whole_job(deployment: Deployment, source: Path, as_of: date) -> Ran:
    """Put source files into the lake and run the job of a day."""
    with in_force(deployment):
        ingest(deployment.lake_url, source, as_of)
        return run_job(deployment.lake_url, as_of)


@dataclass(frozen=True)
class Outcome:
    """The results of a job: the audience's bytes, the manifest's counts, all judged rows, and the columns' types."""

    audience: bytes
    counts: dict[str, Any]
    judged: list[Row]
    columns: dict[str, dict[str, str]]
    engine: str


def outcome(deployment: Deployment) -> Outcome:
    """The results of the latest run in a deployment's lake."""
    with in_force(deployment):
        lake = deployment.lake
        manifest = lake.get_json(latest(deployment.lake_url)["manifest"])
        folder = RunFolder(lake, manifest["run_id"])
        relations = [folder.load(key) for key in manifest["relations"]]
        with lake.open(manifest["audience"]["key"]) as stream:
            audience = stream.read()
        columns_of_judged = load_sql_models()["refi/refi_eligibility"].tree.named_selects
        with DuckDBEngine(lake).session(relations) as session:
            rows = session.query(_sorted(columns_of_judged))
        columns = {relation.key: relation.columns for relation in relations}
        return Outcome(audience, manifest["counts"], rows, columns, engine_of(folder.load("refi/refi_eligibility")))


def engine_of(relation: Relation) -> str:
    """The engine that wrote a relation, by its details: DuckDB reports no queries, Trino and Spark no cost."""
    queries = relation.details.queries
    if not queries:
        return "duckdb"
    if queries[0].id.startswith("spark-"):
        return "spark"
    return "athena" if queries[0].cost_usd is not None else "trino"


def _sorted(columns: list[str]) -> Any:
    from sqlglot import exp

    return exp.select(*columns).from_("refi.refi_eligibility").order_by("borrower_id", "loan_id NULLS LAST")
