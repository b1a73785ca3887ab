"""The report on default risk: bands, migration, vintages, expected loss, concentration, arrears.

It is one HTML file, without other files, script or network, and contains no borrower's data. Its figures are those of
report_tables.py; layout and drawings are in charts.py.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from refi_assets import charts
from refi_assets.charts import data_table, disclosure, number_cells, section, text_cells
from refi_assets.engines.base import Row
from refi_assets.risk.losses import exact_sum, percent_of
from refi_assets.risk.report_tables import BANDS, NOT_SCORED, Tables, concentration_indices

DELINQUENCIES = {
    "current": "not past due",
    "days_1_to_29": "1 to 29 days",
    "days_30_to_89": "30 to 89 days",
    "days_90_and_more": "90 days and more",
}
PLOTTED_STATES = 15
TOTALS = ("loans", "balance", "exposure_at_default", "expected_loss", "expected_loss_pct")
TOTAL_HEADS = ("loans", "balance", "exposure at default", "expected loss", "of exposure, %")


def risk_report(tables: Tables, title: str) -> str:
    """The page."""
    return charts.report_page(
        title,
        [
            _figures(*tables["portfolio"]),
            _bands(tables["portfolio_by_band"]),
            _migration(tables["band_migration"]),
            _vintages(tables["vintages"]),
            _expected_loss(tables["expected_loss_by_product"]),
            _concentration(tables),
            _arrears(tables["regulatory_aggregates"]),
        ],
    )


def _figures(row: Row) -> str:
    facts = {
        "Borrowers with a score": f"{row['borrowers']:,}",
        "Loans": f"{row['loans']:,}",
        "Balance": _amount(row["balance"]),
        "Exposure at default": _amount(row["exposure_at_default"]),
        "Expected loss": _amount(row["expected_loss"]),
    }
    return section("In figures", "Amounts are in USD.", charts.fact_list(facts))


def _bands(rows: Sequence[Row]) -> str:
    most = max((float(row["balance"]) for row in rows), default=0.0)
    lines = [
        text_cells(_words(row["band"]))
        + _bar(row["balance"], most)
        + number_cells(f"{row['borrowers']:,}", *_totals(row))
        for row in rows
    ]
    return section(
        "Portfolio by band",
        "Borrowers by the band of their probability of default within twelve months, and their loans. Bars compare "
        "balances.",
        data_table(("band", ""), ("borrowers", *TOTAL_HEADS), lines),
    )


def _migration(rows: Sequence[Row]) -> str:
    numbers = {(row["band_before"], row["band"]): row["borrowers"] for row in rows}
    before = [band for band in (*BANDS, "new") if any(cell[0] == band for cell in numbers)]
    lines = [
        text_cells(band) + number_cells(*(f"{numbers.get((band, newest), 0):,}" for newest in BANDS)) for band in before
    ]
    return section(
        "Migration",
        "Borrowers by their band on the last day scored before (rows) and on this one (columns). New are those who had "
        "no score.",
        data_table(("from",), [f"to {band}" for band in BANDS], lines),
    )


def _vintages(rows: Sequence[Row]) -> str:
    plots = [
        f"<h3>{name}</h3>"
        + charts.monthly_plot(
            {name: {row["vintage"]: float(row[column]) for row in rows if row[column] is not None}},
            f"{name}, by quarter of granting",
        )
        for column, name in (
            ("expected_loss_pct", "Expected loss in % of the exposure"),
            ("past_due_pct", "Share of the balance that is 30 or more days past due, in %"),
        )
    ]
    lines = [
        text_cells(f"{row['vintage']:%Y}-Q{(row['vintage'].month + 2) // 3}")
        + number_cells(*_totals(row), _percent(row["past_due_pct"]))
        for row in rows
    ]
    return section(
        "Vintages",
        "Loans by the quarter in which they were granted.",
        "".join(plots)
        + disclosure("All quarters", data_table(("quarter",), (*TOTAL_HEADS, "30 days past due, %"), lines)),
    )


def _expected_loss(rows: Sequence[Row]) -> str:
    most = max((float(row["expected_loss"] or 0) for row in rows), default=0.0)
    lines = [
        text_cells(_words(row["product"]))
        + _bar(row["expected_loss"] or Decimal(0), most)
        + number_cells(_percent(row["lgd_pct"]), _percent(row["ead_pct"]), *_totals(row)[2:])
        for row in rows
    ]
    return section(
        "Expected loss",
        "Probability of default x share lost at default (LGD) x amount owed at default (EAD, in % of the balance), "
        "added up over loans. LGD and EAD are the policy's; loans without a score have no expected loss. Bars compare "
        "expected losses.",
        data_table(("product", ""), ("LGD, %", "EAD, %", *TOTAL_HEADS[2:]), lines),
    )


def _concentration(tables: Tables) -> str:
    rows = tables["concentration"]
    states = {row["part"]: float(row["share_pct"] or 0) for row in rows if row["basis"] == "state"}
    lines = [
        text_cells(row["basis"], _words(row["part"]))
        + number_cells(_amount(row["balance"]), _percent(row["share_pct"]))
        for row in rows
    ]
    indices = {
        f"Herfindahl-Hirschman index by {basis}": "unknown" if index is None else f"{index:,}"
        for basis, index in concentration_indices(tables).items()
    }
    shown = dict(list(states.items())[:PLOTTED_STATES])
    return section(
        "Concentration",
        "Shares of all balances. The index is the sum of squared shares in percent: 10,000 is everything in one part, "
        "and below 1,500 is usually called not concentrated.",
        charts.fact_list(indices)
        + charts.ranked_bars(shown, {}, f"Share of all balances in percent, by state: the {len(shown)} largest")
        + disclosure("All parts", data_table(("by", "part"), ("balance", "share, %"), lines)),
    )


def _arrears(rows: Sequence[Row]) -> str:
    bands = [band for band in (*BANDS, NOT_SCORED) if any(row["band"] == band for row in rows)]
    whole = _sum(rows, "balance")
    lines = []
    for delinquency, name in DELINQUENCIES.items():
        of_delinquency = [row for row in rows if row["delinquency"] == delinquency]
        balance = _sum(of_delinquency, "balance")
        by_band = [_sum([row for row in of_delinquency if row["band"] == band], "balance") for band in bands]
        loans = f"{sum(row['loans'] for row in of_delinquency):,}"
        numbers = number_cells(loans, _amount(balance), _percent(percent_of(balance, whole)), *map(_amount, by_band))
        lines.append(text_cells(name) + numbers)
    heads = ("loans", "balance", "share, %", *(f"balance {_words(band)}" for band in bands))
    every = [
        text_cells(_words(row["product"]), _words(row["band"]), DELINQUENCIES[row["delinquency"]])
        + number_cells(*_totals(row))
        for row in rows
    ]
    return section(
        "Arrears and regulatory aggregates",
        "Loans by days past due of their borrower's oldest unpaid payment, which counts for all loans of the borrower.",
        data_table(("past due",), heads, lines)
        + disclosure(
            "By product, band and days past due", data_table(("product", "band", "past due"), TOTAL_HEADS, every)
        ),
    )


def _totals(row: Mapping[str, object]) -> list[str]:
    """The texts of the columns TOTALS."""
    loans, balance, exposure, loss, share = (row[name] for name in TOTALS)
    return [f"{loans:,}", *(_amount(amount) for amount in (balance, exposure, loss)), _percent(share)]


def _bar(amount: Decimal, most: float) -> str:
    return f'<td class="chart">{charts.bar(float(amount), 0, most)}</td>'


def _sum(rows: Sequence[Row], column: str) -> Decimal:
    return exact_sum(row[column] for row in rows)


def _words(code: str) -> str:
    return code.replace("_", " ")


def _amount(amount: object) -> str:
    return "unknown" if amount is None else f"{amount:,.2f}"


def _percent(percent: object) -> str:
    return "unknown" if percent is None else f"{percent:.2f}"
