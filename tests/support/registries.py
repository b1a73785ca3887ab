"""Small models, and registries to put them in (a plugin)."""

import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from refi_assets.ml.columns import InputColumn
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.policy import ScorecardScale
from refi_assets.ml.registered_files import ModelRecord
from refi_assets.ml.registry import Registry
from refi_assets.ml.scorecard import BinnedInput, Scorecard
from refi_assets.ml.trees import Trees

ROWS: Mapping[str, np.ndarray] = {"income": np.array([1.0, 5.0, np.nan]), "debt": np.array([9.0, 2.0, 4.0])}

_INCOME, _DEBT = (InputColumn(name=name, kind="number") for name in ROWS)
SCALE = ScorecardScale(
    most_bins=5, least_bin_share_pct=5, penalty=0, base_score=600, base_odds=20, points_to_double_odds=20
)


def new_registry_file(folder: Path, base: Path) -> Path:
    """An empty SQLite registry in a folder. The first worker of a session creates one in `base`; the rest copy it."""
    template = base / "registry_template" / "mlflow.db"
    with FileLock(base / "registry_template.lock"):
        if not template.exists():
            Registry(f"{SQLITE}{template}")
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(template, folder))


@pytest.fixture(scope="session")
def session_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory, session_folder: Path) -> Registry:
    """A registry in a file, which all tests of a worker share: MLflow takes most of a second to open one."""
    return Registry(f"{SQLITE}{new_registry_file(tmp_path_factory.mktemp('registry'), session_folder)}")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A model's name that no other test uses."""
    words = re.sub("[^a-z0-9]+", "_", request.node.name.lower())
    return f"{words[:60]}_{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]}"


@pytest.fixture(scope="session")
def scorecard() -> FittedModel:
    """A scorecard of two numbers."""
    binned = (
        BinnedInput(column=_INCOME, edges=(3.0,), evidence=(0.5, -0.5, 0.1), shares=(50, 40, 10)),
        BinnedInput(column=_DEBT, evidence=(0.0, 0.2), shares=(90, 10)),
    )
    predictor = Scorecard(binned=binned, weights=(1.0, 2.0), intercept=-1.0)
    return FittedModel("logistic_regression", predictor, (0.0, 1.0), SCALE)


@pytest.fixture(scope="session")
def forest() -> FittedModel:
    """A random forest of two numbers, which has a file estimator.skops."""
    matrix = np.random.default_rng(0).normal(size=(60, 2))
    ensemble = RandomForestClassifier(3, max_depth=2, random_state=0).fit(matrix, matrix[:, 0] > 0)
    return FittedModel("random_forest", Trees((_INCOME, _DEBT), ensemble), (0.0, 1.0), SCALE)


@pytest.fixture(scope="session")
def boosting() -> FittedModel:
    """Gradient boosting of two numbers."""
    matrix = np.random.default_rng(0).normal(size=(60, 2))
    ensemble = HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=5, early_stopping=False)
    return FittedModel(
        "gradient_boosting", Trees((_INCOME, _DEBT), ensemble.fit(matrix, matrix[:, 0] > 0)), (0.0, 1.0), SCALE
    )


def record_of(**changes: object) -> ModelRecord:
    """The record of a model, with some fields changed."""
    fields = {
        "parameters": {"trees": 5, "learning_rate": 0.1, "depth": None},
        "figures": {"roc_auc": 0.8125, "brier": 0.15},
        "data_sha256": "d" * 64,
        "code_version": "1f2e3d",
        "trained_on": "ml/credit_decision_features, 2019-01 to 2021-12",
        "card_md": "# Credit default\n\nLimits: two inputs.\n",
        "card_html": "<h1>Credit default</h1>",
        "plots": {"roc.svg": b"<svg/>"},
    }
    return ModelRecord.model_validate(fields | changes)
