"""Months of accounts and cohorts of loans by Polars: python bench/bare_polars_bank.py SOURCE_DIR OUT_DIR.

The script of an engineer who only wants the answer: it reads the files of a bank in one currency, believes each cell,
takes the order of the file for the order of a day's transactions, and keeps no row that it cannot read.
"""

import sys
from pathlib import Path

import polars as pl

ACCOUNT = "account_id"


def table(source: Path, name: str, columns: dict[str, type[pl.DataType]]) -> pl.LazyFrame:
    """Some columns of a file; dates are written yymmdd."""
    frame = pl.scan_csv(source / name, separator=";", schema_overrides=columns).select(*columns)
    return frame.with_columns(pl.col("date").str.to_date("%y%m%d")) if "date" in columns else frame


def cents(column: str) -> pl.Expr:
    """Whole cents of an amount."""
    return (pl.col(column) * 100).round().cast(pl.Int64).alias(column)


def account_days(source: Path) -> pl.DataFrame:
    """What each account did on each day on which it did anything, and the balance at its end."""
    columns = {ACCOUNT: pl.Int64, "date": pl.String, "type": pl.String, "amount": pl.Float64, "balance": pl.Float64}
    booked = table(source, "trans.asc", columns).with_columns(cents("amount"), cents("balance"))
    came = pl.col("type") == "PRIJEM"
    return (
        booked.group_by(ACCOUNT, "date")
        .agg(
            pl.len().alias("transactions"),
            pl.col("amount").filter(came).sum().alias("inflow"),
            pl.col("amount").filter(~came).sum().alias("outflow"),
            pl.col("balance").last(),
        )
        .sort(ACCOUNT, "date")
        .collect()
    )


def account_months(days: pl.DataFrame) -> pl.DataFrame:
    """Every month of each account, up to the last one of all."""
    ends = days["date"].max()
    month, below = pl.col("date").dt.truncate("1mo"), pl.col("balance") < 0
    until = pl.min_horizontal(month.dt.offset_by("1mo"), pl.lit(ends) + pl.duration(days=1))
    active = (
        days.with_columns(month.alias("month"))
        .with_columns(pl.col("date").shift(-1).over(ACCOUNT, "month").fill_null(until).alias("until"))
        .group_by(ACCOUNT, "month", maintain_order=True)
        .agg(
            pl.col("transactions", "inflow", "outflow").sum(),
            pl.col("balance").last().alias("closing_balance"),
            (pl.col("until") - pl.col("date")).dt.total_days().filter(below).sum().alias("days_below_zero"),
            pl.col("date").first().alias("first_day"),
        )
    )
    months = (
        active.group_by(ACCOUNT, maintain_order=True)
        .agg(pl.date_range(pl.col("month").min(), pl.lit(ends).dt.truncate("1mo"), "1mo").alias("month"))
        .explode("month")
    )
    closing = pl.col("closing_balance").forward_fill().over(ACCOUNT)
    next_month = pl.min_horizontal(pl.col("month").dt.offset_by("1mo"), pl.lit(ends) + pl.duration(days=1))
    carried = (pl.col("first_day").fill_null(next_month) - pl.col("month")).dt.total_days()
    return (
        months.join(active, on=[ACCOUNT, "month"], how="left", maintain_order="left")
        .with_columns(closing, pl.col("transactions", "inflow", "outflow", "days_below_zero").fill_null(0))
        .with_columns(pl.col("closing_balance").shift(1).over(ACCOUNT).alias("opening_balance"))
        .with_columns(
            pl.when(pl.col("opening_balance") < 0)
            .then(pl.col("days_below_zero") + carried)
            .otherwise("days_below_zero")
            .alias("days_below_zero")
        )
        .select(ACCOUNT, "month", "transactions", "inflow", "outflow", "closing_balance", "days_below_zero")
    )


def loan_cohorts(source: Path) -> pl.DataFrame:
    """Accounts with a loan, and those in default, by the month of their opening."""
    accounts = table(source, "account.asc", {ACCOUNT: pl.Int64, "date": pl.String})
    loans = table(source, "loan.asc", {ACCOUNT: pl.Int64, "status": pl.String})
    is_bad = pl.col("status").is_in(["B", "D"])
    return (
        loans.group_by(ACCOUNT)
        .agg(is_bad.any().alias("defaulted"))
        .join(accounts, on=ACCOUNT)
        .group_by(pl.col("date").dt.strftime("%Y-%m").alias("cohort_month"))
        .agg(pl.len().alias("total_accounts"), pl.col("defaulted").sum().alias("defaulted_accounts"))
        .sort("cohort_month")
        .collect()
    )


def main(source: Path, out: Path) -> None:
    """From the files to two tables."""
    account_months(account_days(source)).write_parquet(out / "account_month.parquet")
    loan_cohorts(source).write_parquet(out / "loan_cohort.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
