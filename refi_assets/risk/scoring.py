"""Scores of borrowers by the model live_default: probability, band and reasons, for runs over files and for the stream.

Registering and promoting models belongs to ml/, features to live_features.py.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from refi_assets.errors import ModelError, needs_packages
from refi_assets.ml.settings import ML_PACKAGES
from refi_assets.risk.policy import Bands

if TYPE_CHECKING:
    from refi_assets.ml.fitted import FittedModel
    from refi_assets.ml.registry import RegisteredModel
    from refi_assets.ml.tables import Table

MODEL = "live_default"
MOST_REASONS = 4
REASON_SEPARATOR = "|"

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class ScoredRows:
    """Scores, one for each row: the probability in millionths, its band, and the reasons as one text."""

    millionths: npt.NDArray[np.int64]
    bands: Texts
    reasons: Texts  # features, at most MOST_REASONS, the costliest first, with REASON_SEPARATOR between them


def open_live_champion() -> "RegisteredModel":
    """The champion. Raises RefiError if there is none, or if the registry or a package is away."""
    with needs_packages("Scoring borrowers", ML_PACKAGES, "ml", "make ml"):
        from refi_assets.ml.registry import CHAMPION, open_registry

        registry = open_registry()
        if registry.alias_version(MODEL, CHAMPION) is None:
            raise ModelError(f"{MODEL} has no champion. Train and promote one: refi model train {MODEL} --promote")
        return registry.load(MODEL, CHAMPION)


def score_table(model: "FittedModel", table: "Table", bands: Bands) -> ScoredRows:
    """Score rows: a column for each input of the model, as ml.tables.typed_columns reads them from arrays.

    Raises ModelError for a missing column, or one of another kind.
    """
    from refi_assets.ml.scoring import in_millionths

    millionths = in_millionths(model.probabilities(table))
    return ScoredRows(millionths, bands_of(millionths, bands), _reasons(model, table))


def bands_of(millionths: npt.NDArray[np.int64], bands: Bands) -> Texts:
    """The band of each probability: high, medium or low."""
    limits = [_millionths_from(bands.medium_band_from_pct), _millionths_from(bands.high_band_from_pct)]
    names = np.array(["low", "medium", "high"], dtype=object)
    return names[np.searchsorted(limits, millionths, side="right")]


def _millionths_from(percent: Decimal) -> int:
    """The least number of millionths that is at least this share."""
    return int((percent * 10_000).to_integral_value(ROUND_CEILING))


def _reasons(model: "FittedModel", table: "Table") -> Texts:
    """The costliest inputs of each row. Rows with the same inputs in the same order share a text."""
    costs = model.costs(table)
    order = np.argsort(-costs, axis=1, kind="stable")[:, :MOST_REASONS]
    order[np.take_along_axis(costs, order, axis=1) <= 0] = -1
    combinations, places = np.unique(order, axis=0, return_inverse=True)
    names = [column.name for column in model.inputs]
    texts = [REASON_SEPARATOR.join(names[place] for place in row if place >= 0) for row in combinations]
    return np.array(texts, dtype=object)[places.reshape(-1)]
