"""A policy under which training takes a second, and rows from a known process to train on."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from refi_assets.ml.declared_models import DeclaredModel
from refi_assets.ml.learning_rows import LearningRows
from refi_assets.specs.policies import policy_file

DECIDED_FROM = 19_000  # days since 1970
ROWS = 1200


def write_quick_policy(folder: Path) -> Path:
    """policies/ml/ml.yaml with few candidates, and limits that samples of a few hundred rows can meet."""
    policy = yaml.safe_load(policy_file("ml").read_text())
    policy["search"] |= {"trees": 10, "served_trees": 10, "trees_of_fold": 10, "rounds": [25]}
    for kind in ("forest", "boosting"):
        policy["search"][kind] = policy["search"][kind][-1:]
    policy["gate"] |= {"least_of_label_count": 8, "bootstrap_samples_count": 200, "floor_slope": 0.1}
    policy["gate"] |= {"ceiling_slope": 10, "floor_auc": 0.5}
    policy["drift"] |= {"least_rows_count": 50, "psi": {"warn_above": 0.5, "alert_above": 2}}
    policy["drift"] |= {"ks": {"warn_above": 0.5, "alert_above": 0.6}}
    path = folder / "quick.yaml"
    path.write_text(yaml.safe_dump(policy))
    return path


def declared(*features: str, **changes: Any) -> DeclaredModel:
    """A declared model on rows of memory."""
    fields: dict[str, Any] = {
        "description": "Whether it fails.",
        "intended_use": "Tests.",
        "use_limits": (),
        "relation": "ml/rows_in_memory",
        "label": "failed",
        "positive": "true",
        "time": "decided_on",
        "known_on": "known_on",
        "id": "subject_id",
        "kind": "logistic_regression",
        "features": features,
        "decision": {"threshold": 0.3},
    }
    return DeclaredModel.model_validate(fields | changes)


def rows_of_two_causes(**more: Any) -> LearningRows:
    """Rows whose outcome is drawn from a probability that depends on `load` strongly and on `wear` a little."""
    draws = np.random.default_rng(5)
    load, wear = draws.normal(size=(2, ROWS))
    outcome = (draws.random(ROWS) < 1 / (1 + np.exp(1.2 - 1.8 * load - 0.5 * wear))).astype(float)
    time = DECIDED_FROM + np.arange(ROWS, dtype=float)
    fields: dict[str, Any] = {
        "table": {"load": load, "wear": wear},
        "dates": frozenset(),
        "outcome": outcome,
        "ids": np.array([f"S{number}" for number in range(ROWS)], dtype=object),
        "time": time,
        "known_on": time + 30,
        "groups": {"site": np.where(np.arange(ROWS) % 3 == 0, "north", "south").astype(object)},
        "segments": {},
    }
    return LearningRows(**fields | more)
