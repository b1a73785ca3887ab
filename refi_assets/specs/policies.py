"""Policies: the lender's thresholds from policies/*.yaml, typed and bounded.

A policy that is absurd (an LTV limit of 800) or contradicts itself (tiers out of order) is refused, with
the number and the bound. What the numbers do is written in sql/; this module only vouches for them.
"""

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from refi_assets.errors import SettingError

Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=6)]
Probability = Annotated[Decimal, Field(gt=0, lt=1, decimal_places=6)]
RateSpread = Annotated[Decimal, Field(gt=0, le=30, decimal_places=6)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Eligibility(_Section):
    """A borrower may be offered a refinance when both hold."""

    max_ltv_pct: Decimal = Field(gt=0, le=200, decimal_places=6)
    min_rate_spread: RateSpread


class Tiers(_Section):
    """Half-open bands on the exact spread, in percentage points."""

    immediate_action_above: RateSpread
    hot_lead_above: RateSpread
    watchlist_above: RateSpread

    @model_validator(mode="after")
    def _hottest_first(self) -> Self:
        if not self.immediate_action_above > self.hot_lead_above > self.watchlist_above:
            raise ValueError(
                "tiers must fall: immediate_action_above > hot_lead_above > watchlist_above, but they are "
                f"{self.immediate_action_above}, {self.hot_lead_above}, {self.watchlist_above}"
            )
        return self


class Above(_Section):
    """Limits on a share: beyond the first a warning, beyond the second the run stops."""

    warn_above: Percent
    block_above: Percent

    @model_validator(mode="after")
    def _warn_first(self) -> Self:
        if self.warn_above > self.block_above:
            raise ValueError(f"warn_above {self.warn_above} must not exceed block_above {self.block_above}")
        return self


class Below(_Section):
    """Limits on a share: under the first a warning, under the second the run stops."""

    warn_below: Percent
    block_below: Percent

    @model_validator(mode="after")
    def _warn_first(self) -> Self:
        if self.warn_below < self.block_below:
            raise ValueError(f"warn_below {self.warn_below} must not be under block_below {self.block_below}")
        return self


class Fall(_Section):
    """Limit on a change in percent: a fall beyond it stops the run."""

    block_below: Decimal = Field(ge=-100, lt=0, decimal_places=6)


class CheckLimits(_Section):
    """Limits of the asset checks, in percent."""

    quarantine_ratio_pct: Above
    match_ratio_pct: Below
    audience_share_pct: Above
    source_rows_change_pct: Fall


class Bounds(_Section):
    """Where a share is plausible, in percent: outside, a warning."""

    warn_below: Percent
    warn_above: Percent


class Change(_Section):
    """Limit on a change in percentage points: beyond it, a warning."""

    warn_beyond: Percent


class Identity(_Section):
    """Who is taken for one person, and when that stops a run."""

    match_probability: Probability = Decimal("0.99")
    review_probability: Probability = Decimal("0.5")
    largest_cluster: int = Field(default=10, ge=2)
    expected_duplicates_pct: Bounds = Bounds(warn_below=Decimal(0), warn_above=Decimal(50))
    clustered_share_pct: Change = Change(warn_beyond=Decimal(5))

    @model_validator(mode="after")
    def _review_before_match(self) -> Self:
        if self.review_probability > self.match_probability:
            raise ValueError(
                f"review_probability {self.review_probability} must not exceed match_probability "
                f"{self.match_probability}"
            )
        return self


class RefiPolicy(_Section):
    """policies/refi/refi.yaml."""

    eligibility: Eligibility
    tiers: Tiers
    checks: CheckLimits
    identity: Identity = Identity()

    @model_validator(mode="after")
    def _the_eligible_have_a_tier(self) -> Self:
        if self.eligibility.min_rate_spread <= self.tiers.watchlist_above:
            raise ValueError(
                f"min_rate_spread {self.eligibility.min_rate_spread} is not above watchlist_above "
                f"{self.tiers.watchlist_above}: a borrower could be eligible and in tier Ineligible at once"
            )
        return self

    @property
    def parameters(self) -> dict[str, Decimal]:
        """The numbers that SQL binds, by name."""
        thresholds = self.identity.model_dump(include={"match_probability", "review_probability"})
        return {**self.eligibility.model_dump(), **self.tiers.model_dump(), **thresholds}

    @property
    def sha256(self) -> str:
        """Hash of what the policy says, whatever its layout and comments."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load_refi_policy(path: Path) -> RefiPolicy:
    """The policy in a file. Raises SettingError with the file, the key and the bound."""
    try:
        raw: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_ExactNumbers)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        raise SettingError(f"{path}: there is no such policy file.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingError(f"{path} cannot be read as YAML: {error}") from None
    try:
        return RefiPolicy.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(
            ".".join(map(str, item["loc"])) + (": " if item["loc"] else "") + item["msg"].removeprefix("Value error, ")
            for item in error.errors()
        )
        raise SettingError(f"{path.name}: {problems}.") from None


class _ExactNumbers(yaml.SafeLoader):
    """Numbers stay as they are written, for Decimal to read: 1.10 is 1.10, and 075 is 75, not an octal 61."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise yaml.constructor.ConstructorError(None, None, f"{', '.join(repeated)} stands there twice")
        return super().construct_mapping(node, deep)


for _tag in ("float", "int"):
    _ExactNumbers.add_constructor(f"tag:yaml.org,2002:{_tag}", lambda loader, node: str(node.value))
