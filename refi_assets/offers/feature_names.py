"""The features that a program's models may name, and the columns of the models' input that each stands for.

They are in policies/offers/features.yaml; the relation with the columns is made by sql/offers/program/.
"""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from refi_assets.offers.yaml_places import Keys, read_placed_yaml, validated
from refi_assets.specs.policies import POLICIES_DIR

FEATURES_FILE = POLICIES_DIR / "offers" / "features.yaml"

_Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]


class _FeaturesFile(Keys):
    features: dict[_Name, Annotated[tuple[_Name, ...], Field(min_length=1)]] = Field(min_length=1)


@cache
def feature_columns(path: Path = FEATURES_FILE) -> dict[str, tuple[str, ...]]:
    """Feature -> its columns. Raises SettingError with the file, line and key."""
    return validated(read_placed_yaml(path), _FeaturesFile).features
