"""Asset checks of a program that are more than SQL: rates computed anew, and what moved since an earlier week.

The SQL that finds offers that break a rule is in sql/offers/program/checks/, limits are in policies/offers/offers.yaml.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from refi_assets.finance.apr import recomputed_apr_pct
from refi_assets.lake import Relation
from refi_assets.offers.policy import ScoreLimits
from refi_assets.offers.scored_details import ScoredDetails
from refi_assets.orchestration.asset_checks import Check, CheckedStep
from refi_assets.specs.outcomes import Outcome, none_of, share_pct
from refi_assets.specs.sql_models import load_sql_models


def rates_are_exact(step: CheckedStep, sampled_prices: int) -> Outcome:
    """Prices of offers whose annual percentage rate another method computes differently, of a sample of them.

    It has at least `sampled_prices`, or all if there are fewer.
    """
    program = step.relation.key.partition("/")[0]
    prices = step.ask(load_sql_models()[f"{program}/answers/offered_prices"])
    sample = prices[:: max(1, len(prices) // sampled_prices)]
    wrong = [
        f"{price['tier']} {price['amount']}"
        for price in sample
        if recomputed_apr_pct(
            price["amount_financed"],
            [price["monthly_payment"]] * (price["term_months"] - 1) + [price["last_payment"]],
        )
        != price["apr_pct"]
    ]
    return replace(none_of(len(wrong), wrong[:5], unit="prices"), description=f"{len(sample)} of {len(prices)} prices.")


def filter_shares_are_steady(step: CheckedStep, limit: Decimal) -> Outcome:
    """The largest change, since an earlier week, of the share of the extract that a filter stops."""
    program = step.relation.key.partition("/")[0]
    before, customers_before = (_earlier(step, f"{program}/{name}") for name in ("stops", "customers"))
    shown = f"less than {limit} percentage points"
    if before is None or customers_before is None:
        return Outcome(True, 0, shown, blocks=False, description="There is no earlier week to compare with.")
    customers = step.input(f"{program}/customers").rows
    moved = {
        name.removeprefix("alone: "): share_pct(step.relation.counts.get(name, 0), customers)
        - share_pct(before.counts.get(name, 0), customers_before.rows)
        for name in sorted({*step.relation.counts, *before.counts})
        if name.startswith("alone: ")
    }
    largest = max(map(abs, moved.values()), default=Decimal(0))
    beyond = [f"{name} {points:+.2f} points" for name, points in moved.items() if abs(points) >= limit]
    described = f"Compared with {before.as_of}. {', '.join(beyond)}".strip()
    return Outcome(not beyond, float(largest), shown, blocks=False, description=described)


def scores_are_steady(step: CheckedStep, limits: ScoreLimits) -> Outcome:
    """The larger of the two stability indexes of the scores, since an earlier week."""
    import numpy as np

    from refi_assets.ml.drift import stability_index

    before, shown = _earlier(step, step.relation.key), f"at most {limits.psi_above} (PSI)"
    now = step.relation.details_as(ScoredDetails).histograms
    then = before.details_as(ScoredDetails).histograms if before else {}
    if before is None or not all(sum(counts) for counts in (*now.values(), *then.values())):
        return Outcome(True, 0, shown, blocks=False, description="There are no scores of an earlier week.")
    indexes = {}
    for role, counts in now.items():
        shares, shares_before = (np.array(histogram) / sum(histogram) for histogram in (counts, then[role]))
        indexes[role] = stability_index(shares_before, shares, limits.least_share_pct / 100)
    largest = max(indexes.values())
    described = ", ".join(f"{role} {index:.4f}" for role, index in indexes.items())
    return Outcome(
        largest <= limits.psi_above,
        round(largest, 6),
        shown,
        blocks=False,
        description=f"Since {before.as_of}: {described}.",
    )


def scores_are_reused(step: CheckedStep, limit: Decimal) -> Outcome:
    """The share of scores that came from earlier runs, in percent."""
    from_cache = step.relation.details_as(ScoredDetails).from_cache
    scores = step.relation.rows * len(from_cache)
    share = share_pct(sum(from_cache.values()), scores) if scores else Decimal(0)
    return Outcome(share >= limit, float(share), f"at least {limit} %", blocks=False)


def _earlier(step: CheckedStep, key: str) -> Relation | None:
    return step.earlier(key, step.as_of - timedelta(days=1))


CHECKS: dict[str, Sequence[Check]] = {
    "offers": [
        Check(
            "rates_are_exact",
            "Another method computes the same annual percentage rates.",
            rates_are_exact,
            limits="checks.sampled_prices_count",
        )
    ],
    "stops": [
        Check(
            "filter_shares_are_steady",
            "Each filter stops about the same share of the extract as in an earlier week.",
            filter_shares_are_steady,
            may_block=False,
            limits="checks.share_points",
        )
    ],
    "scored": [
        Check(
            "scores_are_steady",
            "Scores are distributed as in an earlier week.",
            scores_are_steady,
            may_block=False,
            limits="checks.scores",
        ),
        Check(
            "scores_are_reused",
            "Scores of unchanged features come from earlier runs.",
            scores_are_reused,
            may_block=False,
            limits="checks.cache_share_pct_below",
        ),
    ],
}
