"""The filters of a program's chain and their parameters, typed and bounded.

A filter is sql/offers/program/filters/<name>.sql. Five are known here with their parameters; any other that has a file
there is a business rule of the program's own, whose parameters are typed by their values.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from refi_assets.offers.yaml_places import Keys
from refi_assets.specs.policies import Count, Days, Months, Policy, SqlType, Text
from refi_assets.specs.sql_models import AS_OF, Parameter

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


def exact_number(value: object) -> int | Decimal:
    """A number of a YAML file, which is text; refuses anything else, such as true, 1e3 and 1_000."""
    number = value
    if isinstance(value, str) and len(value) < 40 and _NUMBER.fullmatch(value):
        number = Decimal(value) if "." in value else int(value)
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise ValueError(f"Input should be a number, not {value!r}")
    return number


HIGHEST_SCORE = 850

Flag = Annotated[bool, Field(strict=True), SqlType("BOOLEAN")]
Share = Annotated[Decimal, BeforeValidator(exact_number), Field(decimal_places=6), SqlType("DECIMAL(9,6)")]  # 0.43
ScoreBound = Annotated[Count, BeforeValidator(exact_number), Field(ge=300, le=HIGHEST_SCORE)]  # a credit score
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


class CreditRules(_Parameters):
    """Limits on credit score, debt to income, months without a late payment, and existing debts; all are inclusive."""

    min_credit_score: ScoreBound
    max_debt_to_income: Annotated[Share, Field(gt=0, le=10)]
    min_payment_history: Annotated[Months, BeforeValidator(exact_number), Field(le=120)]
    max_existing_loans: Annotated[Count, BeforeValidator(exact_number), Field(le=100)] = 2


class AffordabilityRules(_Parameters):
    """The incomes that count: how steady they are, and from what employment."""

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


class EligibilityRules(_Parameters):
    """The days for which a person gets no other offer after one."""

    suppression_days: Annotated[Days, BeforeValidator(exact_number), Field(le=3650)] = 90


class RegulatoryRules(_Parameters):
    """The requirements of state and federal law. The limit for covered borrowers is 36 % (32 CFR 232.4(b))."""

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
        if "\0" in value:
            raise ValueError("text must not contain the character NUL")
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
            raise _refused(name, "a name consists of letters and digits, begins with a-z, and is not asOf")
        try:
            _typed(value)
        except ValueError as error:
            raise _refused(name, str(error)) from None
    return values


def _refused(name: str, reason: str) -> PydanticCustomError:
    return PydanticCustomError("own_parameter", "{reason}", {"reason": reason, "key": name})


def _bindable(parameter: Parameter) -> Parameter:
    """An empty list cannot be bound in `x IN (:names)`: it becomes a list of the empty text, which nothing equals."""
    return Parameter(("",), parameter.sql_type) if parameter.value == () else parameter


class FilterStep(Keys):
    """A filter of the chain. Its name is that of its SQL file and of nothing else in the program."""

    filter_id: Kebab
    type: str
    order: Annotated[Count, BeforeValidator(exact_number), Field(le=1000)]
    settings: Any = Field(default=None, alias="parameters")

    @property
    def name(self) -> str:
        """credit_qualification for credit-qualification."""
        return snake_case(self.filter_id)

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters that the filter's SQL binds, by name."""
        if isinstance(self.settings, Policy):
            return {name: _bindable(parameter) for name, parameter in self.settings.parameters.items()}
        return {snake_case(name): _typed(value) for name, value in self.settings.items()}

    @property
    def parameter_keys(self) -> dict[str, str]:
        """Name of a parameter -> its key in the file."""
        if isinstance(self.settings, Policy):
            return {name: to_camel(name) for name in self.settings.parameters}
        return {snake_case(name): name for name in self.settings}

    @property
    def is_own(self) -> bool:
        """Whether the package knows nothing of the filter but its SQL file."""
        return isinstance(self, _OwnStep)


class _TrustStep(FilterStep):
    type: Literal["trust"]
    settings: _NoParameters = Field(default=_NoParameters(), alias="parameters")


class _CreditStep(FilterStep):
    type: Literal["business-rule"]
    settings: CreditRules = Field(alias="parameters")


class _AffordabilityStep(FilterStep):
    type: Literal["business-rule"]
    settings: AffordabilityRules = Field(default=AffordabilityRules(), alias="parameters")


class _EligibilityStep(FilterStep):
    type: Literal["eligibility"]
    settings: EligibilityRules = Field(default=EligibilityRules(), alias="parameters")


class _RegulatoryStep(FilterStep):
    type: Literal["business-rule"]
    settings: RegulatoryRules = Field(default=RegulatoryRules(), alias="parameters")


class _OwnStep(FilterStep):
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
    Annotated[_TrustStep, Tag("trust")]
    | Annotated[_CreditStep, Tag(CREDIT)]
    | Annotated[_AffordabilityStep, Tag(AFFORDABILITY)]
    | Annotated[_EligibilityStep, Tag("eligibility")]
    | Annotated[_RegulatoryStep, Tag(REGULATORY)]
    | Annotated[_OwnStep, Tag("own")],
    Discriminator(_filter_id),
]
