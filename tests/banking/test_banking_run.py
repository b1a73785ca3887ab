"""A run of the domain on files of a made-up bank, whose truth is known by construction."""

import csv
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from refi_assets.lake import FolderStore, RunFolder
from refi_assets.sample.bank import generate_bank
from tests.support.running import definitions, ingest, run_job

DAY = date(2026, 11, 27)


class BankRun:
    """A run on the generated files: its relations as tables of DuckDB, and the truth."""

    def __init__(self, folder: Path) -> None:
        self.files, self.lake = folder / "files", folder / "lake"
        generate_bank(1500, 1, self.files, as_of=DAY)
        ingest(self.lake, self.files, DAY)
        self.ran = run_job(self.lake, DAY, job="banking")
        self.truth = json.loads((self.files / "truth.json").read_text("utf-8"))

    def rows(self, key: str, select: str) -> list[tuple[Any, ...]]:
        """The rows of a query on one relation, which it calls `it`."""
        record = RunFolder(FolderStore(str(self.lake)), self.ran.run_id).load(key)
        return duckdb.sql(f"WITH it AS (FROM '{self.lake}/{record.parquet}') {select}").fetchall()

    def expected(self, name: str) -> list[dict[str, str]]:
        """The rows of a file of the truth."""
        with (self.files / f"expected_{name}.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    return BankRun(tmp_path_factory.mktemp("bank"))


def test_a_run_publishes_the_customers(bank):
    assert bank.ran.success, bank.ran.failure
    assert set(bank.ran.failed_checks.values()) <= {"WARN"}
    pointer = json.loads((bank.lake / "output/banking/latest.json").read_text())
    with (bank.lake / pointer["file"]).open(encoding="utf-8") as file:
        customers = list(csv.DictReader(file))
    with_access = bank.rows("silver/disposition", "SELECT COUNT(DISTINCT client_id) FROM it")
    assert [(len(customers),)] == with_access
    assert len({customer["client_id"] for customer in customers}) == len(customers)


def test_every_injected_defect_is_in_quarantine_by_its_reason(bank):
    counts = bank.rows("silver/quarantine", "SELECT source, reason, COUNT(*) FROM it GROUP BY ALL")
    expected = bank.truth["quarantined_in_silver"]
    assert {(s, r): n for s, r, n in counts} == {
        (s, r): n for s, by_reason in expected.items() for r, n in by_reason.items()
    }


def test_account_months_and_flows_are_those_of_the_truth(bank):
    ((total, empty),) = bank.rows("gold/account_month", "SELECT COUNT(*), COUNT(*) FILTER (transactions = 0) FROM it")
    months = bank.truth["account_months"]
    assert (total - empty, empty) == (months["with_transactions"], months["without_transactions"])
    flows = bank.rows("gold/account_month", "SELECT currency, SUM(inflow), SUM(outflow) FROM it GROUP BY ALL")
    expected = bank.truth["flows"].items()
    assert {currency: (inflow, outflow) for currency, inflow, outflow in flows} == {
        currency: (Decimal(flow["inflow"]), Decimal(flow["outflow"])) for currency, flow in expected
    }


def test_balances_of_months_add_up(bank):
    """Each closing balance is that of the month before, plus inflow, less outflow: in the generator's way, exactly."""
    opening = "LAG(closing_balance) OVER (PARTITION BY account_id, currency ORDER BY month)"
    select = (
        f"SELECT * FROM (SELECT *, {opening} AS opening FROM it) WHERE closing_balance <> opening + inflow - outflow"
    )
    assert bank.rows("gold/account_month", select) == []


def test_cohorts_are_those_of_the_truth(bank):
    cohorts = bank.rows("gold/loan_cohort", "SELECT cohort_month, total_accounts, defaulted_accounts FROM it")
    expected = bank.truth["cohorts"]
    assert {month: (total, bad) for month, total, bad in cohorts} == {
        month: (row["total_accounts"], row["defaulted_accounts"]) for month, row in expected.items()
    }


def test_products_are_held_since_the_true_days(bank):
    held = bank.rows("gold/held_product", "SELECT client_id, product, held_since::VARCHAR FROM it")
    assert Counter(held) == Counter(
        (row["client_id"], row["product"], row["bought_on"]) for row in bank.expected("purchases")
    )


def test_recommendations_find_more_purchases_than_popularity(bank):
    select = "SELECT SUM(purchases), SUM(hits), SUM(popularity_hits) FROM it"
    ((purchases, hits, popular_hits),) = bank.rows("gold/recommendation_quality", select)
    first = bank.truth["products"]["first_recommendation"]
    assert purchases == first["purchases"]
    assert hits > popular_hits
    assert popular_hits / purchases == pytest.approx(first["by_popularity"], abs=0.02)


def test_unusual_transactions_are_found_with_few_false_alarms(bank):
    injected = {row["transaction_id"]: row["kind"] for row in bank.expected("unusual")}
    reported = dict(bank.rows("gold/unusual_transaction", "SELECT transaction_id, reason FROM it"))
    hits = [name for name, reason in reported.items() if name in injected and injected[name] in reason]
    assert len(hits) / len(injected) >= 0.95  # recall
    assert len(hits) / len(reported) >= 0.85  # precision


def test_assets_are_tagged_with_their_layer():
    graph = definitions().resolve_asset_graph()
    layers = {"raw/loan": "bronze", "staging/loan": "bronze", "silver/loan": "silver", "gold/loan_cohort": "gold"}
    assert {key: graph.get(dg.AssetKey(key.split("/"))).tags["refi/layer"] for key in layers} == layers
