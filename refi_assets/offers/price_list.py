"""The relations that Python makes from a program's policy, for SQL: the price list, and the rules of states.

The price list says what each amount costs at the terms of each tier, to the cent. Payments and rates are computed in
refi_assets/finance/; SQL only joins the list and compares.
"""

from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise
from typing import Any

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.engines.duckdb_sql import rows_sql
from refi_assets.errors import SettingError
from refi_assets.finance.payments import monthly_payment
from refi_assets.finance.pricing import priced
from refi_assets.lake import Relation
from refi_assets.offers.program import Program, Segment
from refi_assets.offers.states import StateLaw
from refi_assets.specs.groups import PROGRAM, SQL_DIR
from refi_assets.specs.sql_models import SqlModel

STEP = Decimal(100)  # US dollars; amounts are multiples of it


def write_price_list(session: DuckDBSession, draft: Relation, program: Program) -> Relation:
    """Write the relation <program>/price_list. Raises EngineError, or SettingError for terms that have no price."""
    return session.create_from(draft, price_list_sql(program))


def price_list_sql(program: Program) -> str:
    """The rows of that relation as a query in DuckDB's SQL. Raises SettingError for terms that have no price."""
    rows = rows_sql(list(_all_rows(program)), _declared_types("price_list"))
    return f"SELECT * FROM {rows} ORDER BY tier_place, amount"


def highest_apr_pct(program: Program) -> Decimal:
    """The highest annual percentage rate of the price list. Raises SettingError for terms that have no price."""
    rates: list[Decimal] = [row["apr_pct"] for row in _all_rows(program)]
    return max(rates)


def write_states(session: DuckDBSession, draft: Relation, states: Mapping[str, StateLaw]) -> Relation:
    """Write the relation <program>/state_rule. Raises EngineError."""
    return session.create_from(draft, state_rule_sql(states))


def state_rule_sql(states: Mapping[str, StateLaw]) -> str:
    """The rows of that relation as a query in DuckDB's SQL."""
    rows = [
        {"state": code, "is_licensed": state.licensed, "max_apr_pct": state.max_apr_pct}
        for code, state in states.items()
    ]
    return f"SELECT * FROM {rows_sql(rows, _declared_types('state_rule'))} ORDER BY state"


def _declared_types(name: str) -> dict[str, str]:
    """Column -> SQL type, as the template casts them, so that the relation has the same types before it has rows."""
    model = SqlModel(name, (SQL_DIR / "offers" / PROGRAM / f"{name}.sql").read_text("utf-8"))
    return {column.alias: column.this.to.sql() for column in model.own_tree.selects}


def listed_amounts(min_loan_amount: Decimal, max_loan_amount: Decimal) -> list[Decimal]:
    """The multiples of 100 USD between these amounts, and the larger one itself, in USD, rising."""
    first, last = int((min_loan_amount / STEP).to_integral_value(ROUND_CEILING)), int(max_loan_amount // STEP)
    multiples = [STEP * number for number in range(first, last + 1)]
    return multiples if multiples[-1:] == [max_loan_amount] else [*multiples, max_loan_amount]


def _all_rows(program: Program) -> Iterator[dict[str, Any]]:
    for place, segment in enumerate(program.segments, start=1):
        yield from _rows(program, place, segment)


def _rows(program: Program, place: int, segment: Segment) -> Iterator[dict[str, Any]]:
    amounts = listed_amounts(program.min_loan_amount, segment.max_loan_amount)
    try:
        prices = priced(amounts, segment.interest_rate_pct, segment.term_months, program.origination_fee_pct)
    except ValueError as error:
        raise SettingError(f"{program.program_id}, segment {segment.credit_tier}: {error}") from None
    # The largest amount need not be a multiple of 100: whoever affords the next multiple gets it.
    needed = (amounts[-1] / STEP).to_integral_value(ROUND_CEILING) * STEP
    largest = monthly_payment(needed, segment.interest_rate_pct, segment.term_months)
    yearly = [12 * price.monthly_payment for price in prices[:-1]] + [12 * largest]
    for price, (yearly_from, yearly_below) in zip(prices, pairwise([*yearly, yearly[-1] + 1]), strict=True):
        yield {
            **price._asdict(),
            "credit_tier": segment.credit_tier,
            "tier_place": place,
            "score_from": segment.score_from,
            "score_to": segment.score_to,
            "likelihood_from": program.score_bands[segment.credit_tier],
            "is_largest": price is prices[-1],
            "yearly_from": yearly_from,
            "yearly_below": yearly_below,
            "note_rate_pct": segment.interest_rate_pct,
            "term_months": segment.term_months,
        }
