"""The funnel of a run of a program: how many customers each filter stops, and how that moved since the run before.

The counts are those of the manifest. Shares are of the extract.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from refi_assets.lake import ObjectStore
from refi_assets.publishing.publication import Publication

_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True)
class FunnelStep:
    """A filter, or `score` or `offer`: those who fail it, alone and in sequence, and those who remain after it.

    `share_pct` is in_sequence as a share of the extract; `share_moved` its change in percentage points since the run
    before, None without one.
    """

    name: str
    alone: int
    in_sequence: int
    share_pct: Decimal
    remaining: int
    reasons: dict[str, int]
    share_moved: Decimal | None


@dataclass(frozen=True)
class FunnelTier:
    """The offers of a tier, their amounts in USD, and their share of the extract."""

    tier: str
    offers: int
    amount: Decimal
    share_pct: Decimal
    share_moved: Decimal | None


@dataclass(frozen=True)
class Funnel:
    """The funnel of a run, beside that of a day before, if there is one."""

    run_id: str
    as_of: str
    before: str | None  # the as-of day of the run that it is compared with
    accepted: int
    steps: tuple[FunnelStep, ...]
    tiers: tuple[FunnelTier, ...]


def funnel_of(manifest: Mapping[str, Any], before: Mapping[str, Any] | None) -> Funnel:
    """The funnel of a manifest, compared with that of an earlier day."""
    counts = manifest["counts"]
    accepted = remaining = counts["accepted"]
    steps = []
    for name, stopped in counts["stopped"].items():
        remaining -= stopped["in_sequence"]
        share = _share(stopped["in_sequence"], counts)
        earlier = before["counts"]["stopped"].get(name) if before else None
        moved = share - _share(earlier["in_sequence"], before["counts"]) if before and earlier else None
        steps.append(FunnelStep(name, **stopped, share_pct=share, remaining=remaining, share_moved=moved))
    tiers = []
    for segment in manifest["policy"]["values"]["program"]["loanOfferStrategy"]["segments"]:
        tier = segment["creditTier"]
        offers = counts["offers"].get(tier, 0)
        share = _share(offers, counts)
        moved = share - _share(before["counts"]["offers"].get(tier, 0), before["counts"]) if before else None
        tiers.append(FunnelTier(tier, offers, Decimal(manifest["amounts"].get(tier, "0.00")), share, moved))
    return Funnel(
        run_id=manifest["run_id"],
        as_of=manifest["as_of"],
        before=before["as_of"] if before else None,
        accepted=accepted,
        steps=tuple(steps),
        tiers=tuple(tiers),
    )


def manifest_before(publication: Publication, lake: ObjectStore, as_of: str) -> dict[str, Any] | None:
    """The manifest of the newest day before, of the last run of that day that became the latest; None without one."""
    earlier = [commit for commit in publication.commits(lake) if commit["as_of"] < as_of]
    if not earlier:
        return None
    day = max(commit["as_of"] for commit in earlier)
    run_id = [commit["run_id"] for commit in earlier if commit["as_of"] == day][-1]
    return publication.manifest(lake, run_id)


def _share(customers: int, counts: Mapping[str, Any]) -> Decimal:
    """Customers as a share of the extract, in percent, rounded half up to two decimals."""
    accepted: int = max(counts["accepted"], 1)
    return (Decimal(100 * customers) / accepted).quantize(_HUNDREDTH, ROUND_HALF_UP)
