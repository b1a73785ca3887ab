"""Rows of literals for every SQL file, around the limits of the policies, so that two engines can be compared.

No file is read: a query has its rows in its own WITH clause.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from sqlglot import exp

from refi_assets.lineage.graph import lineage_graph
from refi_assets.specs.contracts import quarantine_of
from refi_assets.specs.names import key_of, short_name
from refi_assets.specs.sql_models import Parameter, SqlModel, load_sql_models, tables_read
from refi_assets.staging.quarantine import QUARANTINE_COLUMNS
from tests.engines.golden_sql import parameters

PARAMETERS = parameters()
QUARANTINES = {quarantine_of(domain) for domain in ("refi", "offers", "banking")}
OFFER_TIERS = ["excellent", "good", "fair"]
WORDS = {
    "marketing_category": ["Immediate Action", "Hot Lead", "Watchlist", "Ineligible"],
    **dict.fromkeys(("credit_tier", "segment_tier", "score_band", "tier"), OFFER_TIERS),
    "state": ["NY", "ny", "CA", "WY"],
    "account_status": ["active", "Active", "closed"],
    "employment_status": ["full_time", "unemployed"],
}
LIMITS = [
    limit.value for limit in PARAMETERS.values() if isinstance(limit, Parameter) and isinstance(limit.value, Decimal)
]
STEP = Decimal("0.000001")

ids = st.sampled_from(["B1", "B2", "b1", "B1 ", "ß", "ss", "=B1", "é", "e\u0301", "日本", "", None])
texts = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "",
            " ",
            "Ann",
            "ann",
            "own",
            "Own",
            "primary",
            "paid_off",
            "O'Neil",
            "=1+1",
            "+1",
            "-1",
            "@x",
            "\tx",
            "\rx",
            "x\n",
            '"',
            "🏠",
            "\u00a0",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
days = st.one_of(st.dates(date(2025, 10, 1), date(2026, 3, 1)), st.dates())  # near enough to be in one window, or any
times = st.datetimes(datetime(2026, 2, 1), datetime(2026, 3, 1))  # noqa: DTZ001 - a TIMESTAMP has no time zone


def numbers(digits: int, places: int) -> st.SearchStrategy[Decimal | None]:
    """Numbers around the limits, as a type with this many digits can hold them."""
    unit, below = Decimal(1).scaleb(-places), Decimal(1).scaleb(digits - places)
    near = [base + limit + step for base in (0, 5) for limit in LIMITS for step in (-STEP, Decimal(0), STEP)]
    fitting = sorted({rounded for number in near if abs(rounded := number.quantize(unit)) < below})
    largest = min(below - unit, Decimal(200))
    return st.one_of(
        st.none(), st.sampled_from(fitting), st.decimals(max(-largest, Decimal(-20)), largest, places=places)
    )


def values(column: str, sql_type: str) -> st.SearchStrategy[Any]:
    if column.endswith("_id"):
        return ids
    if column == "payment_history":
        return st.one_of(texts, st.text("0126.x", max_size=14))
    if column == "code":  # of a reason, never null
        return st.sampled_from(["late_payment", "opted_out", "state_missing"])
    if column in WORDS:
        return st.sampled_from([*WORDS[column], None])
    if sql_type.startswith("DECIMAL"):
        return numbers(*map(int, re.findall(r"\d+", sql_type)))
    if sql_type.endswith("[]"):
        return st.lists(st.sampled_from(["ltv_above_max", "spread_below_min", "ltv_missing"]), max_size=3)
    return {
        "VARCHAR": texts,
        "BOOLEAN": st.sampled_from([True, False, None]),
        "BIGINT": st.integers(-3, 2000),
        "INTEGER": st.integers(-3, 2000),
        "DATE": days.map(str),
        "TIMESTAMP": times.map(lambda time: time.isoformat(" ", "milliseconds")),
        "BLOB": st.none(),
        "DOUBLE": st.sampled_from([0.25, 0.5, 0.75, 0.99, 1.0, -3.5, None]),
    }[sql_type]


def literal(value: Any, sql_type: str) -> exp.Expr:
    if isinstance(value, list):
        untyped: exp.Expr = exp.Array(expressions=[exp.Literal.string(item) for item in value])
    else:
        untyped = exp.null() if value is None else exp.Literal.string(str(value))
    return exp.cast(untyped, exp.DataType.build(sql_type, dialect="duckdb"))


def columns_of(key: str) -> dict[str, str]:
    key = key.removeprefix("before_")
    if key in QUARANTINES:
        return QUARANTINE_COLUMNS
    return {name: column.sql_type for name, column in GRAPH[short_name(key)].columns.items()}


GRAPH = lineage_graph()


@st.composite
def queries(draw: st.DrawFn, model: SqlModel) -> exp.Query:
    """The model with bound parameters, on tables of a few rows."""
    query = model.bind(PARAMETERS)
    for table in tables_read(query):
        in_query = exp.to_identifier(key_of(table).replace("/", "_of_"))
        table.replace(exp.alias_(exp.Table(this=in_query), table.alias or table.name, table=True))
    own = [cte.copy() for cte in query.ctes]
    query.set("with_", None)
    for key in model.inputs:
        columns = columns_of(key)
        row = st.tuples(*(values(name, sql_type) for name, sql_type in columns.items()))
        drawn = exp.values(
            [
                tuple(literal(value, sql_type) for value, sql_type in zip(cells, columns.values(), strict=True))
                for cells in draw(st.lists(row, min_size=1, max_size=12))
            ],
            alias="drawn",
            columns=list(columns),
        )
        rows = exp.select("*").from_(drawn)
        query = query.with_(key.replace("/", "_of_"), as_=rows)
    for cte in own:
        query = query.with_(cte.alias, as_=cte.this)
    return query


def plain(rows: list[Any]) -> list[str]:
    """Rows in a fixed order, because a query without ORDER BY returns a set."""
    return sorted(repr([value.hex() if isinstance(value, bytes) else value for value in row]) for row in rows)


# Features are tried with the inputs of their domain, and a relation that joins them would only try them again.
KEYS = [
    key
    for key, model in load_sql_models().items()
    if "/input/" not in key and not any("/features/" in part.key for part in model.parts_read)
]
