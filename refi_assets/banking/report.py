"""The report on a bank: portfolio, cohorts, arrears, risk, recommendations, unusual transactions, compliance.

It is one HTML file, without other files, script or network, and contains no customer's data. Its rows are read by
report_rows.py; its layout and drawings are in charts.py. Figures are those of the rows: nothing is judged here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from itertools import cycle

import numpy as np

from refi_assets import charts
from refi_assets.banking.report_rows import ReportRows
from refi_assets.charts import Axes, Numbers, section
from refi_assets.engines.base import Row

MARKED_MONTHS = 14  # on an axis; of more months, only the years are marked
COLORS = ("", "second", "third")
ARREARS_DAYS = (30, 60, 90)

Series = Mapping[str, Mapping[date, float]]  # name -> month -> value
Draw = Callable[[Axes, Numbers, Numbers, str], str]


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
        _texts(row["currency"], _words(row["status"]))
        + f'<td class="chart">{charts.bar(float(row["amount"]), 0, most[row["currency"]])}</td>'
        + _numbers(f"{row['loans']:,}", _money(row["amount"]))
        for row in rows
    ]
    about = "All loans, with the amounts as granted. Bars compare amounts of one currency."
    return section("Portfolio", about, _table(("currency", "status", ""), ("loans", "amount"), lines))


def _cohorts(rows: Sequence[Row]) -> str:
    months = {row["cohort_month"]: date.fromisoformat(f"{row['cohort_month']}-01") for row in rows}
    rates = {months[row["cohort_month"]]: float(row["default_rate_pct"]) for row in rows}
    lines = [
        _texts(row["cohort_month"])
        + _numbers(f"{row['total_accounts']:,}", f"{row['defaulted_accounts']:,}", f"{row['default_rate_pct']:.1f}")
        for row in rows
    ]
    table = _table(("opened in",), ("accounts with a loan", "in default", "default rate, %"), lines)
    return section(
        "Cohorts",
        "The share of accounts with a loan that are in default, by the month in which the account was opened. A month "
        "with few accounts says little.",
        _by_month({"default rate": rates}, "Default rate in percent, by month of opening", charts.dots)
        + _details("All months", table),
    )


def _arrears(rows: Sequence[Row]) -> str:
    content = "".join(
        f"<h3>{escape(currency)}</h3>"
        + _by_month(
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
    lines = [_texts(row["band"]) + _numbers(f"{row['loans']:,}", f"{row['customers']:,}") for row in rows]
    return section(
        "Risk of running loans",
        "Loans that are paid so far, by the probability of going bad that the model loan_default gave them on the day "
        "they were granted.",
        _table(("band",), ("loans", "customers"), lines)
        if lines
        else _nothing("No loan was scored: the model has no champion, or no loan is running."),
    )


def _recommendations(products: Sequence[Row], quality: Sequence[Row]) -> str:
    lines = [
        _texts(_words(row["product"]), _words(row["source"])) + _numbers(f"{row['customers']:,}") for row in products
    ]
    rates: Series = {
        name: {row["month"]: float(row[column]) for row in quality if row[column] is not None}
        for name, column in (("recommended", "hit_rate_pct"), ("most popular", "popularity_hit_rate_pct"))
    }
    hits = [
        _texts(_month(row["month"]))
        + _numbers(f"{row['purchases']:,}", _percent(row["hit_rate_pct"]), _percent(row["popularity_hit_rate_pct"]))
        for row in quality
    ]
    return section(
        "Recommendations",
        "Customers by the product that is recommended to them, and why. Hit rates: the share of a month's purchases "
        "that were among the products recommended before it, beside the most popular products.",
        _table(("product", "source"), ("customers",), lines)
        + _by_month(rates, "Hit rates in percent: recommended, and most popular")
        + _details("All months", _table(("month",), ("purchases", "recommended, %", "most popular, %"), hits)),
    )


def _unusual(rows: Sequence[Row]) -> str:
    by_reason: dict[str, dict[date, float]] = {}
    totals: dict[str, int] = {}
    for row in rows:
        by_reason.setdefault(_words(row["reason"]), {})[row["month"]] = float(row["transactions"])
        totals[_words(row["reason"])] = totals.get(_words(row["reason"]), 0) + row["transactions"]
    months = sorted({row["month"] for row in rows})
    series = {reason: {month: counts.get(month, 0.0) for month in months} for reason, counts in by_reason.items()}
    lines = [_texts(reason) + _numbers(f"{total:,}") for reason, total in totals.items()]
    return section(
        "Unusual transactions",
        "Transactions with an amount that is far from the account's others, or on a day with many more than usual. "
        "Unusual is not wrong.",
        _table(("reason",), ("transactions",), lines)
        + _by_month(series, "Unusual transactions by month: " + ", ".join(series)),
    )


def _compliance(rows: Sequence[Row]) -> str:
    columns = ("granted", "loans", "exposure", "overdue", "defaults")
    lines = [
        _texts(_month(row["month"]), row["currency"])
        + _numbers(*(_money(row[name]) if isinstance(row[name], Decimal) else f"{row[name]:,}" for name in columns))
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
        charts.fact_list(facts) + _details("All months", _table(("month", "currency"), columns, lines)),
    )


def _by_month(series: Series, label: str, draw: Draw = charts.curve) -> str:
    """A plot of values by month, and the names of its series if there are several."""
    months = sorted({month for values in series.values() for month in values})
    if not months:
        return _nothing("There is no month to show.")
    first, last = _number_of(months[0]), _number_of(months[-1])
    highest = max(value for values in series.values() for value in values.values())
    axes = Axes(first - 0.5, last + 0.5, max(highest, 1.0))
    names = dict(zip(series, cycle(COLORS), strict=False))
    shapes = []
    for name, values in series.items():
        x, y = np.array([float(_number_of(month)) for month in values]), np.array([*values.values()])
        shapes.append(draw(axes, x, y, names[name]))
        if last - first < MARKED_MONTHS:
            shapes.append(charts.dots(axes, x, y, names[name]))
    label = f"{label}, {_month(months[0])} to {_month(months[-1])}"
    svg = charts.plot(axes, shapes, charts.round_marks(axes.most), {}, label, "", _marks(first, last))
    return (charts.key(names) if len(series) > 1 else "") + svg


def _marks(first: int, last: int) -> dict[float, str]:
    """Marks on the axis of months: all months, or the first month of each year."""
    if last - first < MARKED_MONTHS:
        return {float(number): f"{number // 12}-{number % 12 + 1:02}" for number in range(first, last + 1)}
    return {float(number): str(number // 12) for number in range(first, last + 1) if number % 12 == 0}


def _number_of(month: date) -> int:
    return month.year * 12 + month.month - 1


def _by_currency(rows: Iterable[Row]) -> dict[str, list[Row]]:
    by_currency: dict[str, list[Row]] = {}
    for row in rows:
        by_currency.setdefault(row["currency"], []).append(row)
    return dict(sorted(by_currency.items()))


def _table(texts: Sequence[str], numbers: Sequence[str], rows: Sequence[str]) -> str:
    """A table whose first columns are texts, and whose others are numbers, which are on the right."""
    if not rows:
        return _nothing("There is none.")
    heads = [f'<th scope="col">{escape(name)}</th>' for name in texts]
    heads += [f'<th scope="col" class="number">{escape(name)}</th>' for name in numbers]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>{body}</tbody></table>"


def _texts(*texts: str) -> str:
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def _numbers(*numbers: str) -> str:
    return "".join(f'<td class="number">{escape(number)}</td>' for number in numbers)


def _details(summary: str, content: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


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
