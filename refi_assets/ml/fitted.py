"""A fitted model: calibrated probabilities of rows, and the score of one row with points and reasons.

It is saved as `model.json` and, for trees, `estimator.skops`, which is loaded by skops with our own list of types:
nothing in a saved model is executed. Where models are kept belongs to registry.py.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from refi_assets.errors import ModelError
from refi_assets.ml.columns import InputColumn, Value, one_row
from refi_assets.ml.policy import Kind, ScorecardScale
from refi_assets.ml.scorecard import Scorecard
from refi_assets.ml.sound_trees import require_sound_trees
from refi_assets.ml.tables import Floats, Table
from refi_assets.ml.trees import Trees, probability_of

MODEL_FILE, ESTIMATOR_FILE = "model.json", "estimator.skops"
_FORMAT = 1
_MOST_BYTES = 64 << 20  # of model.json

# The types that a saved ensemble consists of, besides those that skops itself trusts.
TRUSTED_TYPES = (
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
)


class Reason(BaseModel):
    """Why a score is not better: a feature, its value as text, and what it costs.

    `contribution` is the points lost against the best bin of a scorecard; for trees, the SHAP value in log-odds
    (boosting) or in probability (forest). `text` are the words of a notice to the person, where they are exact.
    """

    model_config = ConfigDict(frozen=True)

    feature: str
    value: str | None
    contribution: float
    text: str | None = None


class Score(BaseModel):
    """The score of one row. `points` are a scorecard's; more are better for the person."""

    model_config = ConfigDict(frozen=True)

    probability: float
    points: int | None
    reasons: tuple[Reason, ...]


class _Saved(BaseModel):
    """model.json."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1]
    kind: Kind
    calibration: tuple[float, float]
    scale: ScorecardScale
    positive_is_adverse: bool
    inputs: tuple[InputColumn, ...]
    scorecard: Scorecard | None = None


@dataclass(frozen=True)
class FittedModel:
    """A scorecard or an ensemble of trees, and the line that calibrates its log-odds (intercept, slope above 0)."""

    kind: Kind
    predictor: Scorecard | Trees
    calibration: tuple[float, float]
    scale: ScorecardScale
    positive_is_adverse: bool = True

    @cached_property
    def inputs(self) -> tuple[InputColumn, ...]:
        """The columns that it reads, in the order of the signature."""
        if isinstance(self.predictor, Scorecard):
            return tuple(binned.column for binned in self.predictor.binned)
        return self.predictor.inputs

    @property
    def scorecard(self) -> Scorecard:
        """The scorecard. Raises ModelError for trees, which have none."""
        if not isinstance(self.predictor, Scorecard):
            raise ModelError(f"A {self.kind} is not a scorecard: it has no bins and no points.")
        return self.predictor

    def calibrated(self, log_odds: Any) -> Any:
        """The probability of uncalibrated log-odds."""
        intercept, slope = self.calibration
        return probability_of(intercept + slope * log_odds)

    def probabilities(self, table: Table) -> Floats:
        """The probability of the positive label, one for each row. Raises ModelError for a column that does not fit."""
        return np.asarray(self.calibrated(self.predictor.log_odds(table)), dtype=np.float64)

    def score(self, values: Mapping[str, Value], most_reasons: int = 4) -> Score:
        """The score of one row. Raises ModelError for a missing or unknown name, or a value of another kind."""
        table = one_row(self.inputs, values)
        if isinstance(self.predictor, Scorecard):
            points: int | None = int(self.points(table)[0])
        else:
            points = None
        costs = self.costs(table)[0]
        order = [int(place) for place in np.argsort(-costs, kind="stable") if costs[place] > 0][:most_reasons]
        reasons = tuple(
            Reason(feature=name, value=_shown(values[name]), contribution=round(float(costs[place]), 6))
            for place in order
            for name in [self.inputs[place].name]
        )
        return Score(probability=float(self.probabilities(table)[0]), points=points, reasons=reasons)

    def costs(self, table: Table) -> Floats:
        """The cost of each input of each row: the points of a scorecard that it loses, or what it adds to the risk."""
        if isinstance(self.predictor, Scorecard):
            return self.points_lost(table).astype(np.float64)
        return self.predictor.contributions(table) * (1 if self.positive_is_adverse else -1)

    @cached_property
    def bin_points(self) -> tuple[tuple[int, ...], ...]:
        """The points of each bin of each input of a scorecard, whole numbers. Raises ModelError for trees.

        A score of base_score means base_odds good rows for each bad one; points_to_double_odds more, twice the odds.
        """
        scorecard = self.scorecard
        factor = self.scale.points_to_double_odds / np.log(2) * (1 if self.positive_is_adverse else -1)
        intercept, slope = self.calibration
        size = len(scorecard.binned)
        base_points = self.scale.base_score - abs(factor) * np.log(self.scale.base_odds)
        base = base_points - factor * (intercept + slope * scorecard.intercept)
        return tuple(
            tuple(round(base / size - factor * slope * weight * evidence) for evidence in binned.evidence)
            for binned, weight in zip(scorecard.binned, scorecard.weights, strict=True)
        )

    def points(self, table: Table) -> npt.NDArray[np.int64]:
        """The points of each row of a scorecard."""
        total: npt.NDArray[np.int64] = self._points_of_inputs(table).sum(axis=1)
        return total

    def points_lost(self, table: Table) -> npt.NDArray[np.int64]:
        """The points that each row loses by each input against its best bin."""
        lost: npt.NDArray[np.int64] = self._best_points - self._points_of_inputs(table)
        return lost

    @cached_property
    def _best_points(self) -> npt.NDArray[np.int64]:
        return np.array([max(points) for points in self.bin_points])

    def _points_of_inputs(self, table: Table) -> npt.NDArray[np.int64]:
        pairs = zip(self.bin_points, self.scorecard.binned, strict=True)
        return np.column_stack([np.array(points)[binned.bins(table)] for points, binned in pairs])

    def save(self, folder: Path) -> None:
        """Write model.json and, for trees, estimator.skops into a folder."""
        saved = _Saved(
            format=_FORMAT,
            kind=self.kind,
            calibration=self.calibration,
            scale=self.scale,
            positive_is_adverse=self.positive_is_adverse,
            inputs=self.inputs,
            scorecard=self.predictor if isinstance(self.predictor, Scorecard) else None,
        )
        (folder / MODEL_FILE).write_text(saved.model_dump_json(indent=1) + "\n", encoding="utf-8")
        if isinstance(self.predictor, Trees):
            import skops.io

            skops.io.dump(self.predictor.ensemble, folder / ESTIMATOR_FILE)


def load_model(folder: Path) -> FittedModel:
    """The model that save() wrote. Raises ModelError if a file is missing, damaged, or holds another type."""
    saved = _read_saved(folder / MODEL_FILE)
    predictor = saved.scorecard or Trees(saved.inputs, _load_ensemble(folder / ESTIMATOR_FILE, saved))
    return FittedModel(saved.kind, predictor, saved.calibration, saved.scale, saved.positive_is_adverse)


def _read_saved(path: Path) -> _Saved:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path.name} has more than {_MOST_BYTES >> 20} MB, so it is not a model of ours.")
        saved = _Saved.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "it is not JSON"
        raise ModelError(f"{path.name} is not a model of this program: {problem}.") from None
    if (saved.scorecard is None) == (saved.kind == "logistic_regression"):
        raise ModelError(f"{path.name} is not a model of this program: a {saved.kind} in the form of another kind.")
    return saved


def _load_ensemble(path: Path, saved: _Saved) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from skops.io import get_untrusted_types, load

    expected = RandomForestClassifier if saved.kind == "random_forest" else HistGradientBoostingClassifier
    try:
        if unknown := sorted(set(get_untrusted_types(file=path)) - set(TRUSTED_TYPES)):
            raise ModelError(f"{path.name} holds {', '.join(unknown)}, which this program does not load.")
        ensemble = load(path, trusted=list(TRUSTED_TYPES))
        if type(ensemble) is not expected:
            raise ModelError(f"{path.name} holds a {type(ensemble).__name__}, but the model is a {saved.kind}.")
        require_sound_trees(ensemble, sum(column.encoded for column in saved.inputs))
    except ModelError:
        raise
    except Exception as error:  # of skops, zipfile, numpy: the file is not trusted, so anything may be wrong with it
        raise ModelError(f"{path.name} cannot be loaded: {type(error).__name__}.") from None
    return ensemble


def _shown(value: Value) -> str | None:
    return None if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
