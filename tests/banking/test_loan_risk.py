"""Scores of loans by a champion, bands of running loans, and the checks of both."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from refi_assets.banking.loan_scores import FEATURES, RISK, SCORES, open_champion, score_loans
from refi_assets.engines.duckdb import DuckDBSession, open_duckdb
from refi_assets.errors import ModelError, SettingError
from refi_assets.lake import Relation, open_lake
from refi_assets.ml.columns import InputColumn
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.scorecard import BinnedInput, Scorecard
from refi_assets.orchestration.asset_checks import checking_models
from refi_assets.settings import overridden
from refi_assets.specs.policies import load_policy, policy_file, policy_of
from refi_assets.specs.sql_models import load_sql_models, parsed
from tests.banking.small_bank import SmallBank, joined, owned, transactions
from tests.support.registries import SCALE

DRAFT = Relation(key=SCORES, run_id="run", as_of=date(2026, 2, 28), kind="table")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[DuckDBSession]:
    """A session in which two loans have the feature days_below_zero."""
    sql = "SELECT loan_id, days_below_zero FROM (VALUES ('L2', 0E0), ('L1', 40E0)) AS loans (loan_id, days_below_zero)"
    with open_duckdb(open_lake(str(tmp_path / "lake"))).session() as opened:
        opened.create(DRAFT.model_copy(update={"key": FEATURES}), parsed(sql))
        yield opened


def a_champion(feature: str = "days_below_zero") -> FittedModel:
    """A scorecard with log-odds of -2 up to a value of 10, and of 0 above."""
    column = InputColumn(name=feature, kind="number")
    binned = BinnedInput(column=column, edges=(10.0,), evidence=(-1.0, 1.0, 0.0), shares=(50.0, 50.0, 0.0))
    scorecard = Scorecard(binned=(binned,), weights=(1.0,), intercept=-1.0)
    return FittedModel("logistic_regression", scorecard, (0.0, 1.0), SCALE)


def test_a_champion_scores_each_loan_with_six_decimals(session: DuckDBSession) -> None:
    """1 / (1 + e^2) = .1192029."""
    scores = score_loans(session, DRAFT, a_champion())
    assert scores.columns == {"loan_id": "VARCHAR", "probability": "DECIMAL(9,6)"}
    rows = session.execute(f"SELECT * FROM ({session.rows_sql(scores)})")
    assert rows == [("L1", Decimal("0.500000")), ("L2", Decimal("0.119203"))]


def test_without_a_champion_there_is_no_score(session: DuckDBSession) -> None:
    scores = score_loans(session, DRAFT, None)
    assert (scores.rows, scores.columns) == (0, {"loan_id": "VARCHAR", "probability": "DECIMAL(9,6)"})


def test_a_champion_that_reads_another_column_is_refused(session: DuckDBSession) -> None:
    with pytest.raises(ModelError, match="wealth"):
        score_loans(session, DRAFT, a_champion("wealth"))


def test_without_a_model_in_the_registry_the_champion_is_missing_in_words(registry) -> None:
    with overridden("REFI_MLFLOW_URI", registry.uri), pytest.raises(ModelError, match="loan_default has no champion"):
        open_champion()


def scored_bank(*probabilities: str, status: str = "c") -> SmallBank:
    """Running loans of customers of their own, with these probabilities."""
    names = [f"A{number}" for number in range(len(probabilities))]
    banks = [
        joined(
            owned(name, client=f"C{name}"),
            {
                "loan": [{"loan_id": name, "account_id": name, "status": status}],
                "transaction": transactions(name, ("01-10", "400")),
            },
        )
        for name in names
    ]
    bank = SmallBank(joined(*banks))
    scores = bank.table(SCORES)
    for name, probability in zip(names, probabilities, strict=True):
        bank.query(f"INSERT INTO {scores} VALUES ('{name}', {probability})")
    return bank


def test_bands_begin_at_the_bounds_of_the_policy() -> None:
    """They are 30 % and 15 %."""
    bank = scored_bank("0.3", "0.299999", "0.15", "0.149999", "0", "1")
    bands = bank.rows(RISK, "loan_id", "client_id", "band", order="loan_id")
    assert bands == [
        *(("A0", "CA0", "high"), ("A1", "CA1", "medium"), ("A2", "CA2", "medium"), ("A3", "CA3", "low")),
        *(("A4", "CA4", "low"), ("A5", "CA5", "high")),
    ]
    measures = dict(bank.broken(load_sql_models()["gold/measures/loan_risk"]))
    assert measures == {"high_risk_customers": 2, "high": 2, "medium": 2, "low": 2}


@pytest.mark.parametrize(("status", "rows"), [("a", 0), ("b", 0), ("c", 1), ("d", 0)])
def test_only_running_loans_that_are_paid_so_far_are_at_risk(status, rows) -> None:
    assert len(scored_bank("0.5", status=status).rows(RISK)) == rows


def test_the_policy_refuses_bands_out_of_order(tmp_path: Path) -> None:
    text = policy_file("banking").read_text().replace("high_risk_from_pct: 30", "high_risk_from_pct: 10")
    path = tmp_path / "banking.yaml"
    path.write_text(text)
    with pytest.raises(SettingError, match="medium_risk_from_pct 15 must not exceed high_risk_from_pct 10"):
        load_policy(path, type(policy_of("banking")))


@pytest.mark.parametrize("relation", [FEATURES, SCORES, RISK])
def test_the_checks_of_a_relation_pass_and_each_fails_by_the_example_in_its_file(relation) -> None:
    for check in checking_models(relation):
        bank = scored_bank("0.4", "0.2")
        assert bank.broken(check) == []
        if check.broken_by:
            bank.replace_column(relation, *check.broken_by)
            assert bank.broken(check) != []
