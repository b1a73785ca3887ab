"""What a model card says: the facts and figures of one version of a model, collected before it is registered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from refi_assets.ml.beside import LibraryComparison
from refi_assets.ml.breakdowns import LiftPart, PartMeasures
from refi_assets.ml.drift import ColumnDrift
from refi_assets.ml.fairness import FairnessScreen, Interval
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.gate import GateVerdict
from refi_assets.ml.importance import FeatureImportance


@dataclass(frozen=True)
class FeatureText:
    """What a feature is, and its unit, as the SQL that defines it says."""

    description: str
    unit: str = ""


@dataclass(frozen=True)
class CardData:
    """One version of a model. Texts may be anybody's: the card escapes them.

    version: None if it is not registered yet. data: facts by name, such as relation, rows, period and SHA-256, in the
    order of the card. figures: of the test part, by kind of model and measure; `intervals`: of this model's.
    comparison: of two libraries, if the model asks for it.
    segments: by the column that defines them. screens: by basis. plots: SVG by file name, shown in their order.
    notes: warnings, and what had to be left out.
    """

    name: str
    model: FittedModel
    description: str
    intended_use: str
    use_limits: Sequence[str]
    data: Mapping[str, str]
    figures: Mapping[str, Mapping[str, float]]
    code_version: str
    version: int | None = None
    comparison: LibraryComparison | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    features: Mapping[str, FeatureText] = field(default_factory=dict)
    segments: Mapping[str, Sequence[PartMeasures]] = field(default_factory=dict)
    months: Sequence[PartMeasures] = ()
    lift: Sequence[LiftPart] = ()
    screens: Mapping[str, FairnessScreen] = field(default_factory=dict)
    gate: GateVerdict | None = None
    drifts: Sequence[ColumnDrift] = ()
    importances: Sequence[FeatureImportance] = ()
    plots: Mapping[str, bytes] = field(default_factory=dict)
    notes: Sequence[str] = ()
