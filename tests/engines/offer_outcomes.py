"""The results of the offers chain in a deployment, to be compared between engines and lakes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlglot import exp

from refi_assets.engines.base import Row
from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import Relation
from refi_assets.offers.manifest import CONTENTS
from refi_assets.orchestration.resources import EngineResource
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun
from refi_assets.sample.offer_customers import OFFERS_AS_OF, generate_offer_customers
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.names import table_of
from tests.engines.deployments import Deployment, engine_of, in_force
from tests.support.commands import Answer, refi_here
from tests.support.offer_runs import register_models

CUSTOMERS, SEED = 2000, 7
PROGRAM = "loan_offer_targeting"
GROUPS = (PROGRAM, "offers", "features")
OFFERS, JUDGED = f"{PROGRAM}/offers", f"{PROGRAM}/judged"
BY_PYTHON = [f"{PROGRAM}/{name}" for name in ("price_list", "scored", "state_rule")]
NO_SETTINGS: Mapping[str, str] = {}
SPLINK = {"REFI_IDENTITY_ENGINE": "splink"}

Rows = list[str]  # sorted, because a relation is a set


@dataclass(frozen=True)
class OfferOutcome:
    """The results of a run: files, counts, and the columns and rows of the relations behind the offers.

    `queried`: the rows of Python's relations, by a query on the deployment's engine.
    """

    files: dict[str, bytes]
    counts: dict[str, Any]
    columns: dict[str, dict[str, str]]
    rows: dict[str, Rows]
    queried: dict[str, Rows]
    engine: str


@dataclass(frozen=True)
class OfferSource:
    """A folder with the files of customers, a registry and a Dagster instance; their settings."""

    folder: Path
    settings: Mapping[str, str]

    def run_in(self, deployment: Deployment, settings: Mapping[str, str]) -> OfferOutcome:
        """Run the program by the command line, and read its results."""
        store = self.folder / "stores" / deployment.lake_url.replace("/", "_")
        own = {**self.settings, "REFI_STORE_DIR": str(store), **settings}
        with in_force(replace(deployment, env={**deployment.env, **own})):
            answer = refi("run", "--as-of", OFFERS_AS_OF, "--source", self.folder / "source", "--json")
            return self._outcome(deployment, answer.json)

    def _outcome(self, deployment: Deployment, printed: Mapping[str, Any]) -> OfferOutcome:
        lake = deployment.lake
        run = PublishedRun.find(Publication(PROGRAM, CONTENTS), lake, open_duckdb(lake), printed["run_id"])
        files = {}
        for option in ("offers", "judged"):
            path = self.folder / f"{run.run_id}.{option}.csv"
            refi("export", "--run", run.run_id, f"--{option}", path)
            files[option] = path.read_bytes()
        keys = (run.manifest[CONTENTS]["key"], f"export/program={PROGRAM}/date={OFFERS_AS_OF}/offers.parquet")
        for name, key in zip(("published", "parquet"), keys, strict=True):
            with lake.open(key) as stream:
                files[name] = stream.read()
        relations = {key: relation for relation in run.relations if (key := relation.key).partition("/")[0] in GROUPS}
        with run.engine.session(run.relations) as here, EngineResource().open(lake).session(run.relations) as there:
            return OfferOutcome(
                files,
                {name: printed[name] for name in ("counts", "amounts")},
                {key: relation.columns for key, relation in relations.items()},
                {key: plain(here.query(everything_in(relation))) for key, relation in relations.items()},
                {key: plain(there.query(everything_in(relations[key]))) for key in BY_PYTHON},
                engine_of(relations[JUDGED]),
            )


def refi(command: str, *arguments: object) -> Answer:
    """`refi offers …`, which must succeed."""
    answer = refi_here("offers", command, *arguments)
    assert answer.returncode == 0, answer.stderr + answer.stdout
    return answer


def everything_in(relation: Relation) -> exp.Query:
    return exp.select(*relation.columns).from_(table_of(relation.key))


def plain(rows: Iterable[Row]) -> Rows:
    return sorted(repr(list(row.values())) for row in rows)


def offer_source(folder: Path, customers: int = CUSTOMERS) -> OfferSource:
    """Customers with a fixed share of every defect, in a folder with a registry and a Dagster instance."""
    generate_offer_customers(customers, SEED, folder / "source")
    (folder / "dagster").mkdir()
    (folder / "dagster" / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
    settings = {"DAGSTER_HOME": str(folder / "dagster"), "REFI_MLFLOW_URI": register_models(folder / "registry")}
    return OfferSource(folder, settings)


def folder_lake(source: OfferSource, name: str, engine: str = "duckdb") -> Deployment:
    """A lake in a folder with this engine."""
    lake = str(source.folder / name)
    return Deployment(lake, {"REFI_ENGINE": engine, "REFI_LAKE_URL": lake})


def require_same(actual: OfferOutcome, expected: OfferOutcome, engine: str) -> None:
    assert actual.engine == engine
    assert actual.files == expected.files
    assert actual.counts == expected.counts
    assert actual.columns == expected.columns
    assert actual.rows == expected.rows
    assert actual.queried == {key: expected.rows[key] for key in BY_PYTHON}
