"""The rules of a program on customers in memory: the verdict and the price of one customer, or of many.

The SQL is that of the batch, sql/offers/program/, in a small database of its own. For one customer, planning a
statement takes longer than running it, so each is planned once for an as-of day.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import duckdb

from refi_assets.engines.base import Row
from refi_assets.engines.duckdb_sql import quoted, rows_sql, to_duckdb
from refi_assets.errors import EngineError
from refi_assets.ml.tables import typed_columns
from refi_assets.offers.declared import CUSTOMER_PROFILES, PERSON, PROFILES_SOURCE
from refi_assets.offers.explain import SCORE_CODES, shown_limits, shown_value
from refi_assets.offers.policy import ProgramPolicy
from refi_assets.offers.price_list import price_list_sql, state_rule_sql
from refi_assets.offers.scoring import SCORES, OpenModel
from refi_assets.specs.columns import Column
from refi_assets.specs.contracts import contracts_of, load_contracts
from refi_assets.specs.names import sql_name
from refi_assets.specs.rules import Rule, filled, rules_of, source_columns
from refi_assets.specs.sql_models import AS_OF, Bindable, load_sql_models

# In the order of the data. Only customers who pass the chain are scored and have a price, as in a batch.
_CHAIN = ("affordable", "customers", "judged", "subject", "features")
_PRICE = ("priced", "offers")
_VERDICT = ("stops", "verdicts")
_MADE = (*_CHAIN, *_PRICE, *_VERDICT)
_RELATIONS = (*_CHAIN, "scored", *_PRICE, *_VERDICT)
_MOST_DAYS = 4  # as-of days for which statements are planned

# Statements are planned while the tables are empty: a plan must not depend on what they hold (DuckDB returned no row).
# For one customer, ordering joins takes more time than it saves.
_DISABLED_OPTIMIZERS = "statistics_propagation,join_order"


class StopReason(NamedTuple):
    """A reason against an offer: the filter, or score, or offer; its code; and the rule in words."""

    filter_id: str
    code: str
    text: str


@dataclass(frozen=True)
class ProgramVerdict:
    """What a batch would say of a customer. The scores are None if the chain stops the customer.

    `offer` has the columns of sql/offers/program/offers.sql; it is None if there is a reason.
    """

    reasons: tuple[StopReason, ...]
    approval_likelihood: Decimal | None
    default_probability: Decimal | None
    offer: Row | None


class ProgramRules:
    """The rules of a program. Threads may share it; they take turns."""

    def __init__(self, policy: ProgramPolicy) -> None:
        """Raises SettingError for terms that have no price, and EngineError for SQL that reads another domain."""
        self.program = policy.program
        self._policy, self._lock = policy, threading.Lock()
        self._limits, self._rules = shown_limits(policy), _rules_of(policy)
        self._sources = contracts_of("offers")
        self._planned: list[date] = []
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute(f"SET disabled_optimizers = '{_DISABLED_OPTIMIZERS}'")
        try:
            self._create_tables()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise EngineError(
                f"The rules of {self.program.program_id} need more than its customers: {reason}"
            ) from None

    def _create_tables(self) -> None:
        for schema in ("staging", "offers", self.program.key):
            self._connection.execute(f"CREATE SCHEMA {quoted(schema)}")
        for contract in self._sources.values():
            columns = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in contract.sql_types.items())
            self._connection.execute(f"CREATE TABLE {sql_name(f'staging/{contract.source}')} ({columns})")
        self._create(PERSON, "SELECT '' AS customer_id, '' AS person_id WHERE FALSE")
        self._create(self._key("price_list"), price_list_sql(self.program))
        self._create(self._key("state_rule"), state_rule_sql(self._policy.states))
        for name, sql in self._statements(date.min).items():
            self._create(self._key(name), sql)
            self._connection.execute(f"PREPARE read_{name} AS SELECT * FROM {sql_name(self._key(name))}")

    def _create(self, key: str, sql: str) -> None:
        self._connection.execute(f"CREATE TABLE {sql_name(key)} AS {sql}")

    def _statements(self, as_of: date) -> dict[str, str]:
        """The SQL of each relation on an as-of day."""
        models = load_sql_models()
        values: dict[str, Bindable] = {**self._policy.parameters, AS_OF: as_of}
        return {name: to_duckdb(models[self._key(name)].bind(values)) for name in _RELATIONS}

    def _plan(self, as_of: date) -> None:
        """Plan the statements of an as-of day, unless they are planned."""
        if as_of in self._planned:
            return
        if len(self._planned) == _MOST_DAYS:
            forgotten = self._planned.pop(0)
            for name in _MADE:
                self._connection.execute(f"DEALLOCATE {_make(name, forgotten)}")
        statements = self._statements(as_of)
        for name in _MADE:
            table = sql_name(self._key(name))
            self._connection.execute(f"PREPARE {_make(name, as_of)} AS INSERT INTO {table} {statements[name]}")
        self._planned.append(as_of)

    def _key(self, name: str) -> str:
        return f"{self.program.key}/{name}"

    def judge(self, customers: Sequence[Row], models: Sequence[OpenModel], as_of: date) -> dict[str, ProgramVerdict]:
        """The verdict on each of these customers, by customer_id, which is unique; models are those of open_models().

        A customer has columns of customer_credit_profiles, and may have person_id, is_reachable and last_offered_on, as
        in <program>/customers; other columns are not read. A missing column is null, but a customer without person_id
        is a person of their own, and one without is_reachable can be reached. Raises EngineError or ModelError.
        """
        people = [{"person_id": row["customer_id"], "is_reachable": True} | row for row in customers]
        try:
            with self._lock:
                self._plan(as_of)
                self._connection.begin()
                try:
                    return self._judged(people, models, as_of)
                finally:
                    self._connection.rollback()
        except duckdb.Error as error:  # its message may quote a value
            raise EngineError(f"DuckDB: {type(error).__name__}, in the rules of {self.program.key}.") from None

    def _judged(self, people: Sequence[Row], models: Sequence[OpenModel], as_of: date) -> dict[str, ProgramVerdict]:
        self._insert_people(people)
        self._execute(_CHAIN, as_of)
        if self._score(models):
            self._execute(_PRICE, as_of)
        self._execute(_VERDICT, as_of)
        customers, priced, offers = (self._by_customer(name) for name in ("customers", *_PRICE))
        filters: dict[tuple[str, str], str] = {}
        for stop in sorted(self._rows("stops"), key=lambda stop: (stop["filter_place"], stop["rule_place"])):
            filters.setdefault((stop["customer_id"], stop["code"]), stop["filter_id"])
        verdicts = {}
        for customer_id, verdict in self._by_customer("verdicts").items():
            scores = priced.get(customer_id, {})
            verdicts[customer_id] = ProgramVerdict(
                reasons=tuple(
                    self._reason(filters[customer_id, code], code, customers[customer_id])
                    for code in (verdict["reasons"] or "").split("|")
                    if code
                ),
                approval_likelihood=scores.get("approval_likelihood"),
                default_probability=scores.get("default_probability"),
                offer=offers.get(customer_id),
            )
        return verdicts

    def _insert_people(self, people: Sequence[Row]) -> None:
        """The rows of staging and of persons from which the SQL of customers derives these."""
        self._insert(CUSTOMER_PROFILES, self._sources[PROFILES_SOURCE].sql_types, people)
        self._insert(PERSON, {"customer_id": "VARCHAR", "person_id": "VARCHAR"}, people)
        contact = [
            {
                "customer_id": row["customer_id"],
                "email_opt_out": False,
                "sms_consent": True,
                "in_app_opt_out": False,
                "do_not_contact": not row["is_reachable"],
            }
            for row in people
        ]
        history = [
            {
                "customer_id": row["customer_id"],
                "program_id": self.program.program_id,
                "offered_on": row["last_offered_on"],
            }
            for row in people
            if row.get("last_offered_on") is not None
        ]
        for source, rows in (("contact_preferences", contact), ("offer_history", history)):
            self._insert(f"staging/{source}", self._sources[source].sql_types, rows)

    def _insert(self, key: str, types: dict[str, str], rows: Sequence[Row]) -> None:
        if rows:
            self._connection.execute(f"INSERT INTO {sql_name(key)} BY NAME SELECT * FROM {rows_sql(rows, types)}")

    def _execute(self, names: Sequence[str], as_of: date) -> None:
        for name in names:
            self._connection.execute(f"EXECUTE {_make(name, as_of)}")

    def _score(self, models: Sequence[OpenModel]) -> bool:
        """Score the customers who pass the chain; returns whether there are any."""
        table, _ = typed_columns(self._connection.execute("EXECUTE read_features").fetchnumpy())
        customer_ids = table.pop("customer_id").tolist()
        if not customer_ids:
            return False
        scored: list[dict[str, Any]] = [{"customer_id": customer_id} for customer_id in customer_ids]
        for model in models:
            for row, millionths in zip(scored, model.millionths(table).tolist(), strict=True):
                row[SCORES[model.pinned.role]] = Decimal(millionths).scaleb(-6)
        types = {"customer_id": "VARCHAR"} | dict.fromkeys(SCORES.values(), "DECIMAL(9,6)")
        self._insert(self._key("scored"), types, scored)
        return True

    def _rows(self, name: str) -> list[Row]:
        result = self._connection.execute(f"EXECUTE read_{name}")
        columns = [column[0] for column in result.description or []]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]

    def _by_customer(self, name: str) -> dict[str, Row]:
        return {row["customer_id"]: row for row in self._rows(name)}

    def _reason(self, filter_id: str, code: str, customer: Row) -> StopReason:
        """A reason, its rule with the values of the program and, as a state's cap, of the customer."""
        rule = self._rules.get((filter_id, code))
        text = rule.text.partition("; else ")[0] if rule else code
        return StopReason(
            filter_id, code, filled(text, lambda name: self._limits.get(name) or shown_value(customer.get(name)))
        )


def _make(name: str, as_of: date) -> str:
    """The name of the statement that makes the rows of a relation."""
    return f"make_{name}_{as_of.toordinal()}"


def _rules_of(policy: ProgramPolicy) -> dict[tuple[str, str], Rule]:
    """The rules of a program by filter and code."""
    key = policy.program.key
    rules = {
        (step.filter_id, code): rule
        for step in policy.program.filters
        for code, rule in rules_of(f"{key}/filters/{step.name}").items()
    }
    late = rules_of(f"{key}/priced")
    return rules | {("score" if code in SCORE_CODES else "offer", code): rule for code, rule in late.items()}


def deciding_columns(program_key: str) -> tuple[Column, ...]:
    """The columns of customer profiles that the rules of a program read, other than the key."""
    read = source_columns(load_sql_models()[f"{program_key}/customers"])
    return tuple(
        column
        for column in load_contracts()[PROFILES_SOURCE].columns
        if (CUSTOMER_PROFILES, column.name) in read and not column.is_key
    )
