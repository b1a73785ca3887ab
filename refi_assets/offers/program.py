"""A loan-offer program: one YAML file in policies/offers/programs/, typed and bounded.

Who is asked (connector, filter chain), what is offered (models, segments, price), how (channels) and when (schedule).
Its keys are those of the original program file. Contradictions are refused by program_checks.py, and keys
without effect reported by program_warnings.py. Rules that use the numbers are in sql/offers/program/.
"""

from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, StrictBool, field_validator

from refi_assets.offers.cron import cron_of
from refi_assets.offers.filter_steps import (
    AffordabilityRules,
    AnyFilterStep,
    CreditRules,
    FilterStep,
    Kebab,
    RegulatoryRules,
    ScoreBound,
    Share,
    exact_number,
    snake_case,
)
from refi_assets.offers.yaml_places import Keys
from refi_assets.specs.policies import Count, Days, Months, Policy, SqlType, Text, Usd
from refi_assets.specs.programs import key_of_program
from refi_assets.specs.sql_models import Parameter

_Usd = Annotated[Usd, BeforeValidator(exact_number)]
_Pct = Annotated[Decimal, BeforeValidator(exact_number), Field(decimal_places=6), SqlType("DECIMAL(12,6)")]
_Whole = Annotated[Count, BeforeValidator(exact_number)]
_S = TypeVar("_S", bound=Policy)
TierName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]


class SnowflakeConfig(Keys):
    """The warehouse and the query from which the original program takes its customers."""

    account: str
    database: str
    schema_name: str = Field(alias="schema")
    query: str


class _NoConfig(Keys):
    pass


class FilesConnector(Keys):
    """Customers come from the files of a source folder, as the contracts describe them."""

    connector_id: Kebab
    type: Literal["files"]
    config: _NoConfig = _NoConfig()


class SnowflakeConnector(Keys):
    """Customers would come from a query of a warehouse."""

    connector_id: Kebab
    type: Literal["snowflake"]
    config: SnowflakeConfig


class ModelUse(Keys):
    """A model that scores customers; `columns` are those of the model's input that its features stand for."""

    model_id: Kebab
    endpoint: str = Field(pattern=r"^(mlflow://[A-Za-z0-9][A-Za-z0-9_.-]*@[A-Za-z0-9_.-]+|sagemaker://[A-Za-z0-9-]+)$")
    features: tuple[str, ...] = Field(min_length=1)
    columns: tuple[str, ...] = ()  # from features.yaml, not from the program file

    @field_validator("endpoint", mode="wrap")
    @classmethod
    def _in_words(cls, value: Any, read: Any) -> Any:
        try:
            return read(value)
        except ValueError:
            raise ValueError(
                f"{value!r} is not a valid endpoint; write mlflow://<name>@<alias> or sagemaker://<name>"
            ) from None

    @property
    def scheme(self) -> str:
        """mlflow or sagemaker."""
        return self.endpoint.partition("://")[0]

    @property
    def name(self) -> str:
        """The name of the registered model, or of the endpoint."""
        return self.endpoint.partition("://")[2].partition("@")[0]

    @property
    def alias_or_version(self) -> str:
        """The alias or version of a registered model; empty for an endpoint."""
        return self.endpoint.partition("@")[2]


class EmailConfig(Keys):
    """The looks of an e-mail, and the time at which it is sent."""

    template_id: str | None = None
    send_time: str | None = Field(default=None, pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")
    timezone: str | None = None
    personalization: Literal["none", "low", "medium", "high"] | None = None
    include_pre_approval_details: StrictBool | None = None


class InAppConfig(Keys):
    """The banner that the app shows, where, and for how many days."""

    banner_type: str | None = None
    display_duration: Annotated[_Whole, Field(ge=1, le=365)] | None = None
    placement: str | None = None


class SmsConfig(Keys):
    """The text of a message, and whether only the best tier gets it."""

    message: str | None = None
    excellent_credit_only: StrictBool | None = None


class Channel(Keys):
    """A way to reach a customer."""

    channel_id: Kebab
    enabled: StrictBool
    priority: Annotated[_Whole, Field(ge=1, le=1000)]


class EmailChannel(Channel):
    """E-mail."""

    type: Literal["email"]
    config: EmailConfig = EmailConfig()


class InAppChannel(Channel):
    """A banner in the app."""

    type: Literal["in-app"]
    config: InAppConfig = InAppConfig()


class SmsChannel(Channel):
    """A text message."""

    type: Literal["sms"]
    config: SmsConfig = SmsConfig()


class Segment(Keys):
    """The customers whose credit score is in a range, and the terms of their offers. The best comes first."""

    credit_tier: TierName
    credit_score_range: tuple[ScoreBound, ScoreBound]
    max_loan_amount: Annotated[_Usd, Field(gt=0, le=1_000_000)]
    interest_rate_pct: Annotated[_Pct, Field(ge=0, le=100)] = Field(alias="interestRate")
    term_months: Annotated[Months, BeforeValidator(exact_number), Field(ge=1, le=360)] = Field(alias="term")

    @property
    def score_from(self) -> int:
        """The lowest credit score of the range."""
        return self.credit_score_range[0]

    @property
    def score_to(self) -> int:
        """The highest credit score of the range, which belongs to it."""
        return self.credit_score_range[1]


class OfferStrategy(Keys):
    """The segments, the bands of approval likelihood, and what every offer has in common."""

    enabled: StrictBool
    segmented_offers: StrictBool
    segments: tuple[Segment, ...] = Field(min_length=1)
    score_bands: dict[TierName, Annotated[Share, Field(ge=0, le=1)]] = Field(
        default={"excellent": Decimal("0.8"), "good": Decimal("0.6"), "fair": Decimal("0.4")}, min_length=1
    )
    min_loan_amount: Annotated[_Usd, Field(ge=1, le=1_000_000)] = Decimal(1000)
    origination_fee_pct: Annotated[_Pct, Field(ge=0, le=50)] = Decimal(3)
    max_default_probability: Annotated[Share, Field(ge=0, le=1)] = Decimal("0.08")


class Disclosure(Keys):
    """Something that every offer must state."""

    type: Literal["APR", "fees", "terms"]
    required: StrictBool


class Regulation(Keys):
    """The laws that the program obeys."""

    enabled: StrictBool
    truth_in_lending: StrictBool
    fair_lending: StrictBool
    equal_credit_opportunity: StrictBool
    disclosures: tuple[Disclosure, ...]


class Program(Keys, Policy):
    """A program file. Equal files, whatever their layout, have the same `sha256`."""

    program_id: Kebab
    name: str = Field(alias="programName", min_length=1)
    enabled: StrictBool
    product: Annotated[Text, Field(pattern="^[a-z][a-z0-9_]*$")] = "personal_loan"
    prescreened: StrictBool = False
    marketplaces: tuple[str, ...] = Field(min_length=1)
    connectors: tuple[Annotated[FilesConnector | SnowflakeConnector, Field(discriminator="type")], ...] = Field(
        alias="dataConnectors", min_length=1
    )
    models: tuple[ModelUse, ...] = Field(alias="scoringModels")
    filter_chain: tuple[AnyFilterStep, ...]
    channels: tuple[Annotated[EmailChannel | InAppChannel | SmsChannel, Field(discriminator="type")], ...]
    strategy: OfferStrategy = Field(alias="loanOfferStrategy")
    regulation: Regulation = Field(alias="regulatoryCompliance")
    batch_schedule: str
    ttl_days: Annotated[Days, BeforeValidator(exact_number), Field(ge=1, le=3650)] = Field(alias="candidateTTLDays")

    @field_validator("batch_schedule")
    @classmethod
    def _is_a_schedule(cls, schedule: str) -> str:
        cron_of(schedule)
        return schedule

    @property
    def key(self) -> str:
        """The name of the program's assets: loan_offer_targeting for loan-offer-targeting."""
        return key_of_program(self.program_id)

    @property
    def batch_cron(self) -> str:
        """When the batch runs: five fields of cron, in UTC."""
        return cron_of(self.batch_schedule)

    @cached_property
    def filters(self) -> tuple[FilterStep, ...]:
        """The filter chain, in its order."""
        return tuple(sorted(self.filter_chain, key=lambda step: step.order))

    @property
    def credit_qualification(self) -> CreditRules:
        """The limits on credit."""
        return self._settings(CreditRules)

    @property
    def affordability(self) -> AffordabilityRules:
        """The incomes that count."""
        return self._settings(AffordabilityRules)

    @property
    def regulatory_compliance(self) -> RegulatoryRules:
        """The requirements of the law on an offer."""
        return self._settings(RegulatoryRules)

    def _settings(self, kind: type[_S]) -> _S:
        return next(step.settings for step in self.filter_chain if isinstance(step.settings, kind))

    @property
    def approval_model(self) -> ModelUse:
        """The first of the file: the likelihood of approval."""
        return self.models[0]

    @property
    def risk_model(self) -> ModelUse:
        """The second of the file: the probability of default."""
        return self.models[1]

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Best first."""
        return self.strategy.segments

    @property
    def score_bands(self) -> dict[str, Decimal]:
        """Tier -> the lowest approval likelihood of its band, best first."""
        return self.strategy.score_bands

    @property
    def min_loan_amount(self) -> Decimal:
        """USD; a smaller amount is not offered."""
        return self.strategy.min_loan_amount

    @property
    def origination_fee_pct(self) -> Decimal:
        """Percent of the amount, financed inside it."""
        return self.strategy.origination_fee_pct

    @property
    def max_default_probability(self) -> Decimal:
        """A customer above it gets no offer."""
        return self.strategy.max_default_probability

    @property
    def own_parameters(self) -> dict[str, Parameter]:
        """The parameters that SQL binds of the program itself, by name, without its filters' parameters.

        score_band_<tier> is a band's lower bound; <type>_enabled says whether a channel of the type is enabled, such as
        in_app_enabled.
        """
        own = super().parameters | {"program_id": Parameter(self.program_id, "VARCHAR")}
        own |= {f"score_band_{tier}": Parameter(least, "DECIMAL(9,6)") for tier, least in self.score_bands.items()}
        for kind in ("email", "in-app", "sms"):
            is_enabled = any(channel.enabled for channel in self.channels if channel.type == kind)
            own[f"{snake_case(kind)}_enabled"] = Parameter(is_enabled, "BOOLEAN")
        return own

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters that SQL binds of the program and of all its filters, by name."""
        return self.own_parameters | {name: value for step in self.filters for name, value in step.parameters.items()}

    @property
    def values(self) -> dict[str, Any]:
        """The file's values and the models' columns, ready for JSON; `Program.model_validate` reads them again."""
        return self.model_dump(mode="json", by_alias=True)
