"""The audience by Polars: python bench/bare_polars.py SOURCE_DIR OUT.csv.

The script of an engineer who only wants the answer: read the text, cast it, join, judge, sort, write.
A cell that cannot be cast is null, a line that cannot be read loses or gains cells, and nothing reports it.
"""

import sys

import polars as pl

FLAGS = ("paperless_billing", "email_open_last_30d", "mobile_app_login_last_30d", "sms_opt_in")
SPACE = ' \t\r\u00a0"'
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


def scan(path: str) -> pl.LazyFrame:
    """A source, all text; names of columns in lower case.

    If quotation marks are enabled, Polars stops at a line where they are broken, even with ignore_errors
    (pola-rs/polars#25462); so they are text, and stripped later. A comma in a name shifts the cells after it.
    """
    return pl.scan_csv(
        path,
        infer_schema=False,
        encoding="utf8-lossy",
        quote_char=None,
        truncate_ragged_lines=True,
        with_column_names=lambda names: [name.strip().lower() for name in names],
    )


def text(column: str) -> pl.Expr:
    """Text without the white space and quotes around it; empty is null."""
    trimmed = pl.col(column).str.strip_chars(SPACE)
    return pl.when(trimmed != "").then(trimmed).alias(column)


def number(column: str, precision: int, scale: int) -> pl.Expr:
    """An exact decimal, or null."""
    return pl.col(column).str.strip_chars(SPACE).cast(pl.Decimal(precision, scale), strict=False)


def flag(column: str) -> pl.Expr:
    """A boolean, or null."""
    lower = pl.col(column).str.strip_chars(SPACE).str.to_lowercase()
    return pl.when(lower.is_in(TRUE)).then(True).when(lower.is_in(FALSE)).then(False).alias(column)


def audience(source: str) -> pl.LazyFrame:
    """The audience: the best loan of each borrower, warmest first."""
    borrower = scan(f"{source}/borrower_information.csv").select(
        text("borrower_id"), text("first_name"), text("last_name"), text("property_id").alias("home_id")
    )
    loan = scan(f"{source}/loan_information.csv").select(
        text("loan_id"), text("borrower_id"), text("property_id"), number("current_interest_rate", 9, 6)
    )
    market = scan(f"{source}/market_equity.csv").select(
        text("property_id"),
        number("market_rate_offer", 9, 6),
        number("ltv_ratio", 10, 6),
        number("monthly_savings_est", 18, 2),
    )
    engagement = scan(f"{source}/borrower_engagement.csv").select(text("borrower_id"), *map(flag, FLAGS))
    spread = pl.col("rate_spread")
    name = pl.concat_str("first_name", "last_name", separator=" ", ignore_nulls=True)
    return (
        borrower.join(loan, on="borrower_id")
        .with_columns(pl.coalesce("property_id", "home_id").alias("property_id"))
        .join(market, on="property_id")
        .with_columns((pl.col("current_interest_rate") - pl.col("market_rate_offer")).alias("rate_spread"))
        .filter(pl.col("ltv_ratio") <= 80, spread >= 1)
        .join(engagement, on="borrower_id", how="left")
        .sort("rate_spread", "monthly_savings_est", "loan_id", descending=[True, True, False], nulls_last=True)
        .unique("borrower_id", keep="first")
        .sort("rate_spread", "monthly_savings_est", "borrower_id", descending=[True, True, False], nulls_last=True)
        .select(
            "borrower_id",
            pl.when(name.str.contains(r"^[=+@\t\r-]")).then("'" + name).otherwise(name).alias("name"),
            "rate_spread",
            "monthly_savings_est",
            pl.when(spread > pl.lit("1.25").cast(pl.Decimal(9, 6)))
            .then(pl.lit("Immediate Action"))
            .otherwise(pl.lit("Hot Lead"))
            .alias("marketing_category"),
            "loan_id",
            "current_interest_rate",
            "market_rate_offer",
            "ltv_ratio",
            *FLAGS,
        )
    )


if __name__ == "__main__":
    audience(sys.argv[1]).sink_csv(sys.argv[2])
