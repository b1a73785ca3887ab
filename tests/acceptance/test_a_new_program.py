"""A second loan-offer program and a filter of its own, as CONTRIBUTING.md describes them: two files, and no code."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from refi_assets.ml.columns import InputColumn
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.registry import CHAMPION, Registry
from refi_assets.ml.scorecard import BinnedInput, Scorecard
from refi_assets.sample.offer_customers import OFFERS_AS_OF, generate_offer_customers
from tests.offers.independent_staging import staged
from tests.support.copied_project import copy_project, run_python
from tests.support.scored import SCALE, register

FILTER = """\
-- Does the customer keep enough in deposits?
-- grain: customer_id
-- rule deposit_balance_missing: The balance of the deposits is unknown.
-- rule deposits_below_min: The balance of the deposits is below :min_deposits USD.
SELECT
    customer.customer_id,
    CASE
        WHEN customer.deposit_balance IS NULL THEN 'deposit_balance_missing'
        WHEN customer.deposit_balance < :min_deposits THEN 'deposits_below_min'
    END AS deposits
FROM program.customers AS customer
"""
STEP = """\
  - filterId: "deposits"
    type: "business-rule"
    order: 6
    parameters: {minDeposits: 2500.00}
"""
LEAST = 2500
PROGRAMS = "policies/offers/programs"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a second program, whose chain ends in another filter, and customers."""
    project = copy_project(tmp_path_factory.mktemp("program") / "project")
    text = (project / PROGRAMS / "loan_offer_targeting.yaml").read_text("utf-8")
    for old, new in {
        '"loan-offer-targeting"': '"spring-loans"',
        "\nchannels:": f"{STEP}\nchannels:",
        "minCreditScore: 680": "minCreditScore: 700",
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (project / PROGRAMS / "spring_loans.yaml").write_text(text, "utf-8")
    (project / "sql/offers/program/filters/deposits.sql").write_text(FILTER, "utf-8")
    generate_offer_customers(400, 3, project / "files")
    return project


@pytest.fixture(scope="module")
def refi(project: Path):
    """Call `refi …` of the copy: its output, or, with `check`, its stderr as one line."""
    registry = Registry(f"{SQLITE}{project / 'mlflow.db'}")
    for model, column, evidence in (("loan_approval", "credit_score", 3.0), ("default_risk", "account_age", -4.0)):
        binned = BinnedInput(column=InputColumn(name=column, kind="number"), edges=(), evidence=(evidence, evidence))
        scorecard = Scorecard(binned=(binned,), weights=(1,), intercept=0)
        version = register(registry, FittedModel("logistic_regression", scorecard, (0, 1), SCALE), model)
        registry.set_alias(model, CHAMPION, version)

    def call(*arguments: str, check: int = 0) -> str:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
                patch.delenv(name)
            patch.setenv("REFI_MLFLOW_URI", registry.uri)
            done = run_python(project, "-c", "from refi_assets.cli import main; main()", *arguments, check=check)
        return " ".join(done.stderr.split()) if check else done.stdout

    return call


@pytest.fixture(scope="module")
def runs(refi) -> dict[str, dict[str, Any]]:
    """The object of `refi offers run --json` of each program."""
    command = ("offers", "run", "--source", "files", "--as-of", str(OFFERS_AS_OF), "--json", "--program")
    return {name: json.loads(refi(*command, name)) for name in ("loan-offer-targeting", "spring-loans")}


def test_the_check_accepts_the_program(refi):
    assert "spring_loans.yaml" in refi("offers", "check")


def test_a_program_file_is_a_group_of_assets_with_a_job(project: Path):
    code = (
        "import json; from refi_assets.definitions import defs; loaded = defs();"
        "keys = [key.path for key in loaded.resolve_asset_graph().get_all_asset_keys()];"
        "print(json.dumps([keys, [job.name for job in loaded.jobs]]))"
    )
    keys, jobs = json.loads(run_python(project, "-c", code).stdout.splitlines()[-1])
    first, second = (
        {name for group, name in keys if group == program} for program in ("loan_offer_targeting", "spring_loans")
    )
    assert second == first
    assert len(second) > 10
    assert {"loan_offer_targeting", "spring_loans"} <= set(jobs)


def test_a_command_names_the_programs_if_there_are_several(refi):
    message = refi("offers", "runs", check=2)
    assert "loan-offer-targeting" in message
    assert "spring-loans" in message


def test_the_filter_stops_the_customers_of_its_program_only(runs, project: Path):
    first, second = (runs[name]["counts"]["stopped"] for name in ("loan-offer-targeting", "spring-loans"))
    assert list(second) == [*list(first)[:-2], "deposits", "score", "offer"]
    balances = [row["deposit_balance"] for row in staged(project / "files", "customer_credit_profiles").rows]
    missing, low = balances.count(None), sum(balance is not None and balance < LEAST for balance in balances)
    assert missing > 0
    assert low > 0
    assert second["deposits"]["alone"] == missing + low
    assert second["deposits"]["reasons"] == {"deposit_balance_missing": missing, "deposits_below_min": low}
    assert second["deposits"]["in_sequence"] > 0
    counts = runs["spring-loans"]["counts"]
    in_sequence = sum(stopped["in_sequence"] for stopped in second.values())
    assert counts["accepted"] == sum(counts["offers"].values()) + in_sequence


def test_each_program_has_its_own_numbers(runs):
    first, second = (
        runs[name]["counts"]["stopped"]["credit-qualification"]["reasons"]["credit_score_below_min"] for name in runs
    )
    assert second > first


def test_a_filter_without_its_parameter_is_refused_before_anything_runs(refi, project: Path):
    """The file was accepted, and the run failed with the name of another SQL file."""
    text = (project / PROGRAMS / "spring_loans.yaml").read_text("utf-8")
    (project / "spring_loans.yaml").write_text(text.replace("    parameters: {minDeposits: 2500.00}\n", ""), "utf-8")
    message = refi("offers", "check", "spring_loans.yaml", check=1)
    assert "filterChain[5].parameters: minDeposits is missing; the filter's SQL file reads :min_deposits." in message


def test_the_columns_that_the_filter_reads_are_needed_by_its_program_only(project: Path):
    code = (
        "import json; from decimal import Decimal; from refi_assets.specs.policies import policy_of;"
        "from refi_assets.offers.needed_columns import needed_columns;"
        "programs = ('loan_offer_targeting', 'spring_loans');"
        "needed = [needed_columns(policy_of(program), Decimal(10)) for program in programs];"
        "print(json.dumps([columns.get('deposit_balance') for columns in needed]))"
    )
    assert json.loads(run_python(project, "-c", code).stdout) == [None, ["deposits"]]
