"""The audience by pandas: python bench/bare_pandas.py SOURCE_DIR OUT.csv.

The script of an engineer who only wants the answer: read the text, cast it, join, judge, sort, write.
A cell that cannot be cast is missing, a line that cannot be read is skipped, and nothing reports it.
Rates and LTV are integers in millionths of a point, since pandas has no fast decimals, and floats would not be
exact: 4.1 - 3.1 is less than 1.
"""

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd

FLAGS = ["paperless_billing", "email_open_last_30d", "mobile_app_login_last_30d", "sms_opt_in"]
TRUTH = dict.fromkeys(("true", "t", "yes", "y", "1"), True) | dict.fromkeys(("false", "f", "no", "n", "0"), False)
POINT = 1_000_000
COLUMNS = ["borrower_id", "name", "rate_spread", "monthly_savings_est", "marketing_category", "loan_id"]
COLUMNS += ["current_interest_rate", "market_rate_offer", "ltv_ratio", *FLAGS]


def read(path: str, **columns: Callable[[pd.Series], pd.Series]) -> pd.DataFrame:
    """Columns of a source, each typed by its function. The faster pyarrow engine stops at a byte that is not UTF-8."""
    frame = pd.read_csv(
        path,
        dtype=str,
        usecols=lambda name: name.strip().lower() in columns,
        keep_default_na=False,
        na_values=[""],
        on_bad_lines="skip",
        encoding="utf-8-sig",
        encoding_errors="replace",
    )
    frame.columns = frame.columns.str.strip().str.lower()
    return pd.DataFrame({name: typed(frame[name]) for name, typed in columns.items()})


def text(cells: pd.Series) -> pd.Series:
    """Text without the white space around it; empty is missing."""
    trimmed = cells.str.strip()
    return trimmed.mask(trimmed == "")


def flag(cells: pd.Series) -> pd.Series:
    """Booleans; missing if the text is not one."""
    return cells.str.strip().str.lower().map(TRUTH)


def number(cells: pd.Series) -> pd.Series:
    """Numbers; missing if the text is not one."""
    numbers = pd.to_numeric(cells.str.strip(), errors="coerce")
    return numbers.where(np.isfinite(numbers))


def millionths(cells: pd.Series) -> pd.Series:
    """Numbers with up to six decimals, exactly; missing if the text is not one."""
    return (number(cells) * POINT).round().astype("Int64")


def audience(source: str) -> pd.DataFrame:
    """The audience: the best loan of each borrower, warmest first."""
    borrower = read(
        f"{source}/borrower_information.csv",
        borrower_id=text,
        first_name=text,
        last_name=text,
        property_id=text,
    ).rename(columns={"property_id": "home_id"})
    loan = read(
        f"{source}/loan_information.csv",
        loan_id=text,
        borrower_id=text,
        property_id=text,
        current_interest_rate=millionths,
    )
    market = read(
        f"{source}/market_equity.csv",
        property_id=text,
        market_rate_offer=millionths,
        ltv_ratio=millionths,
        monthly_savings_est=number,
    )
    engagement = read(f"{source}/borrower_engagement.csv", borrower_id=text, **dict.fromkeys(FLAGS, flag))

    # Two empty ids are not the same id, but pandas would join them.
    unified = borrower.dropna(subset="borrower_id").merge(loan.dropna(subset="borrower_id"), on="borrower_id")
    unified["property_id"] = unified["property_id"].fillna(unified["home_id"])
    unified = unified.dropna(subset="property_id").merge(market.dropna(subset="property_id"), on="property_id")
    unified["rate_spread"] = unified["current_interest_rate"] - unified["market_rate_offer"]
    eligible = unified[(unified["ltv_ratio"] <= 80 * POINT) & (unified["rate_spread"] >= POINT)]
    chosen = eligible.sort_values(
        ["rate_spread", "monthly_savings_est", "loan_id"], ascending=[False, False, True]
    ).drop_duplicates("borrower_id")
    chosen = chosen.merge(engagement.dropna(subset="borrower_id"), on="borrower_id", how="left")
    chosen = chosen.drop_duplicates("borrower_id")
    chosen = chosen.sort_values(["rate_spread", "monthly_savings_est", "borrower_id"], ascending=[False, False, True])

    first, last = chosen["first_name"], chosen["last_name"]
    name = (first + " " + last).fillna(first).fillna(last)
    chosen["name"] = name.where(~name.str.match(r"[=+@\t\r-]", na=False), "'" + name)
    chosen["marketing_category"] = np.where(chosen["rate_spread"] > 1.25 * POINT, "Immediate Action", "Hot Lead")
    for column in ("rate_spread", "current_interest_rate", "market_rate_offer", "ltv_ratio"):
        chosen[column] = chosen[column] / POINT
    return chosen[COLUMNS]


if __name__ == "__main__":
    audience(sys.argv[1]).to_csv(sys.argv[2], index=False)
