"""Why a customer has an offer or not: every rule, the scores with their reasons, the tier, the amount and the price.

Values and limits are those of the run, so that the answer is the same a year later. The verdicts are SQL's: this module
translates their codes into text and compares nothing.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from sqlglot import exp

from refi_assets.engines.base import Row
from refi_assets.errors import ModelError, RefiError, SettingError
from refi_assets.ingestion.headers import trim
from refi_assets.ingestion.record_grammar import unquoted_cells
from refi_assets.offers.policy import ProgramPolicy
from refi_assets.offers.scored_details import PinnedModel, ScoredDetails
from refi_assets.publishing.published import PublishedRun
from refi_assets.specs.names import table_of
from refi_assets.specs.policies import policy_of
from refi_assets.specs.rules import Rule, rules_of
from refi_assets.specs.sql_models import Bindable, Parameter, load_sql_models

if TYPE_CHECKING:
    from refi_assets.ml.fitted import Reason, Score

SCORE_CODES = ("no_segment", "score_below_min", "default_risk_above_max")  # of `score`; the others are of `offer`


@dataclass(frozen=True)
class AskedRule:
    """One rule of a filter: the value, the limit, and whether it holds (None if there is no value to compare).

    `code` is the reason if it does not hold, and `eligible_when` the change that would make it hold. A rule without a
    limit in its head has its text as `limit`, and no column.
    """

    filter_id: str
    column: str | None
    value: str | None
    limit: str
    passed: bool | None
    code: str | None
    eligible_when: str | None


@dataclass(frozen=True)
class ExplainedScore:
    """A score of a pinned model, and its principal reasons; `unexplained` says why there are none.

    `points` are a scorecard's, and reasons then cost points; None for other models.
    """

    role: str
    model: str
    version: int | None
    score: Decimal
    points: int | None
    reasons: "tuple[Reason, ...]"
    unexplained: str | None


@dataclass(frozen=True)
class ExplainedAmount:
    """The arithmetic of an amount at the terms of a tier, in USD.

    `room_a_year` is the income that is left for payments; twelve payments fit into it. From `next_a_year` on, the next
    amount of the price list would fit; both are None for the largest amount of the tier.
    """

    credit_tier: str
    is_segment: bool
    income: Decimal
    debt_to_income_ratio: Decimal
    max_debt_to_income: Decimal
    room_a_year: Decimal
    amount: Decimal
    monthly_payment: Decimal | None
    next_amount: Decimal | None
    next_a_year: Decimal | None


@dataclass(frozen=True)
class ExplainedPrice:
    """The tier of a scored customer, and what a loan costs at its terms; price and `amount` are None if none fits."""

    credit_tier: str | None
    score_from: int | None
    score_to: int | None
    score_band: str | None
    likelihood_from: Decimal | None
    tier: str | None
    is_offered: bool
    amount: Decimal | None
    note_rate_pct: Decimal | None
    term_months: int | None
    monthly_payment: Decimal | None
    last_payment: Decimal | None
    origination_fee_pct: Decimal
    origination_fee: Decimal | None
    amount_financed: Decimal | None
    finance_charge: Decimal | None
    total_of_payments: Decimal | None
    apr_pct: Decimal | None
    expires_on: str | None


@dataclass(frozen=True)
class CustomerExplanation:
    """Everything a run knows about one customer. `quarantined` has the places of rows and the reasons, no cells.

    `rules` are those of the chain and, for a customer who passes it, of `score`, and after it of `offer`. `price` is
    None for a customer without scores.
    """

    customer_id: str
    run_id: str
    as_of: str
    program_id: str
    first_filter: str | None
    first_reason: str | None
    credit_score: int | None
    rules: tuple[AskedRule, ...]
    scores: tuple[ExplainedScore, ...]
    amounts: tuple[ExplainedAmount, ...]
    price: ExplainedPrice | None
    eligible_when: tuple[str, ...]
    person_id: str | None  # None if the customer's row is in quarantine
    other_records: tuple[str, ...]  # of the same person
    offered_as: str | None  # the person's record that has the offer
    quarantined: tuple[dict[str, Any], ...]


def explain_customer(run: PublishedRun, customer_id: str) -> CustomerExplanation:
    """Explain a customer of a run of a program. Raises RefiError if no file of the run has the customer."""
    key, policy = run.publication.name, _policy_behind(run)
    parameters = policy.parameters

    def ask(answer: str, **values: Bindable) -> list[Row]:
        return run.ask(f"{key}/answers/{answer}", customer_id=customer_id, **values)

    days = parameters.get("suppression_days", Parameter(0, "BIGINT"))  # a program may lack the filter
    customer = next(iter(ask("customer", suppression_days=days)), {})
    priced = next(iter(ask("priced_customer")), {})
    records = ask("records_of_person")
    quarantined = tuple(
        {name: row[name] for name in ("source", "file", "record_number", "reason", "column_name", "problem")}
        for row in run.ask(f"{key}/answers/quarantined_rows")
        if _names_customer(row, customer_id)
    )
    if not (customer or quarantined):
        raise RefiError(f"No file of run {run.run_id} (as of {run.as_of}) has a customer {customer_id!r}.")
    stops = ask("stops_of_customer")
    verdict: Row = next(iter(ask("verdict_on_customer")), {})
    values = shown_limits(policy)
    row = {**customer, **priced}
    rules = tuple(_asked_rules(key, policy, row, stops, values)) if customer else ()
    amounts = ask("affordable_amounts", max_debt_to_income=parameters["max_debt_to_income"])
    tiers = (customer.get("segment_tier"), priced.get("tier"))
    return CustomerExplanation(
        customer_id=customer_id,
        run_id=run.run_id,
        as_of=run.as_of.isoformat(),
        program_id=policy.program.program_id,
        first_filter=verdict.get("first_filter"),
        first_reason=verdict.get("first_reason"),
        credit_score=customer.get("credit_score"),
        rules=rules,
        scores=_scores(run, customer_id, priced) if priced else (),
        amounts=tuple(ExplainedAmount(**amount) for amount in amounts if amount["credit_tier"] in tiers),
        price=_price(policy, priced) if priced else None,
        eligible_when=tuple(dict.fromkeys(rule.eligible_when for rule in rules if rule.eligible_when)),
        person_id=next((record["person_id"] for record in records), None),
        other_records=tuple(record["customer_id"] for record in records if record["customer_id"] != customer_id),
        offered_as=next((record["customer_id"] for record in records if record["is_offered"]), None),
        quarantined=quarantined,
    )


def _policy_behind(run: PublishedRun) -> ProgramPolicy:
    """The policy of a run; that in force for a run that was killed before it recorded one."""
    values = run.manifest["policy"]["values"]
    return ProgramPolicy.model_validate(values) if values else cast(ProgramPolicy, policy_of(run.publication.name))


def shown_limits(policy: ProgramPolicy) -> dict[str, str]:
    """The values that texts of rules name, other than those of a customer."""
    program = policy.program
    segments = ", ".join(f"{part.credit_tier} ({part.score_from} to {part.score_to})" for part in program.segments)
    return {name: shown_value(parameter.value) for name, parameter in policy.parameters.items()} | {
        "segments": segments,
        "least_likelihood": shown_value([*program.score_bands.values()][-1]),
    }


def shown_value(value: object) -> str:
    """A value of a rule as text: exact numbers without trailing zeros, lists with commas."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, tuple):
        return ", ".join(shown_value(item) for item in value if item != "") or "none"
    return str(value)


def _asked_rules(
    key: str, policy: ProgramPolicy, row: Row, stops: Iterable[Row], values: Mapping[str, str]
) -> Iterable[AskedRule]:
    """The rules of every filter, in the order of the chain; of `score` and `offer` only if they judge the customer."""
    failed: dict[str, list[str]] = {}
    for stop in stops:
        failed.setdefault(stop["filter_id"], []).append(stop["code"])
    for step in policy.program.filters:
        model = f"{key}/filters/{step.name}"
        rules = rules_of(model) if model in load_sql_models() else {}
        yield from _judged_by(step.filter_id, rules.values(), failed.pop(step.filter_id, []), row, values)
    if "tier" not in row:
        return
    late = rules_of(f"{key}/priced")
    of_score = [rule for code, rule in late.items() if code in SCORE_CODES]
    stopped_by_score = failed.pop("score", [])
    yield from _judged_by("score", of_score, stopped_by_score, row, values)
    if not stopped_by_score:
        of_offer = [rule for code, rule in late.items() if code not in SCORE_CODES]
        yield from _judged_by("offer", of_offer, failed.pop("offer", []), row, values)


def _judged_by(
    filter_id: str, rules: Iterable[Rule], codes: Collection[str], row: Row, values: Mapping[str, str]
) -> Iterable[AskedRule]:
    """The rules of a filter. Codes of one limit, such as for a missing value, are one rule."""
    of_row = {name: shown_value(value) for name, value in row.items()}
    undeclared = list(codes)
    for text, same in groupby(rules, lambda rule: rule.text.partition("; else ")[0]):
        group = list(same)
        stop = next((rule for rule in group if rule.code in codes), None)
        rule = stop or group[-1]
        undeclared = [code for code in undeclared if code != rule.code]
        column = rule.column if rule.has_limit else None
        value = row.get(column) if column else None
        needed = {**values, **{name: of_row[name] for name, cell in row.items() if cell is not None}}
        yield AskedRule(
            filter_id=filter_id,
            column=column,
            value=None if value is None else shown_value(value),
            limit=rule.limit({**values, **of_row}) if rule.has_limit else text,
            passed=False if stop else True if column is None or value is not None else None,
            code=stop.code if stop else None,
            eligible_when=rule.needed_change(needed) if stop and rule.has_limit else None,
        )
    for code in undeclared:
        yield AskedRule(filter_id, None, None, code, passed=False, code=code, eligible_when=None)


def _price(policy: ProgramPolicy, priced: Row) -> ExplainedPrice:
    segment = next((part for part in policy.program.segments if part.credit_tier == priced["credit_tier"]), None)
    values: dict[str, Any] = {
        **priced,
        "score_from": segment.score_from if segment else None,
        "score_to": segment.score_to if segment else None,
        "likelihood_from": policy.program.score_bands.get(priced["score_band"] or ""),
        "origination_fee_pct": policy.program.origination_fee_pct,
        "expires_on": None if priced["expires_on"] is None else priced["expires_on"].isoformat(),
    }
    return ExplainedPrice(**{field.name: values[field.name] for field in fields(ExplainedPrice)})


def _scores(run: PublishedRun, customer_id: str, priced: Row) -> tuple[ExplainedScore, ...]:
    from refi_assets.offers.scoring import SCORES

    (scored,) = (relation for relation in run.relations if relation.key == f"{run.publication.name}/scored")
    scores = []
    for model in scored.details_as(ScoredDetails).models:
        again, unexplained = None, None
        try:
            again = _scored_again(run, customer_id, model)
        except (ModelError, SettingError) as error:
            unexplained = str(error)
        scores.append(
            ExplainedScore(
                role=model.role,
                model=model.name,
                version=model.version,
                score=priced[SCORES[model.role]],
                points=again.points if again else None,
                reasons=again.reasons if again else (),
                unexplained=unexplained,
            )
        )
    return tuple(scores)


def _scored_again(run: PublishedRun, customer_id: str, pinned: PinnedModel) -> "Score":
    """The score of the features that the run kept, with its reasons. Raises ModelError."""
    if pinned.version is None:
        raise ModelError(f"{pinned.endpoint} gives scores without reasons.")
    from refi_assets.ml.declared_models import declared_models
    from refi_assets.ml.registry import open_registry
    from refi_assets.ml.scoring import score_customer

    registered = open_registry().load(pinned.name, pinned.version)
    if registered.sha256 != pinned.sha256:
        raise ModelError(
            f"{pinned.name}, version {pinned.version}, is not what the run used: its SHA-256 was {pinned.sha256}."
        )
    names = [column.name for column in registered.model.inputs]
    query = exp.select(*names).from_(table_of(f"{run.publication.name}/features"))
    with run.engine.session(run.relations) as session:
        (row,) = session.query(query.where(exp.column("customer_id").eq(exp.Literal.string(customer_id))))
    features = {name: None if value is None else float(value) for name, value in row.items()}
    declared = declared_models().get(pinned.name)
    return score_customer(registered.model, declared, features) if declared else registered.model.score(features)


def _names_customer(row: Row, customer_id: str) -> bool:
    """Whether a row in quarantine is the customer's."""
    if row["original_cells"] is None:
        return customer_id in {trim(cell.decode(errors="replace")) for cell in unquoted_cells(row["original_bytes"])}
    cell = json.loads(row["original_cells"]).get("customer_id")
    return cell is not None and trim(cell) == customer_id
