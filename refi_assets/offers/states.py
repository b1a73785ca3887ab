"""The states of policies/offers/states.yaml: where the lender is licensed, and the highest APR that the law allows."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool

from refi_assets.offers.filter_steps import StateCode, exact_number
from refi_assets.offers.yaml_places import Keys, PlacedYaml, YamlProblem, read_placed_yaml, validated, yaml_place
from refi_assets.specs.policies import POLICIES_DIR, Day

STATES_FILE = POLICIES_DIR / "offers" / "states.yaml"


class StateLaw(Keys):
    """A state: whether the lender is licensed, the cap on the APR in percent, and where and when this was read."""

    model_config = ConfigDict(alias_generator=None)

    licensed: StrictBool
    max_apr_pct: Annotated[Decimal, BeforeValidator(exact_number), Field(ge=0, le=1000, decimal_places=6)]
    source: str = Field(min_length=1)
    as_of: Day


class _StatesFile(Keys):
    model_config = ConfigDict(alias_generator=None)

    reviewed_by: str | None = Field(default=None, min_length=1)
    reviewed_on: Day | None = None
    states: Annotated[dict[StateCode, StateLaw], BeforeValidator(lambda states: states or {})] = Field(default={})


@dataclass(frozen=True)
class States:
    """The states by code, and who reviewed the file and when."""

    states: dict[str, StateLaw]
    reviewed_by: str | None
    reviewed_on: date | None
    file: PlacedYaml

    @property
    def is_reviewed(self) -> bool:
        """Whether the file says by whom and when it was reviewed."""
        return bool(self.reviewed_by and self.reviewed_on)

    def place(self, code: str) -> str:
        """The line of a state's cap in the file."""
        key = ("states", code, "max_apr_pct")
        return f"{yaml_place(self.file.path, self.file.line_of(key))}, states.{code}"


@cache
def load_states(path: Path = STATES_FILE) -> States:
    """Read the states. Raises SettingError with the file, line and key, also if no state is licensed."""
    file = read_placed_yaml(path)
    read = validated(file, _StatesFile)
    if not read.states:
        raise file.refusal([YamlProblem(("states",), "there is no state in it, so nobody could get an offer.")])
    if not any(state.licensed for state in read.states.values()):
        raise file.refusal([YamlProblem(("states",), "no state is licensed, so nobody could get an offer.")])
    return States(read.states, read.reviewed_by, read.reviewed_on, file)
