"""The banking policy: how a bank's files are read, and the limits of recommendations, unusual transactions and
risk.

The rules that use the numbers are in sql/banking/; this module validates them, and adds what compliance_report says
about the declarations themselves.
"""

import hashlib
from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from refi_assets.specs.contracts import contracts_of
from refi_assets.specs.groups import domain_of_group
from refi_assets.specs.policies import CheckLimits, Count, Days, Many, Months, Pct, Percent, Policy, Section, SqlType
from refi_assets.specs.sql_models import Parameter, SqlModel, load_sql_models

Currency = Annotated[str, Field(pattern="^[A-Z]{3}$"), SqlType("VARCHAR")]
Product = Annotated[Literal["card", "household", "insurance", "loan"], SqlType("VARCHAR")]
SharePct = Annotated[Percent, SqlType("DECIMAL(9,6)")]


class CustomerLimits(Section):
    """The months behind the means of customer_360."""

    customer_months: Months = Field(ge=1, le=120)


class Recommendations(Section):
    """When a product is recommended. Lift is in percent of the purchases of all customers."""

    recommendations_count: Count = Field(ge=1, le=10)
    evaluated_months: Months = Field(ge=1, le=60)
    credit_products: Many[Product]
    arrears_months: Months = Field(ge=1, le=60)
    steady_months: Months = Field(ge=1, le=60)
    least_exposure_days: Days = Field(ge=1)
    least_support_count: Count = Field(ge=1)
    least_confidence_pct: SharePct
    least_lift_pct: Pct = Field(ge=0, le=100_000)


class Unusual(Section):
    """When a transaction is unusual for its account."""

    least_transactions_count: Count = Field(ge=3)
    robust_z_above: Pct = Field(gt=0, le=1000)
    least_spread_pct: SharePct
    velocity_least_count: Count = Field(ge=2)
    velocity_factor: Count = Field(ge=1, le=1000)


class RiskLimits(Section):
    """When a loan counts as good or bad, and the bands of the probability that a running one goes bad."""

    outcome_after_months: Months = Field(ge=1, le=120)
    high_risk_from_pct: SharePct
    medium_risk_from_pct: SharePct

    @model_validator(mode="after")
    def _medium_below_high(self) -> Self:
        if self.medium_risk_from_pct > self.high_risk_from_pct:
            raise ValueError(
                f"medium_risk_from_pct {self.medium_risk_from_pct} must not exceed high_risk_from_pct "
                f"{self.high_risk_from_pct}"
            )
        return self


class BankingPolicy(Policy):
    """policies/banking/banking.yaml."""

    birth_years_from: Count = Field(ge=1800, le=2100)
    currencies: Many[Currency]
    customer: CustomerLimits
    recommendations: Recommendations
    unusual: Unusual
    risk: RiskLimits
    checks: CheckLimits = CheckLimits()

    def _parameters(self, names: Collection[str] | None) -> dict[str, Parameter]:
        declared = _declared_parameters()
        wanted = declared if names is None else {name: declared[name] for name in declared.keys() & set(names)}
        return super()._parameters(names) | wanted


POLICY = BankingPolicy


def _declared_parameters() -> dict[str, Parameter]:
    """The personal columns of the sources, the columns made of them that SQL shows unmasked, and the lineage's hash."""
    columns = [column for contract in contracts_of("banking").values() for column in contract.columns]
    return {
        "masked_columns_count": Parameter(sum(column.personal for column in columns), "BIGINT"),
        "unmasked_columns_count": Parameter(sum(len(model.not_personal) for model in _models()), "BIGINT"),
        "lineage_sha256": Parameter(lineage_sha256(), "VARCHAR"),
    }


def _models() -> list[SqlModel]:
    models = sorted(load_sql_models().items())
    return [model for key, model in models if domain_of_group(key.partition("/")[0]) == "banking"]


def lineage_sha256() -> str:
    """Hash of all that says what each column is derived from: the contracts and the SQL of the domain."""
    contracts = [repr(contract) for _, contract in sorted(contracts_of("banking").items())]
    models = [f"{model.key} {model.sha256}" for model in _models()]
    return hashlib.sha256("\n".join([*contracts, *models]).encode()).hexdigest()
