"""Scores of earlier runs: the same customer, features and model version, for as many days as the policy says."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import FolderStore, Relation, RunFolder
from refi_assets.offers.programs import programs
from refi_assets.offers.scored_details import ScoredDetails
from refi_assets.offers.scoring import OpenModel, open_models, score_customers
from refi_assets.settings import overridden
from tests.support.offer_runs import WEEK_BEFORE, OfferRuns

PROGRAM = "loan_offer_targeting"
FIRST_DAY = date.fromisoformat(WEEK_BEFORE)
DAYS = 90
IN_BOTH_WEEKS = 16  # RICH00 to RICH15, with the same features; RICH16 and RICH17 are gone, MODEST is new


@pytest.fixture(scope="module")
def models(offer_runs: OfferRuns) -> Iterator[list[OpenModel]]:
    with overridden("REFI_MLFLOW_URI", offer_runs.environment["REFI_MLFLOW_URI"]):
        yield open_models(programs()[PROGRAM])


def scores_again(runs: OfferRuns, models: list[OpenModel], as_of: date, folder: Path) -> Relation:
    """Score the customers of the second week anew, on a day, after the first week, in a copy of the lake."""
    lake = FolderStore(str(shutil.copytree(runs.lake, folder / "lake")), create=False)
    before, now = (RunFolder(lake, run).load for run in runs.run_ids)
    features, draft = now(f"{PROGRAM}/features"), now(f"{PROGRAM}/scored").model_copy(update={"run_id": "again"})
    with open_duckdb(lake).session([features]) as session:
        return score_customers(session, draft, features, models, before(f"{PROGRAM}/scored"), as_of, DAYS)


@pytest.mark.parametrize(("days", "reused"), [(0, IN_BOTH_WEEKS), (DAYS - 1, IN_BOTH_WEEKS), (DAYS, 0), (-1, 0)])
def test_a_score_is_used_again_for_ninety_days(offer_runs, models, tmp_path, days, reused):
    scored = scores_again(offer_runs, models, FIRST_DAY + timedelta(days=days), tmp_path)
    assert scored.details_as(ScoredDetails).from_cache == {"approval": reused, "default": reused}
    assert scored.rows == IN_BOTH_WEEKS + 1


def test_a_score_of_another_version_is_not_used(offer_runs, models, tmp_path):
    other = [replace(model, pinned=model.pinned.model_copy(update={"sha256": "0" * 64})) for model in models[:1]]
    scored = scores_again(offer_runs, [*other, models[1]], FIRST_DAY, tmp_path)
    assert scored.details_as(ScoredDetails).from_cache == {"approval": 0, "default": IN_BOTH_WEEKS}
