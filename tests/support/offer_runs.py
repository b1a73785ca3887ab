"""A lake with two weekly runs of the program of loan offers, on customers made by hand and models with known scores."""

import csv
import math
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refi_assets.ml.columns import InputColumn
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.registry import CHAMPION, Registry
from refi_assets.ml.scorecard import BinnedInput, Scorecard
from refi_assets.settings import PROJECT_DIR
from tests.offers.made_customers import BASE_CELLS, OPEN
from tests.support.commands import Answer, refi_here
from tests.support.registries import SCALE, record_of

WEEK_BEFORE, WEEK = "2026-02-23", "2026-03-02"
OTHER_VERSION = 2  # of loan_approval

# The second week: 20 accepted customers, of whom 17 get an offer, and one in quarantine.
CUSTOMERS: Mapping[str, Mapping[str, str]] = {
    **{f"RICH{number:02}": {} for number in range(16)},
    "MODEST": {"credit_score": "690", "income": "24000", "debt_to_income_ratio": "0.41"},
    "LOW": {"credit_score": "650", "payment_history": "000100000000", "state": "NY"},
    "RECENT": {},
    "EMPTY": {"credit_score": ""},
    "DAMAGED": {"income": "-5"},
}
# The week before: LOW is the only one without an offer.
CUSTOMERS_BEFORE = {name: cells for name, cells in CUSTOMERS.items() if name in ("LOW", "RECENT")} | {
    f"RICH{number:02}": {} for number in range(18)
}
HISTORY = {"RECENT": "2026-02-24"}


@dataclass(frozen=True)
class OfferRuns:
    """The lake, and the environment in which commands find it and its models; the runs in the order of the weeks."""

    lake: Path
    environment: Mapping[str, str]
    run_ids: tuple[str, str]

    def refi(self, *arguments: object, check: int | None = 0) -> Answer:
        """Call `refi …`; `check` is the exit code that it must have, if any."""
        done = refi_here(*arguments, environment=self.environment)
        assert check in (None, done.returncode), done.stderr + done.stdout
        return done

    @property
    def registry(self) -> Registry:
        """The registry with the models."""
        return Registry(self.environment["REFI_MLFLOW_URI"])


def make_offer_runs(folder: Path) -> OfferRuns:
    """Register the models, write the files of two weeks, and run the program on each."""
    home = folder / "dagster_home"
    home.mkdir(parents=True)
    shutil.copy(PROJECT_DIR / ".dagster" / "dagster.yaml", home)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "REFI_LAKE_URL": str(folder / "lake"),
        "REFI_MLFLOW_URI": register_models(folder / "registry"),
        "REFI_STORE_DIR": str(folder / "store"),
    }
    run_ids = []
    for day, customers in ((WEEK_BEFORE, CUSTOMERS_BEFORE), (WEEK, CUSTOMERS)):
        _write_week(folder / day, customers, HISTORY if day == WEEK else {})
        done = refi_here("offers", "run", "--as-of", day, "--source", folder / day, "--json", environment=environment)
        assert done.returncode == 0, done.stderr + done.stdout
        run_ids.append(done.json["run_id"])
    return OfferRuns(folder / "lake", environment, (run_ids[0], run_ids[1]))


def register_models(folder: Path) -> str:
    """Make a registry in a new folder, with version 1 of both models as champions; returns its URI.

    Version 2 of loan_approval gives the .02 of the model of defaults: under it, nobody would get an offer.
    """
    folder.mkdir()
    registry = Registry(f"{SQLITE}{folder / 'mlflow.db'}")
    for name, model in (("loan_approval", approval_model()), ("default_risk", default_model())):
        registry.set_alias(name, CHAMPION, registry.register(name, model, record_of()))
    assert registry.register("loan_approval", default_model(), record_of()) == OTHER_VERSION
    return registry.uri


def approval_model() -> FittedModel:
    """Odds of 3 for a credit score above 700, and of 3 for an income above 30,000: approval is .9, .75 or .5."""
    return _scorecard(
        {"credit_score": (700, (0.0, math.log(3))), "income": (30_000, (0.0, math.log(3)))}, adverse=False
    )


def default_model() -> FittedModel:
    """A probability of .02 with savings, and of .2 without."""
    return _scorecard({"savings_rate": (0, (math.log(0.2 / 0.8), math.log(0.02 / 0.98)))}, adverse=True)


def _scorecard(bins: Mapping[str, tuple[float, tuple[float, float]]], *, adverse: bool) -> FittedModel:
    """A scorecard of numbers with two bins each; a missing value has the evidence of the first."""
    binned = tuple(
        BinnedInput(column=InputColumn(name=name, kind="number"), edges=(edge,), evidence=(*evidence, evidence[0]))
        for name, (edge, evidence) in bins.items()
    )
    predictor = Scorecard(binned=binned, weights=(1.0,) * len(binned), intercept=0.0)
    return FittedModel("logistic_regression", predictor, (0.0, 1.0), SCALE, positive_is_adverse=adverse)


def _write_week(folder: Path, customers: Mapping[str, Mapping[str, str]], offered: Mapping[str, str]) -> None:
    folder.mkdir()
    profiles = [{"customer_id": name, **BASE_CELLS, **cells} for name, cells in customers.items()]
    _write(folder / "customer_credit_profiles.csv", profiles)
    _write(folder / "contact_preferences.csv", [{"customer_id": name, **OPEN} for name in customers])
    history = "".join(f"{name},loan-offer-targeting,{day}\n" for name, day in offered.items())
    (folder / "offer_history.csv").write_text(f"customer_id,program_id,offered_on\n{history}", encoding="utf-8")


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
