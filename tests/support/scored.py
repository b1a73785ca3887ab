"""Small models whose scores can be computed by hand, a registry with them, customers, and an app that serves both.

The scorecard's log-odds are the sum of its evidence, and its points those of policies/ml/ml.yaml's scale: a factor of
20 / ln 2 = 28.854 and 600 - 28.854 ln 30 = 501.862 points in all, 250.931 for each of two features. So an income up to
50,000 has 250.931 - 28.854 = 222 points, a higher one 280 and an unknown one 251; full-time work has 265, any other
236.504, which is 237, and unknown work 251.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI
from sklearn.ensemble import HistGradientBoostingClassifier
from starlette.testclient import TestClient

from refi_assets.api.app import create_app
from refi_assets.api.authorization import Authorizer
from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import PUBLICATION, RELATION, Customers
from refi_assets.api.event_writer import EventWriter
from refi_assets.api.scored_programs import ScoredPrograms
from refi_assets.api.served import Served
from refi_assets.api.served_offers import ServedOffers
from refi_assets.api.server import served_borrowers
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.lake import FolderStore
from refi_assets.ml.columns import InputColumn, encode
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.policy import ScorecardScale
from refi_assets.ml.registry import Registry
from refi_assets.ml.scorecard import BinnedInput, Scorecard
from refi_assets.ml.tables import Table
from refi_assets.ml.trees import Trees
from refi_assets.offers.event_rules import load_event_rules
from refi_assets.offers.program import Program
from refi_assets.settings import lender_now
from refi_assets.store.key_file import KEY_FILE, KeyFile, Scope

MODEL = "default_risk"
POLL_SECONDS = 7.0

SCALE = ScorecardScale(
    most_bins=6, least_bin_share_pct=4, penalty=0.5, base_score=600, base_odds=30, points_to_double_odds=20
)
INCOME = InputColumn(name="income", kind="number")
EMPLOYMENT = InputColumn(name="employment", kind="category", levels=("full_time",))
DEBT = InputColumn(name="debt_to_income", kind="number")

POOR = {"income": 40_000, "employment": "other"}  # log-odds 1 + 0.5
POOR_PROBABILITY = 0.8175744761936437  # 1 / (1 + exp(-1.5))


def scorecard_by_hand() -> FittedModel:
    """A scorecard of income and employment, with evidence that is easy to add up."""
    income = BinnedInput(column=INCOME, edges=(50_000,), evidence=(1, -1, 0))
    employment = BinnedInput(column=EMPLOYMENT, bin_of_level=(0,), evidence=(-0.5, 0.5, 0))
    scorecard = Scorecard(binned=(income, employment), weights=(1, 1), intercept=0)
    return FittedModel("logistic_regression", scorecard, (0, 1), SCALE)


def scorecard_without_evidence() -> FittedModel:
    """A scorecard whose bins above 50,000 and of unknown incomes have no evidence, so that they cannot be scored."""
    income = BinnedInput(column=INCOME, edges=(50_000,), evidence=(0,))
    return FittedModel("logistic_regression", Scorecard(binned=(income,), weights=(1,), intercept=0), (0, 1), SCALE)


def boosting_of_debt() -> FittedModel:
    """Gradient boosting that learned that nobody pays with a debt-to-income ratio above 0.5."""
    ratios = np.linspace(0, 1, 200)
    table: Table = {"debt_to_income": ratios}
    ensemble = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(encode((DEBT,), table), ratios > 0.5)
    return FittedModel("gradient_boosting", Trees((DEBT,), ensemble), (0, 1), SCALE)


def register(registry: Registry, model: FittedModel, name: str = MODEL) -> int:
    """Register a model; returns its version."""
    from tests.support.registries import record_of  # not earlier: pytest rewrites that plug-in before its import

    return registry.register(name, model, record_of())


def publish_customers(lake: FolderStore, run_id: str, day: date, customers: Mapping[str, str]) -> None:
    """Publish features as the domain ml does: id -> the SQL of the columns after customer_id."""
    rows = [f"SELECT '{customer_id}' AS customer_id, {columns}" for customer_id, columns in customers.items()]
    run = {"run_id": run_id, "as_of": day.isoformat()}
    record = {
        "key": RELATION,
        **run,
        "kind": "view",
        "columns": {"customer_id": "VARCHAR"},
        "sql": " UNION ALL ".join(rows),
    }
    lake.put_json(f"runs/{run_id}/{RELATION}.json", record)
    lake.put_json(PUBLICATION.manifest_key(run_id), {**run, "relations": {RELATION: {"run_id": run_id}}})
    lake.put_json(PUBLICATION.latest_key, run)


@dataclass
class ServedApp:
    """An app on a registry, a lake, and the store in it. Nothing is polled until a test does it."""

    registry: Registry
    lake: FolderStore
    names: tuple[str, ...] = ()
    programs: tuple[Program, ...] = ()
    clock: Callable[[], datetime] = lender_now
    sagemaker: bool = False
    app: FastAPI = field(init=False)
    authorization: dict[str, str] = field(init=False)  # the header of a key that allows everything

    def __post_init__(self) -> None:
        root = self.lake.root / "store"
        root.mkdir(exist_ok=True)
        self.authorization = new_authorization(root)
        offers = ServedOffers(root, self.programs, self.clock, POLL_SECONDS)
        self.served = Served(
            champions=Champions(lambda: self.registry, self.names),
            customers=Customers(lambda: DuckDBEngine(self.lake)),
            programs=ScoredPrograms(self.programs, lambda: DuckDBEngine(self.lake), lambda: self.registry),
            offers=offers,
            writer=EventWriter(offers.stores_to_write(), load_event_rules(), self.clock),
            borrowers=served_borrowers(str(self.lake.root), self.clock),
            authorizer=Authorizer(root / KEY_FILE, self.clock, 1_000),
        )
        self.app = create_app(self.served, POLL_SECONDS, sagemaker=self.sagemaker)

    @property
    def champions(self) -> Champions:
        """The models."""
        return self.served.champions

    @property
    def client(self) -> TestClient:
        """A client with a key that allows everything."""
        return TestClient(self.app, headers=self.authorization)

    def poll(self) -> None:
        """Look at the registry and the lake, as the app's threads do."""
        self.champions.poll()
        self.served.customers.poll()
        self.served.programs.poll()


def new_authorization(root: Path, *scopes: Scope, program: str | None = None) -> dict[str, str]:
    """The header of a new key, by default with every scope, in the key file of a store."""
    token = KeyFile(root / KEY_FILE).create(frozenset(scopes or Scope), program, None, None, lender_now())
    return {"Authorization": f"Bearer {token}"}


def without_id(problem: dict[str, Any]) -> dict[str, Any]:
    """A problem without its request's id."""
    assert problem.pop("request_id")
    return problem
