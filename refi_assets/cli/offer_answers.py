"""Answers about a run of a program, printed as text or as JSON: explain, funnel."""

import json
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from refi_assets.cli.answers import show_quarantined, show_unpublished, unpublished_fields
from refi_assets.cli.terminal import Terminal, one_line
from refi_assets.cli.unpublished import UnpublishedRun
from refi_assets.errors import StoreError
from refi_assets.offers.explain import (
    CustomerExplanation,
    ExplainedAmount,
    ExplainedPrice,
    ExplainedScore,
    explain_customer,
    shown_value,
)
from refi_assets.offers.funnel import funnel_of, manifest_before
from refi_assets.publishing.published import PublishedRun
from refi_assets.store.sqlite_store import open_store

_VERDICTS = {True: "pass", False: "FAIL", None: "does not apply"}
_SCORE_NAMES = {"approval": "Approval likelihood", "default": "Default probability"}


@dataclass(frozen=True)
class KeptOffer:
    """An offer of an earlier run that is still live, because the customer has heard of it. `amount` is in USD."""

    offer_id: str
    customer_id: str
    tier: str
    amount: Decimal
    expires_on: str


def show_customer(run: PublishedRun, customer_id: str, *, as_json: bool) -> None:
    """Print why a customer has an offer or not. Raises RefiError if no file of the run has the customer."""
    with run.engine.kept_open():
        explanation = explain_customer(run, customer_id)
    not_reached = sorted(run.not_reached) if isinstance(run, UnpublishedRun) else []
    kept = _kept_offers(run, explanation)
    if as_json:
        kept_offers = {"kept_offers": list(map(asdict, kept))}
        _print_answer(asdict(explanation) | kept_offers | unpublished_fields(run, not_reached))
        return
    console = Terminal()
    if isinstance(run, UnpublishedRun):
        show_unpublished(console, run)
    _show_outcome(console, explanation, not_reached)
    for offer in kept:
        console.say(
            f"{one_line(offer.customer_id)} still has an offer of an earlier run: {_usd(offer.amount)} USD in tier "
            f"{offer.tier}, until {offer.expires_on} (offer {offer.offer_id})."
        )
    if explanation.rules:
        console.table(
            ("filter", "column", "value", "limit", "", "reason"),
            [
                (
                    rule.filter_id,
                    rule.column or "",
                    "" if rule.value is None else one_line(rule.value),
                    rule.limit,
                    _VERDICTS[rule.passed],
                    rule.code or "",
                )
                for rule in explanation.rules
            ],
        )
    if explanation.rules and not explanation.price and not not_reached:
        console.say("There are no scores: only customers who pass every filter are scored.")
    for score in explanation.scores:
        _show_score(console, score)
    if explanation.price:
        _show_tier(console, explanation.price, explanation.credit_score)
    for amount in explanation.amounts:
        _show_amount(console, amount)
    if explanation.price and explanation.price.amount is not None:
        _show_price(console, explanation.price)
    if explanation.eligible_when:
        console.say(f"What would change the answer: {'; and '.join(explanation.eligible_when)}; all else equal.")
        if not explanation.price:
            console.say("The customer would then be scored, and the rules of score and offer would apply.")
    for row in explanation.quarantined:
        show_quarantined(console, row)


def _kept_offers(run: PublishedRun, explanation: CustomerExplanation) -> list[KeptOffer]:
    """Those of a person to whom the run makes no offer, if the week of the run is the one that is served."""
    if explanation.offered_as is not None:
        return []
    records = (explanation.customer_id, *explanation.other_records)
    try:
        with open_store(run.lake.name, run.publication.name, read_only=True) as store:
            week = store.current()
            if week is None or week.run_id != run.run_id:
                return []
            offers = [offer for record in records for offer in store.offers_of(record, run.as_of)]
    except StoreError as error:
        Terminal(stderr=True).warn(one_line(f"Warning: whether an earlier offer is still live is not known. {error}"))
        return []
    return [
        KeptOffer(
            *(offer.offer_id, offer.customer_id, offer.tier),
            *(Decimal(offer.amount_cents).scaleb(-2), str(offer.expires_on)),
        )
        for offer in offers
    ]


def _show_outcome(console: Terminal, explanation: CustomerExplanation, not_reached: list[str]) -> None:
    price, why = explanation.price, ""
    if price and price.is_offered:
        outcome = f"has an offer of {_usd(price.amount)} USD in tier {price.tier}"
        why = f", until {price.expires_on}"
    elif explanation.first_reason:
        outcome, why = "has no offer", f": {explanation.first_filter} says {explanation.first_reason} first"
    elif explanation.rules or not_reached:
        outcome = "was not judged to the end"
    else:
        outcome, why = "was not judged", ": the customer's rows are in quarantine"
    run = f"program {explanation.program_id}, run {explanation.run_id}"
    console.say(f"{one_line(explanation.customer_id)} {outcome} as of {explanation.as_of} ({run}){why}.")
    if not_reached:
        console.say(f"The run stopped before it materialized {', '.join(not_reached)}.")
    if explanation.other_records:
        records = ", ".join(map(one_line, explanation.other_records))
        ending = f"; the offer is made to {one_line(explanation.offered_as)}" if explanation.offered_as else ""
        console.say(f"The same person ({one_line(explanation.person_id or '')}) is also {records}{ending}.")


def _show_score(console: Terminal, score: ExplainedScore) -> None:
    version = "" if score.version is None else f", version {score.version}"
    points = "" if score.points is None else f", {score.points} points"
    console.say(f"{_SCORE_NAMES[score.role]}: {score.score} ({score.model}{version}{points}).")
    if score.unexplained:
        console.say(f"    Its reasons are not known: {one_line(score.unexplained)}")
    unit = "" if score.points is None else " points"
    for reason in score.reasons:
        value = "unknown" if reason.value is None else reason.value
        text = f": {reason.text}" if reason.text else ""
        console.say(f"    {reason.feature} = {value}{text} (costs {reason.contribution:g}{unit})")


def _show_tier(console: Terminal, price: ExplainedPrice, credit_score: int | None) -> None:
    score = f"The credit score {shown_value(credit_score)} is in"
    segment, band, tier = f"{score} no segment", "the approval likelihood is in no score band", "there is no tier"
    if price.credit_tier:
        segment = f"{score} segment {price.credit_tier} ({price.score_from} to {price.score_to})"
    if price.score_band:
        band = f"the approval likelihood is in band {price.score_band} (at least {shown_value(price.likelihood_from)})"
    if price.tier:
        tier = f"the tier is the worse of the two, {price.tier}"
    console.say(f"{segment}; {band}; {tier}.")


def _show_amount(console: Terminal, amount: ExplainedAmount) -> None:
    limit, ratio, income = (
        shown_value(amount.max_debt_to_income),
        shown_value(amount.debt_to_income_ratio),
        f"{amount.income:,.2f}",
    )
    place = "of the segment" if amount.is_segment else "of the final tier"
    console.say(
        f"Amount at the terms {place}, {amount.credit_tier}: "
        f"room for payments = ({limit} - {ratio}) x {income} = {_exact(amount.room_a_year)} USD a year, "
        f"{_exact(amount.room_a_year / 12)} USD a month."
    )
    if amount.monthly_payment is not None:
        console.say(
            f"    {_usd(amount.amount)} USD cost {_usd(amount.monthly_payment)} USD a month, "
            f"{_usd(12 * amount.monthly_payment)} USD a year, and fit."
        )
    if amount.next_amount is None:
        console.say("    It is the largest amount of the tier.")
    elif amount.next_a_year is not None:
        console.say(
            f"    {_usd(amount.next_amount)} USD would need room for {_usd(amount.next_a_year / 12)} USD a month, "
            f"{_usd(amount.next_a_year)} USD a year, and do not fit."
        )


def _show_price(console: Terminal, price: ExplainedPrice) -> None:
    amount, fee, financed = _usd(price.amount), _usd(price.origination_fee), _usd(price.amount_financed)
    total, term = _usd(price.total_of_payments), price.term_months or 0
    title = "Offer" if price.is_offered else "The loan would be"
    console.say(f"{title}: {amount} USD at {shown_value(price.note_rate_pct)} % for {term} months.")
    for line in (
        f"total of payments = {term - 1} x {_usd(price.monthly_payment)} + {_usd(price.last_payment)} = {total}",
        f"origination fee = {shown_value(price.origination_fee_pct)} % of {amount} = {fee}",
        f"amount financed = {amount} - {fee} = {financed}",
        f"finance charge = {total} - {financed} = {_usd(price.finance_charge)}",
        f"APR = {price.apr_pct} % (Regulation Z, Appendix J)",
    ):
        console.say(f"    {line}")


def show_funnel(run: PublishedRun, *, as_json: bool) -> None:
    """Print the funnel of a published run, beside the run of the newest day before, if there is one."""
    before = manifest_before(run.publication, run.lake, run.manifest["as_of"])
    funnel = funnel_of(run.manifest, before)
    if as_json:
        _print_answer(asdict(funnel))
        return
    console = Terminal()
    compared = f", compared with {funnel.before}" if funnel.before else ""
    moved = ("points moved",) if funnel.before else ()
    console.table(
        ("filter", "alone", "in sequence", "% of extract", "remaining", *moved),
        [
            (step.name, step.alone, step.in_sequence, step.share_pct, step.remaining, *_moved(moved, step.share_moved))
            for step in funnel.steps
        ],
        title=f"{funnel.accepted:,} customers as of {funnel.as_of} (run {funnel.run_id}){compared}",
    )
    console.table(
        ("tier", "offers", "% of extract", "USD", *moved),
        [
            (tier.tier, tier.offers, tier.share_pct, _usd(tier.amount), *_moved(moved, tier.share_moved))
            for tier in funnel.tiers
        ],
    )


def _moved(columns: tuple[str, ...], points: Decimal | None) -> tuple[str, ...]:
    return ("" if points is None else f"{points:+}",) if columns else ()


def _usd(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"


def _exact(amount: Decimal) -> str:
    """An amount with two decimals, or more if it has more; at most six."""
    text = f"{amount:,.6f}"
    return text[:-4] + text[-4:].rstrip("0")


def _print_answer(answer: dict[str, Any]) -> None:
    print(json.dumps(answer, default=_for_json))


def _for_json(value: object) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else str(value)
