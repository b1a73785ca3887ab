"""The report on default risk: its figures by hand, its gaps, and that it needs nothing else."""

import csv
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from refi_assets.risk.policy import Loss
from refi_assets.risk.report import risk_report
from refi_assets.risk.report_rows import RiskRows, risk_title
from refi_assets.risk.report_tables import Tables, concentration_indices, risk_tables, write_tables

D = Decimal
LOSSES = {
    "mortgage": Loss(lgd_pct=D(25), ead_pct=D(100)),
    "credit_card": Loss(lgd_pct=D(80), ead_pct=D(110)),
}
Row = dict[str, Any]


def cell(product: str, band: str, delinquency: str, balance: str, likely: str | None) -> Row:
    return {
        **{"product": product, "band": band, "delinquency": delinquency, "loans": 1, "balance": D(balance)},
        **{"likely_balance": None if likely is None else D(likely)},
    }


def vintage(quarter: date, product: str, balance: str, past_due: str, likely: str | None) -> Row:
    return {
        **{"vintage": quarter, "product": product, "loans": 1, "balance": D(balance), "past_due_balance": D(past_due)},
        **{"likely_balance": None if likely is None else D(likely)},
    }


# Mortgages of 200,000 at 2 % and 100,000 at 30 %; a card of 1,000 at 50 %; a card of 500 without a score.
# Expected losses: 1,000, 7,500 and 440; exposures: 300,000, 1,100 and 550.
def some_rows(**changed: list[Row]) -> RiskRows:
    return {
        "borrowers_by_band": [{"band": "high", "borrowers": 2}, {"band": "low", "borrowers": 1}],
        "exposure_cells": [
            cell("credit_card", "high", "days_30_to_89", "1000.00", "500.00000000"),
            cell("credit_card", "not_scored", "current", "500.00", None),
            cell("mortgage", "high", "days_90_and_more", "100000.00", "30000.00000000"),
            cell("mortgage", "low", "current", "200000.00", "4000.00000000"),
        ],
        "exposure_by_vintage": [
            vintage(date(2024, 10, 1), "mortgage", "200000.00", "0.00", "4000.00000000"),
            vintage(date(2025, 1, 1), "credit_card", "1500.00", "1000.00", "500.00000000"),
            vintage(date(2025, 1, 1), "mortgage", "100000.00", "100000.00", "30000.00000000"),
        ],
        "exposure_by_state": [
            {"state": "TX", "loans": 3, "balance": D("300500.00")},
            {"state": "unknown", "loans": 1, "balance": D("1000.00")},
        ],
        "largest_exposures": [
            {"place": place, "balance": D(balance)}
            for place, balance in enumerate(("200500.00", "100000.00", "1000.00"), 1)
        ],
        "band_migration": [
            {"band_before": "low", "band": "high", "borrowers": 1_001},
            {"band_before": "new", "band": "low", "borrowers": 2},
        ],
        **changed,
    }


def some_tables(**changed: list[Row]) -> Tables:
    return risk_tables(some_rows(**changed), LOSSES)


def test_expected_loss_by_product_is_that_by_hand() -> None:
    card, mortgage = some_tables()["expected_loss_by_product"]
    assert card == {
        **{"product": "credit_card", "lgd_pct": D(80), "ead_pct": D(110), "loans": 2, "balance": D("1500.00")},
        # 440 of 1,650 owed at default
        **{"exposure_at_default": D("1650.00"), "expected_loss": D("440.00"), "expected_loss_pct": D("26.666667")},
    }
    assert (mortgage["expected_loss"], mortgage["expected_loss_pct"]) == (D("8500.00"), D("2.833333"))


def test_bands_are_in_order_and_loans_without_a_score_have_no_expected_loss() -> None:
    assert [
        (row["band"], row["borrowers"], row["loans"], row["balance"], row["expected_loss"])
        for row in some_tables()["portfolio_by_band"]
    ] == [
        ("high", 2, 2, D("101000.00"), D("7940.00")),
        ("low", 1, 1, D("200000.00"), D("1000.00")),
        ("not_scored", 0, 1, D("500.00"), None),
    ]


def test_a_vintage_adds_up_its_products() -> None:
    assert [
        (row["vintage"], row["balance"], row["past_due_pct"], row["expected_loss"]) for row in some_tables()["vintages"]
    ] == [
        (date(2024, 10, 1), D("200000.00"), D("0"), D("1000.00")),
        (date(2025, 1, 1), D("101500.00"), D("99.507389"), D("7940.00")),
    ]


def test_concentration_is_by_product_state_and_largest_borrowers() -> None:
    tables = some_tables()
    shares = {(row["basis"], row["part"]): row["share_pct"] for row in tables["concentration"]}
    assert shares == {
        ("product", "credit_card"): D("0.497512"),
        ("product", "mortgage"): D("99.502488"),
        ("state", "TX"): D("99.668325"),
        ("state", "unknown"): D("0.331675"),
        ("borrowers", "largest 1"): D("66.500829"),
        ("borrowers", "largest 10"): D("100.000000"),
        ("borrowers", "largest 100"): D("100.000000"),
    }
    # 0.497512² + 99.502488², and 99.668325² + 0.331675²
    assert concentration_indices(tables) == {"product": 9901, "state": 9934}


def test_a_total_is_that_of_the_amounts_before_they_were_rounded() -> None:
    # Three expected losses of 0.004 are 0.00 each, and 0.01 together.
    lates = ("current", "days_1_to_29", "days_30_to_89")
    tables = some_tables(exposure_cells=[cell("mortgage", "low", late, "1.00", "0.01600000") for late in lates])
    assert [row["expected_loss"] for row in tables["regulatory_aggregates"]] == [D("0.00")] * 3
    assert [row["expected_loss"] for row in tables["portfolio"]] == [D("0.01")]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.labels: list[str | None] = []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        if tag == "svg":
            self.labels.append(dict(attributes).get("aria-label"))

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def read(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    return page


def test_the_page_shows_the_figures() -> None:
    text = " ".join(read(risk_report(some_tables(), risk_title(date(2026, 11, 27)))).words)
    for figure in (
        "Default risk of the portfolio, as of 2026-11-27",
        "Borrowers with a score 3 Loans 4 Balance 301,500.00 Exposure at default 301,650.00 Expected loss 8,940.00",
        "high 2 2 101,000.00 101,100.00 7,940.00 7.85",
        "not scored 0 1 500.00 550.00 unknown unknown",
        "from to high to medium to low low 1,001 0 0 new 0 0 2",
        "2025-Q1 2 101,500.00 101,650.00 7,940.00 7.81 99.51",
        "credit card 80.00 110.00 1,650.00 440.00 26.67",
        "Herfindahl-Hirschman index by product 9,901",
        "borrowers largest 1 200,500.00 66.50",
        "90 days and more 1 100,000.00 33.17 100,000.00 0.00 0.00",
        "mortgage low not past due 1 200,000.00 200,000.00 1,000.00 0.50",
    ):
        assert figure in text


def test_every_plot_says_what_it_shows() -> None:
    assert read(risk_report(some_tables(), "x")).labels == [
        "Expected loss in % of the exposure, by quarter of granting, 2024-10 to 2025-01",
        "Share of the balance that is 30 or more days past due, in %, by quarter of granting, 2024-10 to 2025-01",
        "Share of all balances in percent, by state: the 2 largest",
    ]


def test_the_page_needs_no_other_file_and_shows_text_as_it_is() -> None:
    html = risk_report(some_tables(), '<script>alert("x")</script>')
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert "http://" not in html
    assert "https://" not in html


def test_an_empty_portfolio_is_a_complete_page() -> None:
    text = " ".join(read(risk_report(some_tables(**{name: [] for name in some_rows()}), "Nothing")).words)
    assert "Loans 0 Balance 0.00 Exposure at default 0.00 Expected loss unknown" in text
    assert text.count("There is none.") >= 4
    assert "nan" not in text.lower()


def test_each_table_is_a_csv_file_with_exact_numbers(tmp_path: Path) -> None:
    write_tables(some_tables(band_migration=[]), tmp_path / "new" / "folder")
    files = {file.name: file.read_text("utf-8") for file in (tmp_path / "new" / "folder").iterdir()}
    assert sorted(files) == [
        "band_migration.csv",
        "concentration.csv",
        "expected_loss_by_product.csv",
        "portfolio.csv",
        "portfolio_by_band.csv",
        "regulatory_aggregates.csv",
        "vintages.csv",
    ]
    assert list(csv.DictReader(files["regulatory_aggregates.csv"].splitlines()))[:2] == [
        {
            **{"product": "credit_card", "band": "high", "delinquency": "days_30_to_89", "loans": "1"},
            **{"balance": "1000.00", "exposure_at_default": "1100.00", "expected_loss": "440.00"},
            **{"expected_loss_pct": "40.000000"},
        },
        {
            **{"product": "credit_card", "band": "not_scored", "delinquency": "current", "loans": "1"},
            **{"balance": "500.00", "exposure_at_default": "550.00", "expected_loss": "", "expected_loss_pct": ""},
        },
    ]


def test_a_state_that_begins_like_a_formula_is_text_in_a_spreadsheet(tmp_path: Path) -> None:
    write_tables({"states": [{"state": "=1+1", "balance": D("-5.00")}]}, tmp_path)
    assert (tmp_path / "states.csv").read_text("utf-8").splitlines() == ["state,balance", "'=1+1,-5.00"]
