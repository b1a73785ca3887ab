"""Features of loans: counted by hand, as the generator drew them, and never moved by what happened later."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refi_assets.ml.declared_models import declared_model
from refi_assets.sample.bank import generate_bank
from refi_assets.specs.contracts import contracts_of
from tests.banking.small_bank import SmallBank, joined, owned, transactions

KEY = "gold/loan_default_features"
FEATURES = declared_model("loan_default").features


def features_of(sources: dict[str, Any], **parameters: Any) -> dict[str, dict[str, Any]]:
    """The features of each loan by its id."""
    columns = ("loan_id", *FEATURES)
    rows = SmallBank(sources, **parameters).rows(KEY, *columns)
    return {row[0]: dict(zip(FEATURES, row[1:], strict=True)) for row in rows}


def a_loan(granted_on: date, **more: Any) -> dict[str, Any]:
    return {"loan_id": "L", "account_id": "A", "granted_on": granted_on, "monthly_payment": "100.00", **more}


SIX_MONTHS = (
    *(("01-10", "400"), ("01-11", "-300"), ("02-10", "400"), ("03-10", "400")),
    *(("03-11", "-950"), ("03-21", "50"), ("04-10", "800"), ("05-10", "400"), ("06-10", "600")),
)


def test_features_are_those_of_the_months_before_the_loan() -> None:
    """Inflows 400, 400, 450, 800, 400, 600, of which the mean is 508.33; closing balances 100, 500, 0, 800, 1200, 1800.

    On 11 March the balance is -50, until 21 March.
    """
    booked = transactions("A", *SIX_MONTHS, ("07-01", "9999"))
    [found] = features_of(joined(owned("A"), {"loan": [a_loan(date(2024, 7, 1))], "transaction": booked})).values()
    inflows = [400, 400, 450, 800, 400, 600]
    mean = sum(inflows) / 6
    spread = (sum((inflow - mean) ** 2 for inflow in inflows) / 5) ** 0.5
    assert found == pytest.approx(
        {
            "duration_months": 12,
            "months_of_history": 6,
            "payment_to_inflow": 100 / mean,
            "outflow_to_inflow": 1250 / 3050,
            "inflow_variation": spread / mean,
            "inflow_trend": 600 / mean,
            "balance_to_payment": (4400 / 6) / 100,
            "balance_trend": (3800 / 3 - 4400 / 6) / 100,
            "days_below_zero": 10,
        }
    )


def test_the_month_of_the_loan_other_currencies_and_months_without_transactions_do_not_count() -> None:
    euro = [{**row, "transaction_id": "E", "currency": "EUR"} for row in transactions("A", ("02-10", "7000"))]
    booked = [*transactions("A", ("01-10", "400"), ("04-10", "200")), *euro]
    bank = joined(owned("A"), {"loan": [a_loan(date(2024, 4, 30))], "transaction": booked})
    [found] = features_of(bank).values()
    assert (found["months_of_history"], found["payment_to_inflow"]) == (1, 0.25)
    assert [found[name] for name in ("inflow_variation", "inflow_trend", "balance_trend")] == [None] * 3


def test_a_loan_without_a_month_before_it_has_no_features() -> None:
    bank = joined(owned("A"), {"loan": [a_loan(date(2024, 1, 31))], "transaction": transactions("A", ("01-10", "400"))})
    assert features_of(bank) == {}


@pytest.mark.parametrize(
    ("status", "granted_on", "defaulted"),
    [("a", 7, False), ("b", 7, True), ("c", 7, False), ("d", 7, True), ("d", 8, None), ("c", 8, None)],
)
def test_an_outcome_is_known_a_year_after_the_loan_whether_good_or_bad(status, granted_on, defaulted) -> None:
    """The as-of day is 1 July 2024."""
    booked = transactions("A", ("01-10", "400"), booked_on=date(2023, 5, 1))
    loan = a_loan(date(2023, granted_on, 1), status=status)
    bank = SmallBank(joined(owned("A", opened_on=date(2023, 1, 1)), {"loan": [loan], "transaction": booked}))
    known_on = date(2024, 7, 1) if defaulted is not None else None
    assert bank.rows(KEY, "client_id", "defaulted", "outcome_known_on") == [("C1", defaulted, known_on)]


def test_no_money_came_in() -> None:
    booked = transactions("A", ("01-10", "-400"), ("02-01", "9"))
    [found] = features_of(joined(owned("A"), {"loan": [a_loan(date(2024, 2, 1))], "transaction": booked})).values()
    assert (found["payment_to_inflow"], found["balance_to_payment"], found["days_below_zero"]) == (None, -4, 22)


MOVEMENTS = st.lists(
    st.tuples(st.dates(date(2024, 1, 1), date(2024, 6, 30)), st.integers(-500, 800).filter(bool)), max_size=12
)
CASES = st.lists(
    st.tuples(MOVEMENTS, MOVEMENTS, st.dates(date(2024, 3, 1), date(2024, 6, 30))), min_size=8, max_size=20
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases=CASES)
def test_what_is_booked_from_the_month_of_a_loan_on_never_moves_a_feature(cases) -> None:
    """Two accounts of a case differ only by that. The history of the bank reaches to the end of June for both."""
    banks: list[dict[str, Any]] = [joined(owned("last"), {"transaction": transactions("last", ("06-30", "1"))})]
    for number, (before, later, granted_on) in enumerate(cases):
        month = granted_on.replace(day=1)
        known = [(day, amount) for day, amount in before if day < month]
        moved = [*known, *((max(day, month), amount) for day, amount in later)]
        for name, movements in ((f"{number}", known), (f"{number} moved", moved)):
            signed = [(f"{day:%m-%d}", str(amount)) for day, amount in sorted(movements, key=lambda item: item[0])]
            loan = {**a_loan(granted_on), "loan_id": name, "account_id": name}
            banks.append(joined(owned(name, client=name), {"loan": [loan], "transaction": transactions(name, *signed)}))
    found = features_of(joined(*banks))
    for number in range(len(cases)):
        assert found.get(f"{number}") == found.get(f"{number} moved")


def test_the_features_of_a_made_up_bank_are_those_that_its_defaults_depend_on(tmp_path: Path) -> None:
    """The generator computes them from the movements that it draws, before it writes them."""
    truth = generate_bank(200, 3, tmp_path, as_of=date(2026, 2, 28), clean=True)
    found = features_of(_staged(tmp_path), as_of=date(2026, 2, 28))
    with (tmp_path / "expected_defaults.csv").open() as file:
        drivers = {row["loan_id"]: row for row in csv.DictReader(file)}
    assert found.keys() == drivers.keys()
    assert len(found) > 15
    names = truth["loans"]["drivers"].keys()
    assert set(names) < set(FEATURES)
    for loan_id, row in drivers.items():
        assert {name: found[loan_id][name] for name in names} == pytest.approx(
            {name: float(row[name]) for name in names}
        )


def test_of_berkas_loans_160_have_transactions_before_them_and_25_of_these_are_bad(shared_data: Path) -> None:
    """Counted by reading the files with the csv module."""
    sources = _staged(shared_data / "bank")
    first: dict[str, date] = {}
    for row in sources["transaction"]:
        first[row["account_id"]] = min(first.get(row["account_id"], date.max), row["booked_on"])
    before = [loan for loan in sources["loan"] if first.get(loan["account_id"], date.max) < loan["granted_on"]]
    counted = (len(before), sum(loan["status"] in "bd" for loan in before))
    assert counted == (160, 25)
    rows = SmallBank(sources).rows(KEY, "loan_id", "defaulted")
    assert (len(rows), sum(defaulted for _, defaulted in rows)) == counted


def _staged(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of a bank's files as staging types them, without a record that is cut."""
    sources = {}
    for name, contract in contracts_of("banking").items():
        file = next(path for path in folder.iterdir() if path.name in contract.file_format.names)
        columns = {column.name_in_file or column.name: column for column in contract.columns}
        with file.open(newline="") as lines:
            records = [record for record in csv.DictReader(lines, delimiter=";") if None not in record.values()]
        sources[name] = [
            {
                columns[head].name: _cell(columns[head].sql_type, cell)
                for head, cell in record.items()
                if head in columns
            }
            for record in records
        ]
    return sources


def _cell(sql_type: str, cell: str) -> Any:
    if sql_type == "DATE":
        year = int(cell[:2])
        return date(year + (1900 if year >= 70 else 2000), int(cell[2:4]), int(cell[4:6]))
    text = cell.strip().lower()
    return None if text in ("", "?") else text
