"""Declared models: one YAML file each in policies/ml/models/, which says what is learned from which relation.

Training belongs to model_training.py. Limits that all models share are in policies/ml/ml.yaml.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from refi_assets.errors import ModelError
from refi_assets.ml.policy import Kind
from refi_assets.ml.policy_limits import DecisionRule
from refi_assets.specs.groups import domain_of_group
from refi_assets.specs.names import group_and_name
from refi_assets.specs.policies import POLICIES_DIR, Policy, Section, load_policy

RelationKey = Annotated[str, Field(pattern="[a-z][a-z0-9_]*/[a-z][a-z0-9_]*")]
MODELS_DIR = POLICIES_DIR / "ml" / "models"


class Groups(Section):
    """The relation with the groups of the fairness screen: a row for each id, a column for each basis."""

    relation: RelationKey
    bases: tuple[str, ...] = Field(min_length=1)


class DeclaredModel(Policy):
    """policies/ml/models/<name>.yaml. The positive value is that of the label as text, such as true."""

    description: str
    intended_use: str
    use_limits: tuple[str, ...]
    product: str | None = None
    relation: RelationKey
    customers: RelationKey | None = None
    label: str
    positive: str
    positive_is_adverse: bool = True
    time: str | None = None
    known_on: str | None = None
    id: str
    kind: Kind
    beside: Literal["spark_logistic_regression"] | None = None
    features: tuple[str, ...] = Field(min_length=1)
    segments: tuple[str, ...] = ()
    decision: DecisionRule = DecisionRule()
    groups: Groups | None = None
    reasons: dict[str, str] = Field(default_factory=dict)

    @property
    def domain(self) -> str:
        """The domain whose relation it learns from."""
        return domain_of_group(group_and_name(self.relation)[0])

    @model_validator(mode="after")
    def _roles_are_not_features(self) -> Self:
        roles = (self.label, self.id, self.time, self.known_on)
        if wrong := [role for role in roles if role in self.features and role is not None]:
            raise ValueError(f"features must not contain {', '.join(wrong)}, which has another role")
        if unknown := sorted(self.reasons.keys() - set(self.features)):
            raise ValueError(f"reasons names {', '.join(unknown)}, which is not a feature")
        return self


@cache
def declared_models(folder: Path = MODELS_DIR) -> dict[str, DeclaredModel]:
    """Every declared model by name. Raises SettingError naming the file and the key."""
    return {path.stem: load_policy(path, DeclaredModel) for path in sorted(folder.glob("*.yaml"))}


def declared_model(name: str) -> DeclaredModel:
    """A declared model. Raises ModelError if there is none of this name."""
    models = declared_models()
    if name not in models:
        raise ModelError(f"No model is named {name!a} in policies/ml/models. There are: {', '.join(models) or 'none'}.")
    return models[name]
