"""Files of a made-up bank: a plain reading of them confirms what truth.json and the lists beside it say."""

import json
import math
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from statistics import fmean, median, stdev
from typing import Any

import pytest

from refi_assets.errors import SettingError
from refi_assets.sample.bank import clients_for, generate_bank
from tests.sample.bank_folder import BankFolder, Row, day_of, signed
from tests.support.commands import refi_here
from tests.support.sources import Sources

AS_OF = date(2026, 3, 20)  # in the middle of a month


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> BankFolder:
    folder = tmp_path_factory.mktemp("bank")
    generate_bank(700, 5, folder, as_of=AS_OF, months=40, cut=True)
    return BankFolder(folder)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> BankFolder:
    folder = tmp_path_factory.mktemp("clean")
    generate_bank(150, 6, folder, as_of=AS_OF, months=24, clean=True)
    return BankFolder(folder)


def test_rows_and_their_defects_are_those_that_the_truth_counts(bank):
    assert bank.rows_in_files == bank.truth["rows"]
    assert {source: dict(counts) for source, counts in bank.reasons.items() if counts} == bank.truth["quarantined"]
    assert bank.without_parent == bank.truth["quarantined_in_silver"]
    assert set().union(*bank.truth["quarantined"].values()) == {
        *("malformed_row", "duplicate_row", "conflicting_key", "missing_key", "not_a_value", "not_a_date"),
        *("not_a_number", "out_of_range"),
    }
    orphans = [(source, reason) for source, counts in bank.without_parent.items() for reason in counts]
    assert sorted(orphans) == [
        ("card", "without_disposition"),
        *(("disposition", "without_account"), ("disposition", "without_client")),
        *(("loan", "loan_before_account"), ("loan", "without_account")),
        *(("order", "without_account"), ("transaction", "without_account")),
    ]


def test_staging_counts_rows_and_reasons_as_the_truth_does(bank, tmp_path):
    sources = Sources(tmp_path)
    for source, rows in bank.truth["rows"].items():
        counts = sources.stage_folder(source, bank.folder).counts
        assert (counts.rows, counts.quarantined) == (rows, bank.truth["quarantined"].get(source, {}))


def test_the_last_transaction_is_cut_within_its_quotes(bank):
    content = (bank.folder / "trans.asc").read_bytes()
    assert content.rpartition(b"\r\n")[2] == b'90000000;1;260320;"PR'


def test_a_card_of_an_orphaned_disposition_is_an_orphan_as_well(bank):
    orphaned = {row["disp_id"] for row in bank.staged["disposition"]} - {
        row["disp_id"] for row in bank.rows["disposition"]
    }
    assert orphaned & {row["disp_id"] for row in bank.staged["card"]}


def test_the_format_is_that_of_the_public_bank(clean):
    header, first, *_ = (clean.folder / "trans.asc").read_bytes().split(b"\r\n")
    assert header == b'"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"'
    assert first.decode().split(";")[3:5] == ['"PRIJEM"', '"VKLAD"']
    assert (clean.folder / "card.asc").read_bytes().split(b"\r\n")[1].endswith(b" 00:00:00")
    assert (clean.folder / "district.asc").read_bytes().count(b"?") == 2


def test_clean_files_have_no_defects_and_no_column_of_a_currency(clean):
    assert clean.truth["quarantined"] == clean.truth["quarantined_in_silver"] == clean.without_parent == {}
    assert not any("currency" in row for rows in clean.rows.values() for row in rows[:1])
    assert list(clean.truth["accounts"]) == ["CZK"]


def test_a_balance_is_the_sum_of_the_transactions_up_to_it(bank, clean):
    for rows in (*bank.transactions.values(), *clean.transactions.values()):
        total = Decimal(0)
        for row in rows:
            total += signed(row)
            assert Decimal(row["balance"]) == total
        assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)


def test_an_account_begins_with_its_opening_and_ends_by_the_as_of_day(bank):
    opened = {row["account_id"]: day_of(row["date"]) for row in bank.rows["account"]}
    assert opened.keys() == bank.transactions.keys()
    for account, rows in bank.transactions.items():
        assert day_of(rows[0]["date"]) == opened[account]
        assert day_of(rows[-1]["date"]) <= AS_OF


def test_two_currencies_are_summed_apart(bank):
    currency = {row["account_id"]: row["currency"] for row in bank.rows["account"]}
    flows = {name: {"inflow": Decimal(0), "outflow": Decimal(0)} for name in ("CZK", "EUR")}
    for row in bank.rows["transaction"]:
        assert row["currency"] == currency[row["account_id"]]
        flows[row["currency"]]["inflow" if row["type"] == "PRIJEM" else "outflow"] += Decimal(row["amount"])
    assert flows == {
        name: {way: Decimal(total) for way, total in ways.items()} for name, ways in bank.truth["flows"].items()
    }
    assert Counter(currency.values()) == bank.truth["accounts"]


def test_some_clients_own_two_accounts_and_some_months_have_no_transactions(bank):
    owned = Counter(row["client_id"] for row in bank.rows["disposition"] if row["type"] == "OWNER")
    assert Counter(owned.values())[2] == bank.truth["clients_with_two_accounts"] > 10
    used = {(row["account_id"], row["date"][:4]) for row in bank.rows["transaction"]}
    all_months = sum(
        12 * (AS_OF.year - day.year) + AS_OF.month - day.month + 1
        for day in (day_of(row["date"]) for row in bank.rows["account"])
    )
    months = bank.truth["account_months"]
    assert len(used) == months["with_transactions"]
    assert all_months - len(used) == months["without_transactions"] > 10


def test_huge_amounts_and_bursts_stand_out_from_the_account(bank):
    kinds = {row["transaction_id"]: row["kind"] for row in bank.listed("expected_unusual")}
    assert Counter(kinds.values()) == bank.truth["unusual_transactions"]
    for rows in bank.transactions.values():
        amounts = [Decimal(row["amount"]) for row in rows]
        bursts = Counter(row["date"] for row in rows if kinds.get(row["trans_id"]) == "velocity")
        assert all(count >= 9 for count in bursts.values())
        for row in rows:
            if kinds.get(row["trans_id"]) == "amount":
                assert Decimal(row["amount"]) > 20 * median(amounts)
    ordinary = [
        count
        for rows in bank.transactions.values()
        for count in Counter(row["date"] for row in rows if row["trans_id"] not in kinds).values()
    ]
    assert max(ordinary) < 9


def test_a_default_depends_on_the_months_before_the_loan(bank):
    """The drivers, read day by day from the transactions; then the chance, by the weights of the truth."""
    terms = bank.truth["loans"]["drivers"]
    loans = {row["loan_id"]: row for row in bank.rows["loan"]}
    opened = {row["account_id"]: day_of(row["date"]) for row in bank.rows["account"]}
    expected = bank.listed("expected_defaults")
    assert {row["loan_id"] for row in expected} == loans.keys()
    for row in expected:
        loan = loans[row["loan_id"]]
        facts = drivers(loan, opened[loan["account_id"]], bank.transactions[loan["account_id"]])
        assert {name: float(row[name]) for name in facts} == pytest.approx(facts, abs=1e-9)
        log_odds = [term["log_odds"] * (facts[name] - term["neutral_at"]) for name, term in terms.items()]
        odds = math.exp(bank.truth["loans"]["base_log_odds"] + sum(log_odds))
        assert float(row["probability"]) == pytest.approx(odds / (1 + odds))


def drivers(loan: Row, opened: date, transactions: list[Row]) -> dict[str, float]:
    months: list[date] = []
    month = day_of(loan["date"]).replace(day=1)
    while len(months) < 12 and month > opened:
        month = (month - timedelta(days=1)).replace(day=1)
        months.append(month)
    inflows, closings, below, balance = [], [], 0, Decimal(0)
    by_day = defaultdict(list)
    for row in transactions:
        by_day[day_of(row["date"])].append(row)
    day = opened
    for month in reversed(months):
        inflow = Decimal(0)
        while day < (month + timedelta(days=31)).replace(day=1):
            for row in by_day[day]:
                balance = Decimal(row["balance"])
                inflow += max(signed(row), Decimal(0)) if day >= month else 0
            below += balance < 0 and day >= month
            day += timedelta(days=1)
        inflows.append(float(inflow))
        closings.append(float(balance))
    payment = float(loan["payments"])
    return {
        "days_below_zero": below,
        "balance_trend": (fmean(closings[-3:]) - fmean(closings)) / payment,
        "inflow_variation": stdev(inflows) / fmean(inflows),
        "payment_to_inflow": payment / fmean(inflows),
    }


def test_a_status_shows_a_default_from_the_first_missed_payment(bank):
    loans = {row["loan_id"]: row for row in bank.rows["loan"]}
    statuses = Counter(row["status"] for row in loans.values())
    assert statuses == Counter(bank.truth["loans"]["by_status"])
    expected = bank.listed("expected_defaults")
    assert sum(int(row["defaulted"]) for row in expected) == bank.truth["loans"]["defaults"]
    for row in expected:
        loan = loans[row["loan_id"]]
        is_missed = row["first_missed_on"] != "" and date.fromisoformat(row["first_missed_on"]) <= AS_OF
        assert (loan["status"] in "BD") == is_missed
        paid = [
            day_of(payment["date"])
            for payment in bank.transactions[loan["account_id"]]
            if payment["k_symbol"] == "UVER"
        ]
        assert all(day < date.fromisoformat(row["first_missed_on"] or "9999-01-01") for day in paid)
        assert float(loan["amount"]) == float(loan["payments"]) * int(loan["duration"])
        assert loan["status"] != "A" or len(paid) == int(loan["duration"])


def test_cohorts_are_those_of_loans_by_the_month_of_the_accounts_opening(bank):
    opened = {row["account_id"]: day_of(row["date"]) for row in bank.rows["account"]}
    cohorts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in bank.rows["loan"]:
        cohort = cohorts[f"{opened[row['account_id']]:%Y-%m}"]
        cohort.update(total_accounts=1, defaulted_accounts=int(row["status"] in "BD"))
    assert cohorts == bank.truth["cohorts"]


def test_purchases_are_seen_in_the_files(bank):
    """A card is issued, a loan is granted, and the first payment of household bills or insurance is made."""
    dispositions = {row["disp_id"]: row["client_id"] for row in bank.rows["disposition"]}
    owners = {row["account_id"]: row["client_id"] for row in bank.rows["disposition"] if row["type"] == "OWNER"}
    seen = {(dispositions[row["disp_id"]], "card"): day_of(row["issued"]) for row in bank.rows["card"]}
    seen |= {(owners[row["account_id"]], "loan"): day_of(row["date"]) for row in bank.rows["loan"]}
    for row in bank.rows["transaction"]:
        if product := {"SIPO": "household", "POJISTNE": "insurance"}.get(row["k_symbol"]):
            seen.setdefault((owners[row["account_id"]], product), day_of(row["date"]))
    listed = {
        (row["client_id"], row["product"]): date.fromisoformat(row["bought_on"])
        for row in bank.listed("expected_purchases")
    }
    assert listed.keys() == seen.keys()
    assert {key for key, day in listed.items() if day != seen[key]} == set()
    by_month = Counter((f"{day:%Y-%m}", product) for (_, product), day in listed.items())
    assert by_month == Counter(
        {
            (month, name): count
            for month, counts in bank.truth["products"]["bought"].items()
            for name, count in counts.items()
        }
    )


def test_associations_find_more_buyers_than_popularity(bank):
    first = bank.truth["products"]["first_recommendation"]
    assert first["by_true_chances"] > first["by_popularity"] + 0.05


def test_the_same_arguments_give_the_same_files_and_another_seed_others(clean, tmp_path):
    generate_bank(150, 6, tmp_path / "again", as_of=AS_OF, months=24, clean=True)
    generate_bank(150, 7, tmp_path / "other", as_of=AS_OF, months=24, clean=True)
    for path in clean.folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
        assert (tmp_path / "other" / path.name).read_bytes() != path.read_bytes()


def test_parts_continue_the_keys_also_if_the_last_has_one_client(tmp_path):
    """A part of 240 months has 500 clients."""
    truth = generate_bank(501, 1, tmp_path, as_of=AS_OF, months=240, clean=True)
    for name, keys in (("client.asc", 501), ("trans.asc", truth["rows"]["transaction"])):
        with (tmp_path / name).open() as stream:
            next(stream)
            assert {int(line.partition(";")[0]) for line in stream} == {*range(1, keys + 1)}


def test_the_command_takes_a_number_of_transactions_and_refuses_numbers_out_of_range(tmp_path):
    answer = refi_here("banking", "generate", tmp_path, "--transactions", 30_000, "--months", 12, "--as-of", AS_OF)
    truth: dict[str, Any] = json.loads((tmp_path / "truth.json").read_text())
    assert answer.stdout.startswith(f"{truth['customers']} customers, {truth['rows']['transaction']} transactions")
    assert truth["customers"] == clients_for(30_000, 12)
    assert 0.8 < truth["rows"]["transaction"] / 30_000 < 1.2
    refused = refi_here("banking", "generate", tmp_path, "--customers", 99)
    assert "99 customers cannot be generated; ask for 100 to 10,000,000." in " ".join(refused.stderr.split())
    refused = refi_here("banking", "generate", tmp_path, "--customers", 100, "--transactions", 30_000)
    assert "cannot be combined with --customers" in " ".join(refused.stderr.split())
    refused = refi_here("banking", "generate", tmp_path, "--months", 11)
    assert "11 months cannot be generated; ask for 12 to 240." in " ".join(refused.stderr.split())


def test_a_file_in_place_of_a_folder_is_refused_in_words(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="cannot be written to as a folder"):
        generate_bank(100, 1, tmp_path / "file" / "folder", as_of=AS_OF)
