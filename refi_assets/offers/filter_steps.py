"""The filters of a program's chain and their parameters, typed and bounded.

A filter is sql/offers/program/filters/<name>.sql. Five are known here with their parameters; any other that has a file
there is a business rule of the program's own, whose parameters are typed by their values.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from refi_assets.offers.yaml_places import Keys
from refi_assets.specs.policies import Count, Days, Months, Policy, SqlType, Text
from refi_assets.specs.sql_models import AS_OF, Parameter

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")


def exact_number(value: object) -> int | Decimal:
    """A number of a YAML file, which is text; refuses anything else, such as true, 1e3 and 1_000."""
    number = value
    if isinstance(value, str) and len(value) < 40 and _NUMBER.fullmatch(value):
        number = Decimal(value) if "." in value else int(value)
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise ValueError(f"Input should be a number, not {value!r}")
    return number


Flag = Annotated[bool, Field(strict=True), SqlType("BOOLEAN")]
Share = Annotated[Decimal, BeforeValidator(exact_number), Field(decimal_places=6), SqlType("DECIMAL(9,6)")]  # 0.43
Score = Annotated[Count, BeforeValidator(exact_number), Field(ge=300, le=850)]  # a credit score
Kebab = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
StateCode = Annotated[Text, Field(pattern="^[A-Z]{2}$")]
Employment = Literal[
    "full_time", "part_time", "self_employed", "retired", "public_assistance", "unemployed", "other"
]  # the words of the contract customer_credit_profiles


def snake_case(name: str) -> str:
    """minCreditScore -> min_credit_score; credit-qualification -> credit_qualification."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


class _Parameters(Keys, Policy):
    """Parameters of a filter that is known here."""


class _NoParameters(_Parameters):
    pass


class CreditQualification(_Parameters):
    """Limits on credit score, debt to income, months without a late payment, and existing debts; all are inclusive."""

    min_credit_score: Score
    max_debt_to_income: Annotated[Share, Field(gt=0, le=10)]
    min_payment_history: Annotated[Months, BeforeValidator(exact_number), Field(le=120)]
    max_existing_loans: Annotated[Count, BeforeValidator(exact_number), Field(le=100)] = 2


class Affordability(_Parameters):
    """Which incomes count: how steady, and from what employment."""

    check_income_stability: Flag = True
    check_employment_status: Flag = True
    max_income_variation: Annotated[Share, Field(ge=0, le=10)] = Decimal("0.5")
    employment_accepted: Annotated[tuple[Annotated[Employment, SqlType("VARCHAR")], ...], Field(min_length=1)] = (
        "full_time",
        "part_time",
        "self_employed",
        "retired",
        "public_assistance",
    )


class Eligibility(_Parameters):
    """How long a customer is left alone after an offer."""

    suppression_days: Annotated[Days, BeforeValidator(exact_number), Field(le=3650)] = 90


class RegulatoryCompliance(_Parameters):
    """What state and federal law require. The limit for covered borrowers is 36 % (32 CFR 232.4(b))."""

    check_state_laws: Flag = True
    check_federal_compliance: Flag = True
    excluded_states: tuple[StateCode, ...] = ()
    max_mapr_pct: Annotated[
        Decimal, BeforeValidator(exact_number), Field(gt=0, le=36, decimal_places=6), SqlType("DECIMAL(12,6)")
    ] = Decimal(36)


def _typed(value: Any) -> Parameter:
    """A parameter of the type that its value has."""
    if isinstance(value, list):
        items = [_typed(item) for item in value]
        if len({item.sql_type for item in items}) > 1 or any(isinstance(item, list) for item in value):
            raise ValueError("a list consists of texts only, or of numbers of one kind only")
        values = tuple(item.value for item in items if not isinstance(item.value, tuple))
        return _bindable(Parameter(values, items[0].sql_type if items else "VARCHAR"))
    if isinstance(value, bool):
        return Parameter(value, "BOOLEAN")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return Parameter(value, "VARCHAR")
    number = exact_number(value)
    if isinstance(number, int) and -(2**63) <= number < 2**63:
        return Parameter(number, "BIGINT")
    decimal = Decimal(number)
    if abs(decimal) >= 10**12 or decimal != round(decimal, 6):
        raise ValueError("a number has at most 12 digits before the point and 6 after it")
    return Parameter(decimal, "DECIMAL(18,6)")


def _own_parameters(values: dict[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        if not re.fullmatch("[a-z][A-Za-z0-9]*", name) or snake_case(name) == AS_OF:
            raise ValueError(f"{name}: a name consists of letters and digits, begins with a-z, and is not asOf")
        try:
            _typed(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return values


def _bindable(parameter: Parameter) -> Parameter:
    """An empty list cannot be bound in `x IN (:names)`: it becomes a list of the empty text, which nothing equals."""
    return Parameter(("",), parameter.sql_type) if parameter.value == () else parameter


class FilterStep(Keys):
    """A filter of the chain. Its name is that of its SQL file and of nothing else in the program."""

    filter_id: Kebab
    type: str
    order: Annotated[Count, BeforeValidator(exact_number), Field(ge=1, le=1000)]

    @property
    def name(self) -> str:
        """credit_qualification for credit-qualification."""
        return snake_case(self.filter_id)

    @property
    def parameters(self) -> dict[str, Parameter]:
        """What the filter's SQL binds, by name."""
        settings = getattr(self, "settings", {})
        if isinstance(settings, Policy):
            return {name: _bindable(parameter) for name, parameter in settings.parameters.items()}
        return {snake_case(name): _typed(value) for name, value in settings.items()}


class _Trust(FilterStep):
    type: Literal["trust"]
    settings: _NoParameters = Field(default=_NoParameters(), alias="parameters")


class _Credit(FilterStep):
    type: Literal["business-rule"]
    settings: CreditQualification = Field(alias="parameters")


class _Affordability(FilterStep):
    type: Literal["business-rule"]
    settings: Affordability = Field(default=Affordability(), alias="parameters")


class _Eligibility(FilterStep):
    type: Literal["eligibility"]
    settings: Eligibility = Field(default=Eligibility(), alias="parameters")


class _Regulatory(FilterStep):
    type: Literal["business-rule"]
    settings: RegulatoryCompliance = Field(default=RegulatoryCompliance(), alias="parameters")


class _OwnRule(FilterStep):
    type: Literal["business-rule"]
    settings: Annotated[dict[str, Any], AfterValidator(_own_parameters)] = Field(
        default_factory=dict, alias="parameters"
    )


CREDIT, AFFORDABILITY, REGULATORY = "credit-qualification", "affordability", "regulatory-compliance"
_KNOWN = ("trust", CREDIT, AFFORDABILITY, "eligibility", REGULATORY)


def _filter_id(raw: Any) -> str:
    filter_id = raw.get("filterId") if isinstance(raw, Mapping) else getattr(raw, "filter_id", None)
    return str(filter_id) if filter_id in _KNOWN else "own"


AnyFilterStep = Annotated[
    Annotated[_Trust, Tag("trust")]
    | Annotated[_Credit, Tag(CREDIT)]
    | Annotated[_Affordability, Tag(AFFORDABILITY)]
    | Annotated[_Eligibility, Tag("eligibility")]
    | Annotated[_Regulatory, Tag(REGULATORY)]
    | Annotated[_OwnRule, Tag("own")],
    Discriminator(_filter_id),
]
