"""The loan offers of a program by Polars: python bench/bare_polars_offers.py SOURCE_DIR MODELS_DIR AS_OF OUT_DIR.

The script of an engineer who only wants the offers: the limits of one program are numbers in it, a row that cannot be
accepted is dropped, and nothing reports it. Records are not matched to persons. The models are those of the registry:
MODELS_DIR has a folder for each, read by our own reader, since scikit-learn alone cannot read a scorecard.
Writes offers.csv, verdicts.csv, and offers.sqlite, a page table with each offer's JSON.
"""

import hashlib
import sqlite3
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from refi_assets.ml.fitted import load_model

NOTHING = (
    *("null", "n/a", "na", "n.a.", "nan", "none", "unknown", "nil", "-", "--", "."),
    *("#n/a", "#value!", "#div/0!", "#ref!", "#name?"),
)
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
BAD = -1 << 62  # a cell that is malformed or out of range
EMPLOYMENT = ("full_time", "part_time", "self_employed", "retired", "public_assistance", "unemployed", "other")
ACCEPTED_EMPLOYMENT = EMPLOYMENT[:5]
STATES = Path(__file__).parent.parent / "policies" / "offers" / "states.yaml"
TIERS = (  # lowest and highest credit score, lowest approval likelihood in millionths, largest loan, rate in %, months
    ("excellent", 750, 850, 800_000, 50_000, 5.5, 60),
    ("good", 680, 749, 600_000, 30_000, 6.5, 48),
    ("fair", 640, 679, 400_000, 15_000, 7.5, 36),
)
PRICE = ("amount", "monthly_payment", "last_payment", "origination_fee", "amount_financed", "finance_charge")
OFFER = (
    *("customer_id", "credit_tier", "score_band", "tier", "approval_likelihood", "default_probability", "amount"),
    *("note_rate_pct", "term_months", *PRICE[1:], "total_of_payments", "apr_pct", "expires_on"),
)


# --- Cleaning ---------------------------------------------------------------------------------------------------------


def scan(path: Path) -> pl.LazyFrame:
    """A source, all text, trimmed; empty is null."""
    trimmed = pl.all().str.strip_chars(" \t\r\n\u00a0\ufeff")
    return pl.scan_csv(path, infer_schema=False).with_columns(trimmed.replace("", None))


def known(column: str) -> pl.Expr:
    """The text, null if it is a word for nothing."""
    return pl.when(~pl.col(column).str.to_lowercase().is_in(NOTHING)).then(column).alias(column)


def number(column: str, unit: int = 1, low: float = -1e15, high: float = 1e15) -> pl.Expr:
    """A whole number of units (cents: 100), null if it is empty, and -1 << 62 if it is malformed or out of range."""
    text = known(column)
    pattern = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$" if unit > 1 else r"^[+-]?([0-9]+(\.0*)?|\.0+)$"
    value = text.cast(pl.Float64, strict=False)
    is_good = text.str.contains(pattern) & (value >= low) & (value <= high)
    units = (value * unit).round().cast(pl.Int64, strict=False)
    return pl.when(text.is_not_null()).then(pl.when(is_good).then(units).otherwise(BAD)).alias(column)


def flag(column: str) -> pl.Expr:
    """1 or 0, null if it is empty, and BAD if it is malformed."""
    lower = known(column).str.to_lowercase()
    value = pl.when(lower.is_in(TRUE)).then(1).when(lower.is_in(FALSE)).then(0).otherwise(BAD)
    return pl.when(lower.is_not_null()).then(value.cast(pl.Int64)).alias(column)


def or_null(units: pl.Expr) -> pl.Expr:
    """Null for BAD."""
    return units.replace(BAD, None)


def accepted(rows: pl.LazyFrame, keys: list[str], required: list[pl.Expr], others: list[pl.Expr]) -> pl.LazyFrame:
    """The rows that are good, each once; of rows of one key that differ, none."""
    cells = rows.collect_schema().names()
    typed = rows.with_columns(known(key) for key in keys).drop_nulls(keys)
    typed = typed.with_columns(expression.name.prefix("typed_") for expression in [*required, *others])
    for expression in required:
        typed = typed.filter(pl.col(f"typed_{expression.meta.output_name()}").ne_missing(BAD))
    one = typed.unique(cells).filter(pl.len().over(keys) == 1)
    names = [expression.meta.output_name() for expression in [*required, *others]]
    return one.select(*keys, *(pl.col(f"typed_{name}").alias(name) for name in names))


def profiles(folder: Path) -> pl.LazyFrame:
    """The accepted customers. Money in cents, ratios in millionths."""
    employment = known("employment_status").str.to_lowercase()
    return accepted(
        scan(folder / "customer_credit_profiles.csv"),
        ["customer_id"],
        [
            number("credit_score", 1, 300, 850),
            number("income", 100, 0),
            number("debt_to_income_ratio", 1_000_000, 0, 10),
            number("account_age", 1, 0),
            number("deposit_balance", 100),
            number("existing_loans", 1, 0),
        ],
        [
            pl.col("payment_history"),
            known("state").str.to_uppercase(),
            or_null(flag("identity_verified")),
            known("account_status").str.to_lowercase(),
            pl.when(employment.is_in(EMPLOYMENT)).then(employment).alias("employment_status"),
            or_null(number("income_variation", 1_000_000, 0)),
            or_null(number("savings_rate", 1_000_000)),
            or_null(number("transactions_90d", 1, 0)),
            or_null(number("overdrafts_12m", 1, 0)),
            or_null(flag("covered_borrower")),
        ],
    )


def open_channels(folder: Path) -> pl.LazyFrame:
    """The customers whom some channel may reach."""
    refusals = ("email_opt_out", "in_app_opt_out", "do_not_contact", "sms_consent")
    email, in_app, all_of_them, sms = map(pl.col, refusals)
    rows = accepted(scan(folder / "contact_preferences.csv"), ["customer_id"], [flag(name) for name in refusals], [])
    return rows.filter(all_of_them == 0, (email == 0) | (in_app == 0) | (sms == 1)).select("customer_id")


def last_offers(folder: Path) -> pl.LazyFrame:
    """The last day on which each customer got an offer."""
    day = known("offered_on").str.to_date("%Y-%m-%d", strict=False).alias("offered_on")
    keys = ["customer_id", "program_id"]
    rows = scan(folder / "offer_history.csv").with_columns(*map(known, keys), day).drop_nulls([*keys, "offered_on"])
    return rows.group_by("customer_id").agg(pl.col("offered_on").max())


# --- Prices -----------------------------------------------------------------------------------------------------------


def price_list() -> pl.DataFrame:
    """Every amount of every tier, in cents; `yearly` in the unit of a ratio in millionths of an income in cents."""
    lists = []
    for place, (_, _, _, _, largest, rate, months) in enumerate(TIERS):
        amount = np.arange(100_000, largest * 100 + 1, 10_000)
        monthly_rate, tenths = rate / 1200, round(rate * 10)
        payment = np.floor(amount * monthly_rate / (1 - (1 + monthly_rate) ** -months) + 0.5).astype(np.int64)
        balance = amount.copy()
        for month in range(months):
            balance += (balance * tenths * 2 + 12_000) // 24_000
            balance -= payment * (month < months - 1)
        fee = (amount * 3 + 50) // 100
        low, high = np.zeros(len(amount)), np.full(len(amount), 0.1)
        for _ in range(60):
            middle = (low + high) / 2
            level = payment * (1 - (1 + middle) ** -(months - 1)) / middle
            is_low = level + balance * (1 + middle) ** -months > amount - fee
            low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
        total = payment * (months - 1) + balance
        columns = dict(zip(PRICE, (amount, payment, balance, fee, amount - fee, total - amount + fee), strict=True))
        terms = {"note_rate_pct": rate, "term_months": months, "apr_pct": np.round(low * 1200, 6)}
        frame = pl.DataFrame({**columns, **terms, "total_of_payments": total, "yearly": payment * 12 * 1_000_000})
        lists.append(frame.with_columns(pl.lit(place).alias("price_tier")))
    return pl.concat(lists).sort("yearly")


def with_price(rows: pl.DataFrame, tier: str, prices: pl.DataFrame) -> pl.DataFrame:
    """The rows with the largest amount that their `room` allows at the terms of a tier."""
    return rows.sort("room").join_asof(
        prices, left_on="room", right_on="yearly", by_left=tier, by_right="price_tier", check_sortedness=False
    )


# --- The chain --------------------------------------------------------------------------------------------------------


def code(failed: pl.Expr, name: str) -> pl.Expr:
    """The reason, where it fails."""
    return pl.when(failed).then(pl.lit(name))


def rule(column: str, failed: pl.Expr, name: str) -> pl.Expr:
    """The reason of a rule that needs a cell."""
    return pl.when(pl.col(column).is_null()).then(pl.lit(f"{column}_missing")).when(failed).then(pl.lit(name))


def chain(as_of: date) -> dict[str, list[pl.Expr]]:
    """The rules of each filter."""
    states = yaml.load(STATES.read_text(encoding="utf-8"), yaml.CSafeLoader)["states"]
    licensed = [state for state, terms in states.items() if terms["licensed"]]
    caps = {state: float(terms["max_apr_pct"]) for state, terms in states.items()}
    col, history, apr = pl.col, pl.col("payment_history").str.head(12), pl.col("apr_pct")
    return {
        "trust": [
            rule("identity_verified", col("identity_verified") == 0, "identity_unverified"),
            rule("account_status", col("account_status") != "active", "account_not_active"),
        ],
        "credit-qualification": [
            rule("credit_score", col("credit_score") < 680, "credit_score_below_min"),
            rule("debt_to_income_ratio", col("debt_to_income_ratio") > 430_000, "dti_above_max"),
            rule("payment_history", history.str.contains("[1-6]"), "late_payment"),
            code(history.str.count_matches("[0-6.]") < 12, "payment_history_short"),
            rule("existing_loans", col("existing_loans") > 2, "too_many_loans"),
        ],
        "affordability": [
            rule("income_variation", col("income_variation") > 500_000, "income_unstable"),
            rule("employment_status", ~col("employment_status").is_in(ACCEPTED_EMPLOYMENT), "employment_not_accepted"),
            code(col("debt_to_income_ratio").is_null(), "debt_to_income_ratio_missing"),
            code(col("income").is_null(), "income_missing"),
            code(col("segment").is_not_null() & (col("room") >= 0) & col("amount").is_null(), "amount_below_min"),
        ],
        "eligibility": [
            code((as_of - col("offered_on")) < timedelta(days=90), "offered_within_days"),
            code(col("is_open").is_null(), "opted_out"),
        ],
        "regulatory-compliance": [
            rule("state", ~col("state").is_in(licensed), "state_excluded"),
            code(apr > col("state").replace_strict(caps, default=None), "state_rate_cap"),
            pl.when(apr > 36).then(rule("covered_borrower", col("covered_borrower") == 1, "covered_borrower")),
        ],
    }


def judged(folder: Path, as_of: date, prices: pl.DataFrame) -> pl.DataFrame:
    """Every accepted customer with the reasons of the chain, in order, and the first filter that has one."""
    score, segment = pl.col("credit_score"), pl.lit(None, pl.Int32)
    for place, (_, lowest, highest, *_) in enumerate(TIERS):
        segment = pl.when(score.is_between(lowest, highest)).then(place).otherwise(segment)
    rows = (
        profiles(folder)
        .join(open_channels(folder).with_columns(is_open=True), on="customer_id", how="left")
        .join(last_offers(folder), on="customer_id", how="left")
        .with_columns(
            segment.alias("segment"),
            ((430_000 - pl.col("debt_to_income_ratio")) * pl.col("income")).alias("room"),
        )
        .collect(engine="streaming")
    )
    filters = chain(as_of)
    codes = {f"{name} {n}": rule for name, rules in filters.items() for n, rule in enumerate(rules)}
    fails = {
        name: pl.any_horizontal(pl.col(f"{name} {n}").is_not_null() for n in range(len(rules)))
        for name, rules in filters.items()
    }
    reasons = pl.concat_list(*codes).list.drop_nulls().list.unique(maintain_order=True)
    first = pl.coalesce(pl.when(failed).then(pl.lit(name)) for name, failed in fails.items())
    priced = with_price(rows, "segment", prices).with_columns(rule.alias(name) for name, rule in codes.items())
    return priced.with_columns(
        first.alias("first_filter"), reasons.list.join("|").replace("", None).alias("reasons")
    ).drop(*codes)


# --- Scores and offers ------------------------------------------------------------------------------------------------


def features(rows: pl.DataFrame) -> dict[str, np.ndarray]:
    """The columns of the models; NaN is unknown."""
    units = {"income": 100, "deposit_balance": 100, "savings_rate": 1_000_000}
    plain = ("credit_score", "account_age", "transactions_90d", "overdrafts_12m", *units)
    columns = {name: pl.col(name) / units.get(name, 1) for name in plain}
    columns["debt_to_income"] = pl.col("debt_to_income_ratio") / 1_000_000
    months = [pl.col("payment_history").str.slice(n, 1).cast(pl.Float64, strict=False) for n in range(12)]
    due = [pl.when(month <= 6).then(month) for month in months]
    for newest in (3, 6, 12):
        columns[f"worst_payment_delay_{newest}m"] = pl.max_horizontal(due[:newest])
        columns[f"mean_payment_delay_{newest}m"] = pl.mean_horizontal(due[:newest])
    table = rows.select(
        expression.cast(pl.Float64).fill_null(np.nan).alias(name) for name, expression in columns.items()
    )
    return {column.name: column.to_numpy() for column in table}


def millionths(models: Path, name: str, table: dict[str, np.ndarray]) -> pl.Series:
    """The probabilities of a model, in millionths."""
    return pl.Series(np.floor(load_model(models / name).probabilities(table) * 1e6 + 0.5).astype(np.int64))


def offered(rows: pl.DataFrame, models: Path, prices: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Those who pass the chain, with the final tier, its price, and the reasons of score and offer."""
    table, likelihood = features(rows), pl.col("approval_likelihood")
    band = pl.lit(None, pl.Int32)
    for place in reversed(range(len(TIERS))):
        band = pl.when(likelihood >= TIERS[place][3]).then(place).otherwise(band)
    tiered = rows.select("customer_id", "room", "segment", "state", "covered_borrower").with_columns(
        millionths(models, "loan_approval", table).alias("approval_likelihood"),
        millionths(models, "default_risk", table).alias("default_probability"),
    )
    tiered = tiered.with_columns(band.alias("band")).with_columns(pl.max_horizontal("segment", "band").alias("final"))
    score = [
        code(pl.col("segment").is_null(), "no_segment"),
        code(pl.col("band").is_null(), "score_below_min"),
        code(pl.col("default_probability") > 80_000, "default_risk_above_max"),
    ]
    offer = [code(pl.col("amount").is_null(), "amount_below_min"), *chain(as_of)["regulatory-compliance"][1:]]
    return (
        with_price(tiered, "final", prices)
        .with_columns(pl.concat_list(score).list.drop_nulls().list.join("|").alias("score"))
        .with_columns(pl.concat_list(offer).list.drop_nulls().list.join("|").alias("offer"))
        .with_columns(
            pl.when(pl.col("score") != "")
            .then(pl.lit("score"))
            .when(pl.col("offer") != "")
            .then(pl.lit("offer"))
            .alias("late"),
            pl.when(pl.col("score") != "")
            .then("score")
            .when(pl.col("offer") != "")
            .then("offer")
            .alias("late_reasons"),
        )
    )


def disclosed(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The offers, in the columns of the file."""
    names = dict(enumerate(tier for tier, *_ in TIERS))
    tiers = {"credit_tier": "segment", "score_band": "band", "tier": "final"}
    return (
        rows.select(
            pl.all().exclude(*tiers, *PRICE, "total_of_payments", "approval_likelihood", "default_probability"),
            *(pl.col(place).replace_strict(names).alias(name) for name, place in tiers.items()),
            *((pl.col(name) / 1_000_000).round(6) for name in ("approval_likelihood", "default_probability")),
            *((pl.col(name) / 100).round(2) for name in (*PRICE, "total_of_payments")),
            pl.lit(as_of + timedelta(days=90)).alias("expires_on"),
        )
        .select(OFFER)
        .sort("customer_id")
    )


def store(offers: pl.DataFrame, file: Path) -> None:
    """The page table, in the order of pages, with each offer's JSON."""
    file.unlink(missing_ok=True)
    pages = offers.with_columns(pl.struct(OFFER).struct.json_encode().alias("body")).select(
        "customer_id",
        "tier",
        (-pl.col("approval_likelihood") * 1_000_000).round().cast(pl.Int64).alias("minus_score"),
        (pl.col("amount") * 100).round().cast(pl.Int64).alias("amount_cents"),
        pl.col("expires_on").cast(pl.String),
        "body",
    )
    with sqlite3.connect(file) as connection:
        connection.execute(
            "CREATE TABLE offer (offer_id TEXT NOT NULL, customer_id TEXT NOT NULL, tier TEXT NOT NULL, "
            "minus_score INTEGER NOT NULL, amount_cents INTEGER NOT NULL, expires_on TEXT NOT NULL, "
            "body TEXT NOT NULL, PRIMARY KEY (tier, minus_score, customer_id)) STRICT, WITHOUT ROWID"
        )
        rows = pages.sort("tier", "minus_score", "customer_id").iter_rows()
        ids = ((hashlib.md5(row[-1].encode()).hexdigest(), *row) for row in rows)
        connection.executemany("INSERT INTO offer VALUES (?, ?, ?, ?, ?, ?, ?)", ids)
        connection.execute("CREATE UNIQUE INDEX offer_by_id ON offer (offer_id)")
        connection.execute("CREATE UNIQUE INDEX offer_by_customer ON offer (customer_id)")
    connection.close()


def main(source: Path, models: Path, as_of: date, out: Path) -> None:
    """From the files to the stored offers."""
    prices = price_list()
    customers = judged(source, as_of, prices)
    passed = offered(customers.filter(pl.col("reasons").is_null()), models, prices, as_of)
    late = passed.select("customer_id", "late", "late_reasons")
    reasons = pl.coalesce("reasons", "late_reasons")
    verdicts = customers.join(late, on="customer_id", how="left").select(
        "customer_id",
        pl.coalesce("first_filter", "late").alias("first_filter"),
        reasons.str.split("|").list.first().alias("first_reason"),
        reasons.alias("reasons"),
    )
    offers = disclosed(passed.filter(pl.col("late").is_null()), as_of)
    verdicts.sort("customer_id").write_csv(out / "verdicts.csv")
    offers.write_csv(out / "offers.csv")
    store(offers, out / "offers.sqlite")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), date.fromisoformat(sys.argv[3]), Path(sys.argv[4]))
