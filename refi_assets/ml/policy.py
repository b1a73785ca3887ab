"""The policy of models: how they are evaluated, trained and promoted, and which columns no model may use.

The numbers and words are in policies/ml/ml.yaml; this module only validates them.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from refi_assets.ml.policy_limits import BreakdownLimits, DriftLimits, FairnessLimits, GateLimits
from refi_assets.specs.policies import CheckLimits, Percent, Policy, Section, load_policy, policy_file

Kind = Literal["logistic_regression", "random_forest", "gradient_boosting"]
Words = tuple[str, ...]
Positive = Annotated[float, Field(gt=0)]


class NamePatterns(Section):
    """Names of columns: those that contain one of `always`; those that contain one of `words`, or are one of `exactly`,
    and contain none of `unless`.
    """

    words: Words = ()
    exactly: Words = ()
    unless: Words = ()
    always: Words = ()


class Reading(Section):
    """How the columns of a file are read that nobody has declared."""

    missing_words: Words
    number_share_pct: Percent
    date_formats: Words
    most_levels: int = Field(ge=2, le=1000)
    least_level_share_pct: Percent
    identifier_share_pct: Percent
    identifiers: NamePatterns
    sentinel_gap: Positive


class Split(Section):
    """The test part, and the folds of the training part."""

    test_share_pct: int = Field(gt=0, lt=100)
    seed: int = Field(ge=0)
    folds: int = Field(ge=2, le=20)
    least_rows: int = Field(ge=10)
    least_positive: int = Field(ge=2)


class ScorecardScale(Section):
    """Bins and points of a scorecard."""

    most_bins: int = Field(ge=2, le=50)
    least_bin_share_pct: float = Field(gt=0, le=50)
    penalty: float = Field(ge=0)
    base_score: float
    base_odds: Positive
    points_to_double_odds: Positive


class ForestParameters(Section):
    """Parameters of a random forest, by scikit-learn's names."""

    min_samples_leaf: int = Field(ge=1)
    max_features: float = Field(gt=0, le=1)


class BoostingParameters(Section):
    """Parameters of gradient boosting, by scikit-learn's names."""

    learning_rate: Positive
    max_leaf_nodes: int = Field(ge=2)
    min_samples_leaf: int = Field(ge=1)
    max_features: float = Field(gt=0, le=1)


class Search(Section):
    """The parameters that are tried, and the bounds of the search."""

    rows: int = Field(ge=100)
    trees: int = Field(ge=10, le=5000)
    served_trees: int = Field(ge=10, le=5000)
    trees_of_fold: int = Field(ge=10, le=5000)
    forest: tuple[ForestParameters, ...] = Field(min_length=1)
    most_rows_of_tree: int = Field(ge=100)
    rounds: tuple[int, ...] = Field(min_length=1)
    boosting: tuple[BoostingParameters, ...] = Field(min_length=1)


class LeakGuardLimits(Section):
    """When a feature is suspected to know the outcome."""

    warn_alone_auc_above: float = Field(gt=0.5, le=1)


class Retraining(Section):
    """When models are trained again. Drift asks for it no sooner than this after it last did."""

    pause_days: int = Field(default=7, ge=0, le=365)


class ProtectedBasis(NamePatterns):
    """Names of columns that are, or stand for, a protected basis; with `products`, for these only."""

    basis: str
    products: Words = ()


class MlPolicy(Policy):
    """policies/ml/ml.yaml."""

    reading: Reading
    split: Split
    scorecard: ScorecardScale
    search: Search
    leak_guard: LeakGuardLimits
    protected: tuple[ProtectedBasis, ...]
    predictions: NamePatterns
    drift: DriftLimits = DriftLimits()
    fairness: FairnessLimits = FairnessLimits()
    breakdowns: BreakdownLimits = BreakdownLimits()
    gate: GateLimits = GateLimits()
    retraining: Retraining = Retraining()
    checks: CheckLimits = CheckLimits()

    @property
    def of_served_models(self) -> "MlPolicy":
        """The same policy with forests as large as registered ones are."""
        return self.model_copy(update={"search": self.search.model_copy(update={"trees": self.search.served_trees})})


POLICY = MlPolicy


def load_ml_policy(path: Path | None = None) -> MlPolicy:
    """policies/ml/ml.yaml, or another file for the same. Raises SettingError with the file, key and bound."""
    return load_policy(path or policy_file("ml"), MlPolicy)
