"""The bodies of requests and answers. A field that is here never changes its name or meaning; new ones may be added."""

import sys
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, model_validator

from refi_assets.store.protocol import EventKind


def _feature_value(value: object) -> float | str | bool | None:
    """Strict, and with one message: "7" is not 7, and NaN and Infinity are not JSON."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) <= sys.float_info.max:
        return float(value)
    if isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value):
        return value
    raise ValueError("it must be a finite number, a text, true, false or null")


_AnyValue = float | str | bool | None
FeatureValue = Annotated[_AnyValue, PlainValidator(_feature_value, json_schema_input_type=_AnyValue)]
ExactNumber = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]  # up to 15 digits


class ScoreRequest(BaseModel):
    """A request for a score by a model, of features or of a customer whose features are published.

    Or for a decision on a borrower, by the live features that the stream keeps and the champion of live_default.

    Or for a verdict and a price by the rules of a program, of a customer's values or of a customer of its last
    published run. For values, the rules on contact and on earlier offers are left out: nothing is known of either.
    """

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str | None, Field(description="The model's name. It may be left out if only one is served.")] = (
        None
    )
    features: Annotated[
        dict[str, FeatureValue] | None,
        Field(description="Every feature of the model, by name. null means that the value is unknown."),
    ] = None
    customer_id: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=200,
            description="A customer of the published features, or of the program's last published run.",
        ),
    ] = None
    program: Annotated[
        str | None, Field(description="The id of the program whose rules judge the customer, instead of a model.")
    ] = None
    customer: Annotated[
        dict[str, FeatureValue] | None,
        Field(
            description="The values that the program's rules read, by name. null, or a missing optional value, is "
            "unknown. Of each number, as many decimals count as in a file, rounded half up."
        ),
    ] = None
    borrower_id: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="A borrower whose live features decide, instead of all above."),
    ] = None

    @model_validator(mode="after")
    def _has_one_of_both(self) -> "ScoreRequest":
        if self.borrower_id is not None:
            for other in sorted(self.model_fields_set - {"borrower_id"}):
                if getattr(self, other) is not None:
                    raise ValueError(f"{other} does not go with a borrower_id")
            return self
        given = "features" if self.program is None else "customer"
        for absent in ("customer",) if self.program is None else ("model", "features"):
            if getattr(self, absent) is not None:
                raise ValueError(f"{absent} {'needs' if self.program is None else 'does not go with'} a program")
        if (getattr(self, given) is None) == (self.customer_id is None):
            raise ValueError(f"give either {given} or customer_id")
        return self


class ScoreReason(BaseModel):
    """A principal reason why the score is not better."""

    feature: Annotated[str, Field(description="The feature's name.")]
    value: Annotated[float | str | bool | None, Field(description="Its value; null if it is unknown.")]
    contribution: Annotated[
        float,
        Field(
            description="How much worse the feature makes the score: of a logistic_regression, points lost against the "
            "best possible value; of gradient_boosting its SHAP value in log-odds; of a random_forest, in probability."
        ),
    ]
    text: Annotated[
        str | None,
        Field(description="The reason in the words of Regulation B's sample form C-1, if those are exact."),
    ]


class ScoreAnswer(BaseModel):
    """A score, with the model that made it and its principal reasons."""

    model: Annotated[str, Field(description="The model's name.")]
    version: Annotated[int, Field(description="Its version in the registry.")]
    kind: Annotated[str, Field(description="logistic_regression, random_forest or gradient_boosting.")]
    probability: Annotated[
        float, Field(ge=0, le=1, description="The calibrated probability of the outcome that the model predicts.")
    ]
    points: Annotated[int | None, Field(description="The scorecard's points; null for other kinds of models.")]
    reasons: Annotated[list[ScoreReason], Field(description="Principal reasons, the strongest first.")]
    as_of: Annotated[date | None, Field(description="The day of the customer's features; null if they were given.")]
    run_id: Annotated[
        str | None, Field(description="The run that published the customer's features; null if they were given.")
    ]


class BorrowerReason(BaseModel):
    """Why a borrower is not approved."""

    code: Annotated[str, Field(description="The reason's code.")]
    text: Annotated[str, Field(description="The reason in words, with the policy's bounds.")]


class BorrowerScoreAnswer(BaseModel):
    """A decision on a borrower, which is in the log of decisions, and the score that it rests on."""

    borrower_id: Annotated[str, Field(description="The borrower.")]
    decision: Annotated[
        Literal["approve", "refer", "decline"], Field(description="refer: a person decides, for one of the reasons.")
    ]
    decision_reasons: Annotated[
        list[BorrowerReason], Field(description="Every reason against an approval; empty for an approval.")
    ]
    model: Annotated[str, Field(description="The model's name.")]
    version: Annotated[int, Field(description="Its version in the registry.")]
    probability: Annotated[
        ExactNumber | None,
        Field(ge=0, le=1, description="Probability of default; null if features that the model needs are missing."),
    ]
    reasons: Annotated[
        list[ScoreReason],
        Field(description="Principal reasons of the score, the strongest first: those of an adverse action."),
    ]
    as_of: Annotated[date, Field(description="The day as of which the features were computed, in UTC.")]
    processed_at: Annotated[datetime, Field(description="When the stream computed them.")]
    newest_event_time: Annotated[datetime | None, Field(description="The newest event that they count.")]


class ProgramReason(BaseModel):
    """A rule of the program that the customer fails."""

    filter_id: Annotated[str, Field(description="The filter that has the rule; score or offer after the chain.")]
    code: Annotated[str, Field(description="The reason's code, as in the verdicts of the program's runs.")]
    text: Annotated[str, Field(description="The rule in words, with the program's limits.")]


class ScoringModel(BaseModel):
    """A model that scored the customer."""

    role: Annotated[str, Field(description="approval or default.")]
    name: Annotated[str, Field(description="The name of the registered model, or of the endpoint.")]
    version: Annotated[int | None, Field(description="Its version in the registry; null for an endpoint.")]


class ProgramScoreAnswer(BaseModel):
    """The verdict of a program on a customer, with the terms of the offer if no rule stops the customer."""

    program_id: Annotated[str, Field(description="The program.")]
    as_of: Annotated[date, Field(description="The day of the verdict: of the run, or today for given values.")]
    run_id: Annotated[
        str | None, Field(description="The run whose customer was judged; null if the values were given.")
    ]
    approval_likelihood: Annotated[
        ExactNumber | None, Field(description="Probability of approval; null if the chain stops the customer.")
    ]
    default_probability: Annotated[
        ExactNumber | None, Field(description="Probability of default; null if the chain stops the customer.")
    ]
    credit_tier: Annotated[str | None, Field(description="The tier of the credit score.")]
    score_band: Annotated[str | None, Field(description="The tier of the approval likelihood.")]
    tier: Annotated[
        str | None, Field(description="The final tier, the worse of the two; like all below, null without an offer.")
    ]
    amount: Annotated[ExactNumber | None, Field(description="The amount of the loan, in USD.")]
    note_rate_pct: Annotated[ExactNumber | None, Field(description="Interest rate of the note, in percent a year.")]
    term_months: Annotated[int | None, Field(description="Number of payments.")]
    monthly_payment: Annotated[ExactNumber | None, Field(description="Every payment but the last, in USD.")]
    last_payment: Annotated[ExactNumber | None, Field(description="The last payment, in USD.")]
    origination_fee: Annotated[ExactNumber | None, Field(description="The fee inside the amount, in USD.")]
    amount_financed: Annotated[ExactNumber | None, Field(description="The amount less the fee, in USD.")]
    finance_charge: Annotated[ExactNumber | None, Field(description="All payments less the amount financed, in USD.")]
    total_of_payments: Annotated[ExactNumber | None, Field(description="All payments, in USD.")]
    apr_pct: Annotated[ExactNumber | None, Field(description="Annual percentage rate by Regulation Z, in percent.")]
    expires_on: Annotated[date | None, Field(description="The last day of the offer.")]
    reasons: Annotated[
        list[ProgramReason],
        Field(description="Every reason against an offer, in the order of filters and rules; empty if there is one."),
    ]
    models: Annotated[
        list[ScoringModel], Field(description="The models that scored; none if the chain stops the customer.")
    ]


class InvocationRequest(BaseModel):
    """Rows to score together."""

    model_config = ConfigDict(extra="forbid")

    instances: Annotated[
        list[dict[str, FeatureValue]],
        Field(min_length=1, description="Rows, each with every feature of the model. null means unknown."),
    ]


class Prediction(BaseModel):
    """The score of one row."""

    probability: Annotated[
        float, Field(ge=0, le=1, description="The calibrated probability of the outcome that the model predicts.")
    ]


class InvocationAnswer(BaseModel):
    """The scores, in the order of the rows."""

    predictions: list[Prediction]


class ModelState(BaseModel):
    """A served model."""

    model: str
    version: Annotated[int | None, Field(description="The version that is served; null if none could be loaded.")]
    error: Annotated[str | None, Field(description="Why the current champion is not served; null if it is.")]


class ContactState(BaseModel):
    """The last answer of the registry or the lake."""

    age_seconds: Annotated[float | None, Field(description="Seconds since its last answer; null before the first.")]
    error: Annotated[str | None, Field(description="Why it does not answer now; null if it does.")]


class FeaturesState(ContactState):
    """The published features of customers."""

    as_of: date | None
    run_id: str | None
    customers: int


class OffersState(BaseModel):
    """The stored offers of a program."""

    program_id: str
    as_of: Annotated[date | None, Field(description="The day of the current week; null before the first.")]
    run_id: str | None
    error: Annotated[str | None, Field(description="Why the store cannot be read; null if it can.")]
    events_error: Annotated[str | None, Field(description="Why the last event was not recorded.")]
    scores_error: Annotated[
        str | None, Field(description="Why its rules, models or published customers could not be loaded.")
    ]


class Readiness(BaseModel):
    """Whether scores and offers can be answered, and by what."""

    status: Literal["ready"] = "ready"
    models: list[ModelState]
    registry: ContactState
    features: FeaturesState
    offers: list[OffersState]
    keys: ContactState


class Health(BaseModel):
    """The process is alive."""

    status: Literal["alive"] = "alive"


class FieldError(BaseModel):
    """What is wrong with a field of the request."""

    field: Annotated[str, Field(description="The field, as in features.income; empty for the body as a whole.")]
    message: str


class Problem(BaseModel):
    """An error as RFC 9457 has it."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(description="The kind of problem, urn:refi:problem:…, which never changes.")]
    title: str
    status: int
    detail: Annotated[str, Field(description="What is wrong and what to do, in words, which may change.")]
    request_id: Annotated[str, Field(description="The same as in the header X-Request-ID.")]
    errors: Annotated[list[FieldError], Field(description="The fields that are wrong.")] = []


class Offer(BaseModel):
    """An offer that is live, with every number that must be disclosed. Amounts are in USD."""

    model_config = ConfigDict(extra="forbid")

    offer_id: Annotated[str, Field(description="Names these terms forever.")]
    program_id: str
    product: str
    offered_on: date
    customer_id: str
    credit_tier: Annotated[str, Field(description="The tier of the segment of the credit score.")]
    score_band: Annotated[str, Field(description="The tier of the band of the approval likelihood.")]
    tier: Annotated[str, Field(description="The final tier, the worse of the two.")]
    approval_likelihood: Annotated[float, Field(ge=0, le=1)]
    default_probability: Annotated[float, Field(ge=0, le=1)]
    amount: float
    note_rate_pct: Annotated[float, Field(description="The yearly interest rate in percent.")]
    term_months: int
    monthly_payment: float
    last_payment: float
    origination_fee: float
    amount_financed: float
    finance_charge: float
    total_of_payments: float
    apr_pct: Annotated[float, Field(description="The annual percentage rate.")]
    expires_on: Annotated[date, Field(description="The last day of the offer.")]


class OffersOfCustomer(BaseModel):
    """The live offers of a customer: of each program, none or one."""

    offers: list[Offer]


class OfferCandidates(BaseModel):
    """A page of candidates, and the week of which it is."""

    program_id: str
    run_id: Annotated[str, Field(description="The run that published these offers.")]
    as_of: date
    candidates: list[Offer]
    next_cursor: Annotated[str | None, Field(description="The cursor of the next page; null after the last one.")]


class OfferBanner(BaseModel):
    """A banner to show in the app."""

    program_id: str
    placement: Annotated[str | None, Field(description="Where in the app; null for anywhere.")]
    banner_type: str | None
    display_duration: Annotated[int | None, Field(description="Days from the first display; null for no limit.")]
    first_displayed_at: datetime | None
    displays: Annotated[int, Field(description="How often it was displayed, by the events that were reported.")]
    ends_at: Annotated[datetime | None, Field(description="When the banner ends; null before the first display.")]
    offer: Offer


class OfferBanners(BaseModel):
    """The banners of a customer: of each program, none or one."""

    banners: list[OfferBanner]


class EventBody(BaseModel):
    """An event of an offer. Its time is that of the recording."""

    model_config = ConfigDict(extra="forbid")

    event: Annotated[EventKind, Field(description="The kind of event.")]


class EventRecord(BaseModel):
    """A recorded event."""

    offer_id: str
    event: EventKind
    at: Annotated[datetime, Field(description="The time of the recording, by the lender's clock.")]
    standing: Annotated[
        Literal["live", "expired", "ended", "superseded"],
        Field(
            description="The offer after the event: live until its last day, expired, ended (withdrawn, or the "
            "customer opted out), or superseded by a newer offer."
        ),
    ]
    application_id: Annotated[
        str | None, Field(description="The reference of the application that accepting began; null if not accepted.")
    ]
