"""Tables with a known truth, and a policy whose search is small, for tests of models."""

from pathlib import Path
from typing import Literal

import numpy as np

from refi_assets.ml.columns import learn_columns
from refi_assets.ml.policy import MlPolicy, load_ml_policy
from refi_assets.ml.tables import Bools, Column, Table
from refi_assets.ml.training import TrainingRows


def quick_policy() -> MlPolicy:
    """The shipped policy with one candidate of each kind, and few trees."""
    policy = load_ml_policy()
    search = {
        "trees": 12,
        "trees_of_fold": 12,
        "forest": policy.search.forest[-1:],
        "boosting": policy.search.boosting[-1:],
        "rounds": (20, 60),
    }
    return policy.model_copy(update={"search": policy.search.model_copy(update=search)})


def two_normals(rows: int, seed: int = 5) -> tuple[dict[str, Column], Bools]:
    """A label of which a quarter is true, `signal` from N(label, 1), a `region` that tells nothing, and gaps.

    No model of them has a ROC-AUC above Phi(1 / sqrt(2)) = .7602 but by chance.
    """
    generator = np.random.default_rng(seed)
    label = generator.random(rows) < 0.25
    signal = generator.normal(size=rows) + label
    noise = np.where(generator.random(rows) < 0.2, np.nan, generator.normal(size=rows).round(2))
    region = generator.choice(np.array(["north", "south", None], dtype=object), rows)
    return {"signal": signal, "noise": noise, "region": region}, label


def training_rows(table: Table, label: Bools, policy: MlPolicy, **directions: Literal[-1, 0, 1]) -> TrainingRows:
    inputs, dropped = learn_columns(table, policy.reading, directions)
    assert not dropped
    return TrainingRows(inputs, table, label, np.arange(len(label)), policy)


def is_unknown(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def write_csv(path: Path, columns: dict[str, Column]) -> Path:
    """A file of a table; a missing value is an empty cell."""
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    lines = [",".join("" if is_unknown(value) else str(value) for value in row) for row in rows]
    path.write_text("\n".join([",".join(columns), *lines]) + "\n")
    return path
