"""The bodies of requests and answers. A field that is here never changes its name or meaning; new ones may be added."""

import sys
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator


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


class ScoreRequest(BaseModel):
    """A request for a score: of a customer whose features are published, or of features."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str | None, Field(description="The model's name. It may be left out if only one is served.")] = (
        None
    )
    features: Annotated[
        dict[str, FeatureValue] | None,
        Field(description="Every feature of the model, by name. null means that the value is unknown."),
    ] = None
    customer_id: Annotated[
        str | None, Field(min_length=1, max_length=200, description="A customer of the published features.")
    ] = None

    @model_validator(mode="after")
    def _has_one_of_both(self) -> "ScoreRequest":
        if (self.features is None) == (self.customer_id is None):
            raise ValueError("give either features or customer_id")
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


class Readiness(BaseModel):
    """Whether scores and offers can be answered, and by what."""

    status: Literal["ready"] = "ready"
    models: list[ModelState]
    registry: ContactState
    features: FeaturesState
    offers: list[OffersState]


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
