"""The report on a bank: its figures, its gaps, and that it needs nothing else."""

import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from refi_assets.banking.report import report_html
from refi_assets.banking.report_rows import ReportRows, report_inputs, report_rows, title_of
from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import Relation, open_lake
from refi_assets.specs.sql_models import parsed
from tests.banking.small_bank import SmallBank, joined, owned, transactions

JUNE, JULY = date(2024, 6, 1), date(2024, 7, 1)


def _month(month: date, currency: str, arrears: int) -> dict[str, Any]:
    return {
        **{"month": month, "currency": currency, "granted": 3, "loans": 1200, "exposure": Decimal("12345.60")},
        **{"overdue": Decimal("7.00"), "defaults": 4},
        **{"quarantined_rows": 5, "quarantined_by_reason": "without_account: 5"},
        **{"arrears_30_days": arrears, "arrears_60_days": 1, "arrears_90_days": 0},
        **{"masked_columns_pct": 75.0, "lineage_sha256": "f00d"},
    }


def _quality(month: date, rate: float | None) -> dict[str, Any]:
    return {"month": month, "purchases": 8, "hit_rate_pct": rate, "popularity_hit_rate_pct": rate and rate / 2}


def some_rows(**changed: list[dict[str, Any]]) -> ReportRows:
    cohort = {"cohort_month": "2024-06", "total_accounts": 8, "defaulted_accounts": 1}
    return {
        "bank_in_figures": [{"measure": "transactions", "amount": 1_234_567}],
        "loans_by_status": [
            {"currency": "CZK", "status": "in_debt", "loans": 5, "amount": Decimal("1000.50")},
            {"currency": "CZK", "status": "paid", "loans": 1100, "amount": Decimal("4002.00")},
            {"currency": "EUR", "status": "paid", "loans": 1, "amount": Decimal("10.00")},
        ],
        "loan_cohort": [{**cohort, "default_rate_pct": Decimal("12.500000")}],
        "compliance_report": [_month(JUNE, "CZK", 2), _month(JUNE, "EUR", 3), _month(JULY, "CZK", 4)],
        "loans_by_band": [{"band": "high", "loans": 12, "customers": 11}],
        "recommended_products": [{"product": "card", "source": "rule", "customers": 1500}],
        "recommendation_quality": [_quality(JUNE, 50.0), _quality(JULY, None)],
        "unusual_by_month": [{"month": JUNE, "reason": "amount_and_velocity", "transactions": 9}],
        **changed,
    }


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
    text = " ".join(read(report_html(some_rows(), title_of(JULY))).words)
    for figure in (
        "The bank, as of 2024-07-01",
        "Transactions 1,234,567",
        "CZK in debt 5 1,000.50 CZK paid 1,100 4,002.00 EUR paid 1 10.00",
        "2024-06 8 1 12.5",
        "CZK 30 days 60 days 90 days",
        "high 12 11",
        "card rule 1,500",
        "2024-06 8 50.0 25.0 2024-07 8 unknown unknown",
        "amount and velocity 9",
        "2024-07 CZK 3 1,200 12,345.60 7.00 4 2024-06 EUR",
        "Rows in silver's quarantine 5 By reason without_account: 5",
        "see masked, % 75.0 Hash of contracts and SQL f00d",
    ):
        assert figure in text


def test_bars_compare_amounts_of_one_currency() -> None:
    widths = re.findall(r'<td class="chart"><div class="bar"><i style="left:0.00%;width:([0-9.]+)%', _html())
    assert widths == ["25.00", "100.00", "100.00"]


def test_every_plot_says_what_it_shows_and_of_which_months() -> None:
    assert read(_html()).labels == [
        "Default rate in percent, by month of opening, 2024-06 to 2024-06",
        "Accounts at least 30, 60 and 90 days in arrears, CZK, 2024-06 to 2024-07",
        "Accounts at least 30, 60 and 90 days in arrears, EUR, 2024-06 to 2024-06",
        "Hit rates in percent: recommended, and most popular, 2024-06 to 2024-06",
        "Unusual transactions by month: amount and velocity, 2024-06 to 2024-06",
    ]


def test_an_axis_of_many_months_has_years() -> None:
    months = [date(2020 + number // 12, number % 12 + 1, 1) for number in range(30)]
    rows = [{"month": month, "reason": "amount", "transactions": 1} for month in months]
    marks = re.findall(r'text-anchor="middle">([^<]+)<', report_html(some_rows(unusual_by_month=rows), "x"))
    assert marks[-3:] == ["2020", "2021", "2022"]


def test_the_page_needs_no_other_file_and_shows_text_as_it_is() -> None:
    html = report_html(some_rows(), '<script>alert("x")</script>')
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert "http://" not in html
    assert "https://" not in html


def test_a_bank_without_loans_or_transactions_is_a_complete_page() -> None:
    text = " ".join(read(report_html({key: [] for key in some_rows()}, "Nothing")).words)
    assert text.count("There is none.") >= 4
    assert "There is no loan." in text
    assert "No loan was scored" in text
    assert "nan" not in text.lower()


def test_the_rows_are_those_of_a_run(tmp_path) -> None:
    """A small bank's relations in a lake, read as a run's."""
    loan = {"loan_id": "L", "account_id": "A", "status": "d"}
    bank = SmallBank(joined(owned("A"), {"loan": [loan], "transaction": transactions("A", ("01-10", "400"))}))
    with open_duckdb(open_lake(str(tmp_path / "lake"))).session() as session:
        for key in report_inputs():
            session.connection.register("rows_of_bank", bank.arrow(key))
            draft = Relation(key=key, run_id="run", as_of=JULY, kind="table")
            session.create(draft, parsed("SELECT * FROM rows_of_bank"))
            session.connection.unregister("rows_of_bank")
        rows = report_rows(session)
    assert {row["measure"]: row["amount"] for row in rows["bank_in_figures"]} == {
        **{"customers": 1, "accounts": 1, "transactions": 1, "loans": 1, "rows in quarantine": 0}
    }
    assert rows["loans_by_status"] == [{"currency": "CZK", "status": "in_debt", "loans": 1, "amount": Decimal(1200)}]
    assert rows["loan_cohort"][0]["default_rate_pct"] == 100
    assert "CZK in debt 1 1,200.00" in " ".join(read(report_html(rows, "x")).words)


def _html() -> str:
    return report_html(some_rows(), "The bank")
