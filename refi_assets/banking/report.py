"""The report on a bank: portfolio, cohorts, arrears, risk, recommendations, unusual transactions, compliance.

It is one HTML file, without other files, script or network, and contains no customer's data. Its rows are read by
report_rows.py; its layout and drawings are in charts.py. Figures are those of the rows: nothing is judged here.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from html import escape

from refi_assets import charts
from refi_assets.banking.report_rows import ReportRows
from refi_assets.charts import Series, data_table, disclosure, number_cells, section, text_cells
from refi_assets.engines.base import Row

ARREARS_DAYS = (30, 60, 90)


def report_html(rows: ReportRows, title: str) -> str:
    """The page."""
    return charts.report_page(
        title,
        [
            _figures(rows["bank_in_figures"]),
            _portfolio(rows["loans_by_status"]),
            _cohorts(rows["loan_cohort"]),
            _arrears(rows["compliance_report"]),
            _risk(rows["loans_by_band"]),
            _recommendations(rows["recommended_products"], rows["recommendation_quality"]),
            _unusual(rows["unusual_by_month"]),
            _compliance(rows["compliance_report"]),
        ],
    )


def _figures(rows: Sequence[Row]) -> str:
    figures = {row["measure"].capitalize(): f"{row['amount']:,}" for row in rows}
    return section("In figures", "", charts.fact_list(figures))


def _portfolio(rows: Sequence[Row]) -> str:
    most: dict[str, float] = {}
    for row in rows:
        most[row["currency"]] = max(most.get(row["currency"], 0.0), float(row["amount"]))
    lines = [
        text_cells(row["currency"], _words(row["status"]))
        + f'<td class="chart">{charts.bar(float(row["amount"]), 0, most[row["currency"]])}</td>'
        + number_cells(f"{row['loans']:,}", _money(row["amount"]))
        for row in rows
    ]
    about = "All loans, with the amounts as granted. Bars compare amounts of one currency."
    return section("Portfolio", about, data_table(("currency", "status", ""), ("loans", "amount"), lines))


def _cohorts(rows: Sequence[Row]) -> str:
    months = {row["cohort_month"]: date.fromisoformat(f"{row['cohort_month']}-01") for row in rows}
    rates = {months[row["cohort_month"]]: float(row["default_rate_pct"]) for row in rows}
    lines = [
        text_cells(row["cohort_month"])
        + number_cells(f"{row['total_accounts']:,}", f"{row['defaulted_accounts']:,}", f"{row['default_rate_pct']:.1f}")
        for row in rows
    ]
    table = data_table(("opened in",), ("accounts with a loan", "in default", "default rate, %"), lines)
    return section(
        "Cohorts",
        "The share of accounts with a loan that are in default, by the month in which the account was opened. A month "
        "with few accounts says little.",
        charts.monthly_plot({"default rate": rates}, "Default rate in percent, by month of opening", charts.dots)
        + disclosure("All months", table),
    )


def _arrears(rows: Sequence[Row]) -> str:
    content = "".join(
        f"<h3>{escape(currency)}</h3>"
        + charts.monthly_plot(
            {
                f"{days} days": {row["month"]: float(row[f"arrears_{days}_days"]) for row in of_currency}
                for days in ARREARS_DAYS
            },
            f"Accounts at least 30, 60 and 90 days in arrears, {currency}",
        )
        for currency, of_currency in _by_currency(rows).items()
    )
    about = "Accounts that have paid less than what was due 30, 60 and 90 days before the end of the month."
    return section("Arrears", about, content or _nothing("There is no loan."))


def _risk(rows: Sequence[Row]) -> str:
    lines = [text_cells(row["band"]) + number_cells(f"{row['loans']:,}", f"{row['customers']:,}") for row in rows]
    return section(
        "Risk of running loans",
        "Loans that are paid so far, by the probability of going bad that the model loan_default gave them on the day "
        "they were granted.",
        data_table(("band",), ("loans", "customers"), lines)
        if lines
        else _nothing("No loan was scored: the model has no champion, or no loan is running."),
    )


def _recommendations(products: Sequence[Row], quality: Sequence[Row]) -> str:
    lines = [
        text_cells(_words(row["product"]), _words(row["source"])) + number_cells(f"{row['customers']:,}")
        for row in products
    ]
    rates: Series = {
        name: {row["month"]: float(row[column]) for row in quality if row[column] is not None}
        for name, column in (("recommended", "hit_rate_pct"), ("most popular", "popularity_hit_rate_pct"))
    }
    hits = [
        text_cells(_month(row["month"]))
        + number_cells(f"{row['purchases']:,}", _percent(row["hit_rate_pct"]), _percent(row["popularity_hit_rate_pct"]))
        for row in quality
    ]
    return section(
        "Recommendations",
        "Customers by the product that is recommended to them, and why. Hit rates: the share of a month's purchases "
        "that were among the products recommended before it, beside the most popular products.",
        data_table(("product", "source"), ("customers",), lines)
        + charts.monthly_plot(rates, "Hit rates in percent: recommended, and most popular")
        + disclosure("All months", data_table(("month",), ("purchases", "recommended, %", "most popular, %"), hits)),
    )


def _unusual(rows: Sequence[Row]) -> str:
    by_reason: dict[str, dict[date, float]] = {}
    totals: dict[str, int] = {}
    for row in rows:
        by_reason.setdefault(_words(row["reason"]), {})[row["month"]] = float(row["transactions"])
        totals[_words(row["reason"])] = totals.get(_words(row["reason"]), 0) + row["transactions"]
    months = sorted({row["month"] for row in rows})
    series = {reason: {month: counts.get(month, 0.0) for month in months} for reason, counts in by_reason.items()}
    lines = [text_cells(reason) + number_cells(f"{total:,}") for reason, total in totals.items()]
    return section(
        "Unusual transactions",
        "Transactions with an amount that is far from the account's others, or on a day with many more than usual. "
        "Unusual is not wrong.",
        data_table(("reason",), ("transactions",), lines)
        + charts.monthly_plot(series, "Unusual transactions by month: " + ", ".join(series)),
    )


def _compliance(rows: Sequence[Row]) -> str:
    columns = ("granted", "loans", "exposure", "overdue", "defaults")
    lines = [
        text_cells(_month(row["month"]), row["currency"])
        + number_cells(*(_money(row[name]) if isinstance(row[name], Decimal) else f"{row[name]:,}" for name in columns))
        for row in reversed(rows)
    ]
    facts = {}
    if rows:
        newest = rows[-1]
        facts = {
            "Rows in silver's quarantine": f"{newest['quarantined_rows']:,}",
            "By reason": newest["quarantined_by_reason"] or "none",
            "Personal columns that analysts see masked, %": _percent(newest["masked_columns_pct"]),
            "Hash of contracts and SQL": newest["lineage_sha256"],
        }
    return section(
        "Compliance",
        "By the end of each month and by currency, the newest first; the quality of the data is that of this run.",
        charts.fact_list(facts) + disclosure("All months", data_table(("month", "currency"), columns, lines)),
    )


def _by_currency(rows: Iterable[Row]) -> dict[str, list[Row]]:
    by_currency: dict[str, list[Row]] = {}
    for row in rows:
        by_currency.setdefault(row["currency"], []).append(row)
    return dict(sorted(by_currency.items()))


def _nothing(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _words(code: str) -> str:
    return code.replace("_", " ")


def _month(month: date) -> str:
    return f"{month:%Y-%m}"


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _percent(percent: float | None) -> str:
    return "unknown" if percent is None else f"{percent:.1f}"
