"""A program on 20,000 generated customers with all defects: every verdict and offer is that of the independent reading.

The files are staged, judged, scored by trained models, and exported by the commands of the product. A second week has
the same files; a third run has other parameters, under which offers fail that passed the chain.
"""

import csv
import json
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from refi_assets.lake import FolderStore
from refi_assets.ml.registry import Registry
from refi_assets.offers.policy import ProgramPolicy
from refi_assets.offers.program_rules import ProgramRules
from refi_assets.offers.programs import load_program
from refi_assets.offers.scoring import open_models
from refi_assets.sample.offer_customers import OFFERS_AS_OF
from refi_assets.specs.policies import policy_of
from tests.offers.independent_reading import Reading, differences
from tests.offers.program_runs import GROUP, PROGRAM_FILE, OfferLake, write_other_program
from tests.offers.score_requests import CODES_OF_RUNS_ALONE, Answer, answered, published_answers, values_of
from tests.support.registries import new_registry_file
from tests.support.scored import ServedApp

CUSTOMERS, SEED = 20_000, 16
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory, session_folder: Path) -> OfferLake:
    folder = tmp_path_factory.mktemp("offers")
    return OfferLake(folder, new_registry_file(folder / "registry", session_folder), CUSTOMERS, SEED, OFFERS_AS_OF)


@pytest.fixture(scope="module")
def run(lender: OfferLake) -> dict[str, Any]:
    return lender.run(OFFERS_AS_OF)


@pytest.fixture(scope="module")
def reading(lender: OfferLake, run: dict[str, Any]) -> Reading:
    return lender.reading(run["run_id"], OFFERS_AS_OF)


@pytest.fixture(scope="module")
def second_week(lender: OfferLake, run: dict[str, Any]) -> dict[str, Any]:
    return lender.run(OFFERS_AS_OF + WEEK, "--source", lender.source)


def test_every_verdict_and_offer_is_that_of_the_reading(lender, run, reading):
    assert differences(reading, *lender.export(run["run_id"])) == []
    assert len(reading.offers) > CUSTOMERS / 5


def test_counts_are_those_of_the_reading(run, reading):
    counts = json.loads(Path(run["manifest"]).read_text())["counts"]
    assert counts == run["counts"]
    assert counts["accepted"] == reading.counts["accepted"]
    assert list(counts["stopped"]) == list(reading.counts["stopped"])
    assert counts["stopped"] == reading.counts["stopped"]
    assert counts["offers"] == {tier: rows for tier, rows in reading.counts["offers"].items() if rows}


def test_amounts_are_those_of_the_reading(run, reading):
    sums = dict.fromkeys(run["amounts"], 0)
    for offer in reading.offers.values():
        sums[offer["tier"]] += offer["amount"]
    assert run["amounts"] == {tier: f"{amount:.2f}" for tier, amount in sums.items()}


def test_counts_are_those_by_construction(lender, run):
    counts = run["counts"]
    assert counts["accepted"] == lender.truth["accepted"]
    chain = {name: stopped for name, stopped in counts["stopped"].items() if name not in ("score", "offer")}
    assert chain == lender.truth["stopped"]
    late = sum(counts["stopped"][name]["in_sequence"] for name in ("score", "offer"))
    assert sum(counts["offers"].values()) + late == lender.truth["passed"]
    log = counts["sources"].pop("offer_log")  # nobody has heard of an offer yet
    assert (log["rows"], log["quarantined"]) == (0, {})
    for source, rows in counts["sources"].items():
        assert (rows["rows"], rows["quarantined"]) == (
            lender.truth["rows"][source],
            lender.truth["quarantined"][source],
        )


def test_all_who_pass_the_chain_and_no_others_have_scores(lender, run, reading):
    scored = {row["customer_id"] for row in lender.rows(f"SELECT customer_id FROM {GROUP}.scored", run["run_id"])}
    late = {"score", "offer"}
    assert scored == {name for name, verdict in reading.verdicts.items() if not verdict.failed.keys() - late}


def test_a_run_with_nothing_changed_gives_the_same_bytes(lender, run):
    again = lender.run(OFFERS_AS_OF)
    assert again["run_id"] != run["run_id"]
    assert Path(again["file"]).read_bytes() == Path(run["file"]).read_bytes()
    exports = [[sha256(path.read_bytes()).digest() for path in lender.export(each["run_id"])] for each in (run, again)]
    assert exports[0] == exports[1]


def test_in_the_second_week_only_new_customers_are_scored(lender, run, second_week):
    """Offers of 83 to 89 days ago no longer stop their customers; nobody else's features have changed."""
    sql = "SELECT customer_id, approval_likelihood, default_probability, approval_scored_on, default_scored_on"
    weeks = [lender.rows(f"{sql} FROM {GROUP}.scored", each["run_id"]) for each in (run, second_week)]
    first, second = ({row["customer_id"]: row for row in rows} for rows in weeks)
    assert {name: second[name] for name in first} == first  # scored in the first week, and not again
    new = [second[name] for name in second.keys() - first.keys()]
    assert new
    day = str(OFFERS_AS_OF + WEEK)
    assert {(row["approval_scored_on"], row["default_scored_on"]) for row in new} == {(day, day)}


def test_the_second_week_is_that_of_the_reading(lender, second_week):
    reading = lender.reading(second_week["run_id"], OFFERS_AS_OF + WEEK)
    assert differences(reading, *lender.export(second_week["run_id"])) == []


@pytest.fixture(scope="module")
def score_client(lender: OfferLake, second_week: dict[str, Any]) -> TestClient:
    """A client of the API on the lender's lake and registry, after a look at both."""
    day = datetime.combine(OFFERS_AS_OF + WEEK, time(12), UTC)
    registry, lake = Registry(lender.registry_uri), FolderStore(str(lender.folder / "lake"))
    served = ServedApp(registry, lake, programs=(load_program(PROGRAM_FILE),), clock=lambda: day)
    served.poll()
    return served.client


@pytest.fixture(scope="module")
def published(lender: OfferLake, second_week: dict[str, Any]) -> dict[str, Answer]:
    return published_answers(*lender.export(second_week["run_id"]))


@pytest.fixture(scope="module")
def values(lender: OfferLake, second_week: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The values of each customer, as a request gives them."""
    rows = lender.rows("SELECT * FROM staging.customer_credit_profiles", second_week["run_id"])
    return {row["customer_id"]: values_of(row) for row in rows}


def test_the_rules_that_answer_requests_judge_all_customers_as_the_run_did(lender, second_week, published):
    """The same rules as of a request, on all customers of the run at once."""
    registry = Registry(lender.registry_uri)
    rules = ProgramRules(cast(ProgramPolicy, policy_of(GROUP)))
    models = open_models(rules.program, lambda: registry)
    sql = f"SELECT * FROM {GROUP}.customers"
    verdicts = rules.judge(lender.rows(sql, second_week["run_id"]), models, OFFERS_AS_OF + WEEK)
    assert len(verdicts) > 10_000
    assert {name: [reason.code for reason in verdict.reasons] for name, verdict in verdicts.items()} == {
        name: answer["reasons"] for name, answer in published.items()
    }
    assert {name: _exported(verdict.offer) for name, verdict in verdicts.items()} == {
        name: answer["offer"] for name, answer in published.items()
    }


def _exported(offer: dict[str, Any] | None) -> dict[str, Any]:
    """An offer in the form of the exported files."""
    return {
        name: str(value) if isinstance(value, date) else value
        for name, value in (offer or {}).items()
        if name not in ("customer_id", "person_id")
    }


def test_a_request_for_a_customer_of_the_run_is_answered_as_published(score_client, published):
    customers = list(published)[:100]
    assert {name: answered(score_client, customer_id=name) for name in customers} == {
        name: published[name] for name in customers
    }


def test_given_values_are_judged_by_all_rules_but_those_on_contact_and_earlier_offers(score_client, published, values):
    for name in list(published)[:100]:
        answer, codes = answered(score_client, customer=values[name]), published[name]["reasons"]
        others = [code for code in codes if code not in CODES_OF_RUNS_ALONE]
        if others == codes:
            assert answer == published[name]
        elif others:
            assert answer["reasons"] == others


@pytest.mark.long
def test_requests_for_ten_thousand_customers_are_answered_as_published(score_client, published, values):
    """By their values; by customer_id if contact or earlier offers stop them."""
    customers = list(published)[:10_000]
    answers = {
        name: answered(score_client, customer_id=name)
        if CODES_OF_RUNS_ALONE.intersection(published[name]["reasons"])
        else answered(score_client, customer=values[name])
        for name in customers
    }
    assert answers == {name: published[name] for name in customers}
    assert sum(bool(answer["offer"]) for answer in answers.values()) > 2_000


def test_another_program_file_gives_what_the_reading_of_that_file_gives(lender, second_week):
    """Among those who pass this chain, all codes of the last two entries occur, but not those of states and records."""
    file = write_other_program(
        lender.folder / "other.yaml",
        filters={
            "credit-qualification": {"minCreditScore": 660, "minPaymentHistory": 6, "maxExistingLoans": 3},
            "affordability": {"checkIncomeStability": False},
            "eligibility": {"suppressionDays": 30},
            "regulatory-compliance": {"maxMaprPct": 7, "excludedStates": ["CA"]},
        },
        strategy={
            "scoreBands": {"excellent": 0.9, "good": 0.75, "fair": 0.5},
            "minLoanAmount": 14_950,
            "originationFeePct": 2.5,
            "maxDefaultProbability": 0.05,
        },
    )
    run = lender.run(OFFERS_AS_OF + WEEK, "--policy", file)
    reading = lender.reading(run["run_id"], OFFERS_AS_OF + WEEK, file)
    assert reading.counts["stopped"]["score"]["reasons"].keys() == {"score_below_min", "default_risk_above_max"}
    assert reading.counts["stopped"]["offer"]["reasons"].keys() == {
        *("amount_below_min", "covered_borrower", "covered_borrower_missing")
    }
    assert differences(reading, *lender.export(run["run_id"])) == []
    assert run["counts"]["stopped"] == reading.counts["stopped"]


def test_commands_answer_about_the_runs_of_the_program(lender, run, second_week):
    runs = [json.loads(line) for line in lender.refi("offers", "runs", "--json").stdout.splitlines()]
    by_id = {each["run_id"]: each for each in runs}
    assert by_id[run["run_id"]]["as_of"] == str(OFFERS_AS_OF)
    assert by_id[second_week["run_id"]]["status"] == "published"
    (row,) = lender.rows(f"SELECT COUNT(*) AS offers FROM {GROUP}.offers", run["run_id"])
    with Path(run["file"]).open(newline="", encoding="utf-8") as stream:
        assert row["offers"] == sum(1 for _ in csv.DictReader(stream)) == sum(run["counts"]["offers"].values())
    options = ("--run", run["run_id"], "--source", "contact_preferences", "--limit", CUSTOMERS, "--json")
    printed = [json.loads(line) for line in lender.refi("offers", "quarantine", *options).stdout.splitlines()]
    assert len(printed) == sum(lender.truth["quarantined"]["contact_preferences"].values())
    assert {row["source"] for row in printed} == {"contact_preferences"}


def test_a_program_file_with_another_chain_is_refused(lender):
    """The run judged by the chain of the project's file, and the manifest named the other one."""
    file = write_other_program(lender.folder / "order.yaml", {}, {}, trust_order=9)
    message = lender.refused("offers", "run", "--as-of", OFFERS_AS_OF, "--policy", file)
    assert (
        "order.yaml: its filters are credit-qualification, affordability, eligibility, regulatory-compliance, trust"
        in message
    )
    assert "Change loan_offer_targeting.yaml as well" in message
