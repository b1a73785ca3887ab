"""A program file and a states file, read independently, as the rules of independent_reading.py need them.

The files are taken as correct: contradictions are for `refi offers check` to refuse.
"""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

# The values of the issue for files that have none.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "credit-qualification": {"maxExistingLoans": 2},
    "affordability": {
        "maxIncomeVariation": 0.5,
        "employmentAccepted": ["full_time", "part_time", "self_employed", "retired", "public_assistance"],
        "checkIncomeStability": True,
        "checkEmploymentStatus": True,
    },
    "eligibility": {"suppressionDays": 90},
    "regulatory-compliance": {
        "maxMaprPct": 36,
        "excludedStates": [],
        "checkStateLaws": True,
        "checkFederalCompliance": True,
    },
}


@dataclass(frozen=True)
class Segment:
    """The terms of a tier, and the credit scores of its customers, both ends included."""

    tier: str
    lowest: int
    highest: int
    max_amount: Decimal
    rate_pct: Decimal
    months: int


@dataclass(frozen=True)
class Program:
    """A program. `filters` are in their order, `segments` from the best tier to the worst, `bands` likewise."""

    program_id: str
    product: str
    filters: tuple[str, ...]
    parameters: dict[str, dict[str, Any]]
    channels: frozenset[str]
    segments: tuple[Segment, ...]
    bands: tuple[tuple[str, Decimal], ...]
    min_amount: Decimal
    fee_pct: Decimal
    max_default_probability: Decimal
    ttl_days: int

    def segment_of(self, credit_score: int | None) -> Segment | None:
        """The segment whose range has the score."""
        if credit_score is None:
            return None
        return next((part for part in self.segments if part.lowest <= credit_score <= part.highest), None)

    def segment_named(self, tier: str) -> Segment:
        """The segment of a tier."""
        return next(part for part in self.segments if part.tier == tier)

    def worse(self, *tiers: str) -> str:
        """The tier that is later in the list of segments."""
        return max(tiers, key=[part.tier for part in self.segments].index)

    def band_of(self, approval_likelihood: Decimal) -> str | None:
        """The best band whose lower end is reached."""
        return next((band for band, lowest in self.bands if approval_likelihood >= lowest), None)


@dataclass(frozen=True)
class State:
    """A state's law, as the states file has it."""

    licensed: bool
    max_apr_pct: Decimal | None


def decimal(value: Any) -> Decimal:
    """A YAML number as it is written."""
    return Decimal(str(value))


def program_in(file: Path) -> Program:
    """Read a program file."""
    document = yaml.safe_load(file.read_text("utf-8"))
    strategy = document["loanOfferStrategy"]
    chain = sorted(document["filterChain"], key=lambda entry: entry["order"])
    bands = strategy.get("scoreBands", {"excellent": 0.8, "good": 0.6, "fair": 0.4})
    return Program(
        program_id=document["programId"],
        product=document.get("product", "personal_loan"),
        filters=tuple(entry["filterId"] for entry in chain),
        parameters={
            entry["filterId"]: _DEFAULTS.get(entry["filterId"], {}) | entry.get("parameters", {}) for entry in chain
        },
        channels=frozenset(channel["type"] for channel in document["channels"] if channel["enabled"]),
        segments=tuple(
            Segment(
                tier=part["creditTier"],
                lowest=part["creditScoreRange"][0],
                highest=part["creditScoreRange"][1],
                max_amount=decimal(part["maxLoanAmount"]),
                rate_pct=decimal(part["interestRate"]),
                months=part["term"],
            )
            for part in strategy["segments"]
        ),
        bands=tuple(sorted(((band, decimal(low)) for band, low in bands.items()), key=lambda item: -item[1])),
        min_amount=decimal(strategy.get("minLoanAmount", 1000)),
        fee_pct=decimal(strategy.get("originationFeePct", 3)),
        max_default_probability=decimal(strategy.get("maxDefaultProbability", 0.08)),
        ttl_days=document["candidateTTLDays"],
    )


def states_in(file: Path) -> dict[str, State]:
    """Read a states file, by state."""
    states = yaml.safe_load(file.read_text("utf-8"))["states"]
    return {name: State(law["licensed"], _cap(law.get("max_apr_pct"))) for name, law in states.items()}


def _cap(value: Any) -> Decimal | None:
    return None if value is None else decimal(value)
