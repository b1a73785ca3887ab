"""The rules on scores and payouts, by hand, at their bounds and beyond; the stream applies them as a run does."""

from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from refi_assets.errors import SettingError
from refi_assets.orchestration.asset_checks import checking_models
from refi_assets.risk.live_rules import LiveRules
from refi_assets.risk.policy import RiskPolicy, load_risk_policy
from refi_assets.sample.risk import generated_risk
from refi_assets.specs.policies import load_policy, policy_file
from refi_assets.specs.sql_models import load_sql_models
from tests.risk.small_portfolio import SmallPortfolio, moment, portfolio, transaction

HIGH_RISK, POSSIBLE_FRAUD, SCORES, BEFORE = "risk/high_risk", "risk/possible_fraud", "risk/scores", "risk/scores_before"

# Ten payouts of 100 USD on average, to somebody whom the borrower has long paid.
HISTORY = [transaction(f"02-{day:02}", "-50" if day % 2 else "-150", payee_id="old") for day in range(1, 11)]


def fraud(*today: Any, history: Any = HISTORY, **more: Any) -> list[tuple[Any, ...]]:
    """The rules that report payouts of the as-of day, with their ids."""
    return portfolio([], [*history, *today], **more).rows(POSSIBLE_FRAUD, "rule", "event_id")


def burst(number: int, minutes: float) -> list[Any]:
    """Payouts of 1 USD, the first and the last of them so many minutes apart."""
    start = moment("03-10")
    times = [start + timedelta(minutes=minutes * n / (number - 1)) for n in range(number)]
    return [
        transaction("03-10", "-1", event_id=f"p{n + 1}") | {"event_time": at, "received_at": at}
        for n, at in enumerate(times)
    ]


def test_the_eighth_payout_within_an_hour_is_unusually_fast() -> None:
    assert fraud(*burst(7, 1)) == []
    assert fraud(*burst(8, 60)) == [("payout_velocity", "p8")]
    assert fraud(*burst(8, 60.001)) == []
    assert fraud(*burst(9, 60)) == [("payout_velocity", "p8"), ("payout_velocity", "p9")]


def test_what_is_paid_in_does_not_count() -> None:
    assert fraud(*[row | {"amount": "1"} for row in burst(9, 1)]) == []


def test_a_payout_of_more_than_twelve_times_the_mean_before_it_is_unusually_large() -> None:
    """The mean is 100 USD, and the least amount 2,000: 12 x 200 = 2,400 with payouts of twice the size."""
    double = [row | {"amount": f"{2 * float(row['amount']):.2f}"} for row in HISTORY]
    at, beyond = (transaction("03-10", f"-{amount}", event_id="p") for amount in ("2400.00", "2400.01"))
    assert fraud(at, history=double) == []
    assert fraud(beyond, history=double) == [("payout_amount", "p")]


def test_a_payout_below_2000_usd_is_never_unusually_large() -> None:
    below, least = (transaction("03-10", f"-{amount}", event_id="p") for amount in ("1999.99", "2000.00"))
    assert (fraud(below), fraud(least)) == ([], [("payout_amount", "p")])


def test_with_fewer_than_ten_payouts_before_it_an_amount_is_not_judged() -> None:
    huge = transaction("03-10", "-100000", event_id="p")
    assert fraud(huge, history=HISTORY[1:]) == []
    later = transaction("03-10 13:00", "-100", payee_id="old")
    assert fraud(huge, later, history=HISTORY[1:]) == []


def after_first(amount: str, hours: float) -> list[Any]:
    """A payout of 1 USD to somebody new so many hours before noon, and another of this amount at noon."""
    at = moment("03-10") - timedelta(hours=hours)
    first = transaction("03-10", "-1", payee_id="new") | {"event_time": at, "received_at": at}
    return [first, transaction("03-10", amount, event_id="p", payee_id="new")]


def test_a_large_payout_within_a_day_of_the_first_to_a_payee_is_reported() -> None:
    """Of payouts of 1,000 USD on average, 3,000 is not 12 times, but about 3 times as much."""
    tenfold = [row | {"amount": f"{10 * float(row['amount']):.2f}"} for row in HISTORY]
    reported = [("payout_to_new_payee", "p")]
    assert fraud(*after_first("-3000", 24), history=tenfold) == reported
    assert fraud(*after_first("-3000", 24.001), history=tenfold) == []
    assert fraud(*after_first("-2999.99", 1), history=tenfold) == []
    assert fraud(*after_first("-3000", 0), history=tenfold) == []


def test_a_first_payout_to_a_payee_is_not_a_second_one() -> None:
    tenfold = [row | {"amount": f"{10 * float(row['amount']):.2f}"} for row in HISTORY]
    assert fraud(transaction("03-10", "-5000", payee_id="new"), history=tenfold) == []
    assert fraud(transaction("03-10 11:00", "-1"), transaction("03-10", "-5000"), history=tenfold) == []


def test_a_payout_is_judged_on_the_day_it_arrives_and_one_that_is_too_late_never() -> None:
    yesterday = transaction("03-09", "-100000", event_id="y")
    overnight = transaction("03-09 23:59", "-100000", event_id="o", received="03-10 00:00")
    late = transaction("03-07", "-100000", event_id="l", received="03-10 00:00")
    assert fraud(yesterday) == []
    assert fraud(overnight) == [("payout_amount", "o")]
    assert fraud(late) == []


def scored(probability: str, before: tuple[str, str] | None = None) -> SmallPortfolio:
    """A borrower with a score of the as-of day, and perhaps one of an earlier day."""
    rows = portfolio()
    rows.query(f"INSERT INTO {rows.table(SCORES)} VALUES ('B1', DATE '2026-03-10', {probability}, 'medium', '', 1)")
    if before:
        rows.query(f"INSERT INTO {rows.table(BEFORE)} VALUES ('B1', DATE '{before[0]}', {before[1]}, 'low')")
    return rows


@pytest.mark.parametrize(
    ("probability", "before", "rules"),
    [
        ("0.350000", None, []),
        ("0.350001", None, ["probability_above"]),
        ("0.200000", ("2026-03-09", "0.050000"), []),
        ("0.200001", ("2026-03-09", "0.050000"), ["probability_rose"]),
        ("0.200001", ("2026-03-08", "0.050000"), []),
        ("0.900000", ("2026-03-09", "0.050000"), ["probability_above", "probability_rose"]),
        ("0.050000", ("2026-03-09", "0.900000"), []),
    ],
)
def test_a_high_or_fast_rising_probability_is_reported(probability, before, rules) -> None:
    """The bounds are 35 %, and 15 percentage points within a day."""
    assert [rule for (rule,) in scored(probability, before).rows(HIGH_RISK, "rule")] == rules


def test_measures_count_reports_and_borrowers() -> None:
    rows = scored("0.9", ("2026-03-09", "0.1"))
    measures = {key: dict(rows.broken(load_sql_models()[f"risk/measures/{key}"])) for key in ("high_risk", "scores")}
    assert measures == {
        "high_risk": {"probability_above": 1, "probability_rose": 1, "high_risk_borrowers": 1},
        "scores": {"medium": 1},
    }


def test_a_band_that_is_not_the_policys_is_found() -> None:
    """0.1 is medium, from 5 % to below 20 %."""
    for check in checking_models(SCORES):
        rows = scored("0.1")
        assert rows.broken(check) == []
        if check.broken_by:
            rows.replace_column(SCORES, *check.broken_by)
            assert rows.broken(check) != []


def test_the_stream_reports_what_a_run_reports() -> None:
    rows = portfolio([], [*HISTORY, *burst(9, 1), transaction("03-10", "-3000", event_id="big")])
    rows.query(f"INSERT INTO {rows.table(SCORES)} VALUES ('B1', DATE '2026-03-10', 0.9, 'high', '', 1)")
    expected = {key: rows.rows(key) for key in (HIGH_RISK, POSSIBLE_FRAUD)}
    assert {len(reported) for reported in expected.values()} == {1, 4}
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA risk")
        for key in ("risk/events", "risk/features", SCORES, BEFORE):
            connection.register("source", rows.arrow(key))
            connection.execute(f"CREATE TABLE {key.replace('/', '.')} AS FROM source")
        LiveRules(connection, load_risk_policy()).apply()
        reported = {
            key: connection.execute(f"FROM {key.replace('/', '.')} ORDER BY ALL").fetchall() for key in expected
        }
    assert reported == expected


def test_the_rules_find_the_injected_fraud_and_little_else(tmp_path) -> None:
    """Precision and recall by borrower over five days of a made-up stream, by the shipped policy."""
    with generated_risk(2000, 3, tmp_path, as_of=date(2026, 3, 5), days=5, months=14):
        pass
    cases = duckdb.sql(f"SELECT kind, list(DISTINCT borrower_id) FROM '{tmp_path}/expected_fraud.csv' GROUP BY 1")
    borrowers = dict(cases.fetchall())
    rows = portfolio()
    rows.replace("staging/account_transaction", f"FROM read_csv('{tmp_path}/replayed/account_transaction/*.csv')")
    days = f"SELECT DISTINCT borrower_id, received_at::DATE AS as_of FROM {rows.table('risk/events')}"
    rows.replace("risk/features", f"{days} WHERE received_at >= DATE '2026-03-06'")
    reported = {
        kind: {name for rule, name in rows.rows(POSSIBLE_FRAUD, "rule", "borrower_id") if rule == f"payout_{rule_of}"}
        for kind, rule_of in (("velocity", "velocity"), ("amount", "amount"), ("new_payee", "to_new_payee"))
    }
    hits = {kind: len(reported[kind] & set(names)) for kind, names in borrowers.items()}
    assert all(len(names) >= 4 for names in borrowers.values())
    assert all(hits[kind] / len(names) >= 0.9 for kind, names in borrowers.items())  # recall
    assert sum(hits.values()) / sum(map(len, reported.values())) >= 0.9  # precision


@pytest.mark.parametrize(
    ("text", "changed", "words"),
    [
        ("medium_band_from_pct: 5", "medium_band_from_pct: 21", "medium_band_from_pct 21 must not exceed"),
        ("approve_below_pct: 5", "approve_below_pct: 21", "approve_below_pct 21 must not exceed decline_from_pct 20"),
        ("warn_above: 60,", "warn_above: 901,", "warn_above 901 must not exceed block_above 900"),
        ("lgd_pct: 25", "lgd_pct: 101", "losses.mortgage.lgd_pct: .*less than or equal to 100"),
        ("late_after_hours: 48", "late_after_hours: -1", "events.late_after_hours"),
    ],
)
def test_the_policy_refuses_numbers_that_cannot_be(tmp_path, text, changed, words) -> None:
    path = tmp_path / "risk.yaml"
    path.write_text(policy_file("risk").read_text().replace(text, changed))
    with pytest.raises(SettingError, match=words):
        load_policy(path, RiskPolicy)
