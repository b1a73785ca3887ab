"""The policies of offers: limits that all programs share, and everything that decides the offers of one program.

Limits are in policies/offers/offers.yaml, programs in policies/offers/programs/, the rules of states in
policies/offers/states.yaml. A manifest keeps all three of a run, so that it can be replayed after they have changed.
"""

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field, field_serializer

from refi_assets.errors import SettingError
from refi_assets.offers.program import Program
from refi_assets.offers.program_warnings import warnings_of
from refi_assets.offers.programs import load_program, programs
from refi_assets.offers.states import StateLaw, load_states
from refi_assets.specs.policies import CheckLimits, Percent, Policy, Section, load_policy, policy_file
from refi_assets.specs.programs import ProgramFile
from refi_assets.specs.sql_models import Parameter
from refi_assets.specs.yaml_loader import load_yaml


class ScoreLimits(Section):
    """Limit on the change of the scores from week to week (PSI); a share below `least_share_pct` counts as that."""

    psi_above: float = Field(gt=0)
    least_share_pct: float = Field(gt=0, le=1)


class OffersLimits(CheckLimits):
    """Limits of checks. A share of the extract may move by less than `share_points` percentage points in a week."""

    sampled_prices_count: int = Field(ge=1)
    share_points: Percent
    scores: ScoreLimits
    cache_share_pct_below: Percent


class OffersPolicy(Policy):
    """policies/offers/offers.yaml. A score is used again for `score_cache_days`; with 0, never."""

    score_cache_days: int = Field(ge=0)
    checks: OffersLimits


POLICY = OffersPolicy


class ProgramPolicy(Policy):
    """A program with the rules of states, and with what all programs share."""

    program: Program
    states: dict[str, StateLaw]
    reviewed_by: str | None
    reviewed_on: date | None
    programs_of_other_products: tuple[str, ...]
    score_cache_days: int
    checks: OffersLimits

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters that SQL binds, by name."""
        others = self.programs_of_other_products or ("",)  # a list in IN (...) has an item
        return self.program.parameters | {"programs_of_other_products": Parameter(others, "VARCHAR")}

    def parameters_of(self, names: Collection[str]) -> dict[str, Parameter]:
        """The parameters with these names."""
        return {name: value for name, value in self.parameters.items() if name in names}

    @property
    def parameter_keys(self) -> dict[str, str]:
        """Name of a parameter -> its place."""
        keys = {name: name for name in self.parameters}
        for step in self.program.filters:
            keys |= {name: f"{step.filter_id}.{key}" for name, key in step.parameter_keys.items()}
        return keys

    @property
    def warnings(self) -> list[str]:
        """The warnings that a reader of the offers must see."""
        is_reviewed = bool(self.reviewed_by and self.reviewed_on)
        return warnings_of(self.program, self.states, is_reviewed=is_reviewed)

    @field_serializer("program")
    def _as_its_file(self, program: Program) -> dict[str, Any]:
        return program.values


def load_program_policy(file: ProgramFile, path: Path) -> ProgramPolicy:
    """The policy of a program, from `path`: its file, another version of it, or what a manifest kept of one.

    Raises SettingError, also if the filters are not those of the program's file in their order: SQL is made for these.
    """
    try:
        document = load_yaml(path.read_bytes())
    except (OSError, ValueError):
        document = None  # load_program reports it
    if isinstance(document, dict) and "program" in document:
        policy = load_policy(path, ProgramPolicy)
    else:
        policy = _policy_of_file(path)
    program_id, filters = policy.program.program_id, tuple(step.filter_id for step in policy.program.filters)
    if policy.program.key != file.key:
        raise SettingError(f"{path.name}: its programId is {program_id}; rename the file or change the id.")
    if filters != file.filters:
        raise SettingError(
            f"{path.name}: its filters are {', '.join(filters)}; those of {file.path.name} are "
            f"{', '.join(file.filters)}, and SQL judges by these, in this order. Change {file.path.name} as well."
        )
    return policy


def _policy_of_file(path: Path) -> ProgramPolicy:
    program, states, shared = load_program(path), load_states(), load_policy(policy_file("offers"), OffersPolicy)
    return ProgramPolicy(
        program=program,
        states=states.states,
        reviewed_by=states.reviewed_by,
        reviewed_on=states.reviewed_on,
        programs_of_other_products=tuple(
            other.program_id for other in programs().values() if other.product != program.product
        ),
        score_cache_days=shared.score_cache_days,
        checks=shared.checks,
    )
