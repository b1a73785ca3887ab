"""Without a package of the extra `ml`: no models, one warning, and everything else as before."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from refi_assets.sample.customers import generate_customers
from refi_assets.settings import PROJECT_DIR

_WITHOUT_SKLEARN = """
import json, logging, sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name == "sklearn" else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path = [Without(finder) for finder in sys.meta_path]
warnings = []
handler = logging.Handler(logging.WARNING)
handler.emit = lambda record: warnings.append(record.getMessage())
logging.getLogger().addHandler(handler)
from refi_assets.definitions import defs
loaded = defs()
logged = list(warnings)
keys = sorted(key.to_user_string() for key in loaded.resolve_asset_graph().get_all_asset_keys())
jobs = sorted(job.name for job in loaded.jobs)
from tests.support.commands import refi_here
ran = refi_here("ml", "run", "--source", sys.argv[1], "--as-of", "2026-02-28", "--json")
before = len(warnings)
refi_here("run", "--as-of", "2026-02-28")
of_refi = warnings[before:]
trained = refi_here("model", "train", "default_12m")
print(json.dumps({"warnings": logged, "of_refi": of_refi, "keys": keys, "jobs": jobs,
                  "ran": [ran.returncode, ran.json, ran.stderr], "trained": [trained.returncode, trained.stderr]}))
"""


@pytest.fixture(scope="module")
def without_sklearn(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The definitions, a run and a training in a process for which a package is not installed."""
    folder: Path = tmp_path_factory.mktemp("without")
    generate_customers(30, 7, folder / "source")
    environment = {
        "REFI_LAKE_URL": str(folder / "lake"),
        "REFI_MLFLOW_URI": f"sqlite:///{folder}/mlflow.db",
        "DAGSTER_HOME": str(folder),
        "OPENLINEAGE_DISABLED": "true",
        "COLUMNS": "300",
    }
    command = [sys.executable, "-c", _WITHOUT_SKLEARN, str(folder / "source")]
    done = subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_models_are_left_out_with_one_warning_and_the_rest_is_loaded(without_sklearn):
    assert without_sklearn["warnings"] == [
        "The models are left out of the definitions: package sklearn is not installed. Install the extra `ml`: make ml."
    ]
    assert not [warning for warning in without_sklearn["of_refi"] if "models" in warning], "refi needs no models"
    assert not [key for key in without_sklearn["keys"] if key.startswith("ml/default_12m")]
    assert {"ml/customer_features", "ml/feature_file", "refi/refi_audience"} <= set(without_sklearn["keys"])
    assert {"ml", "refi"} <= set(without_sklearn["jobs"])
    assert "retrain" not in without_sklearn["jobs"]


def test_a_run_publishes_the_features_and_training_says_what_is_missing(without_sklearn):
    code, printed, errors = without_sklearn["ran"]
    assert (code, printed["status"]) == (0, "published"), errors
    assert "Traceback" not in errors
    code, errors = without_sklearn["trained"]
    assert code == 1
    assert "sklearn, of the extra `ml`" in errors
    assert "Traceback" not in errors
