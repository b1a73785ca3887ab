"""Records of one person among the customers: one offer, one answer about contact, one suppression, and no strangers."""

import csv
import json
import math
import shutil
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from refi_assets.engines.duckdb import open_duckdb
from refi_assets.identity.details import PersonsDetails
from refi_assets.lake import RunFolder, open_lake
from refi_assets.lake.relations import readable, with_inputs
from refi_assets.ml.columns import InputColumn
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.policy import ScorecardScale
from refi_assets.ml.registry import Registry
from refi_assets.ml.scorecard import BinnedInput, Scorecard
from refi_assets.publishing.publication import Publication
from refi_assets.sample.offer_customers import generate_offer_customers
from refi_assets.specs.sql_models import parsed
from tests.offers.made_customers import BASE_CELLS, CLOSED, OPEN
from tests.orchestration.doctored import parquet, record
from tests.support.commands import refi_here
from tests.support.registries import new_registry_file, record_of
from tests.support.running import Ran, ingest, run_job

PROGRAM = "loan_offer_targeting"
INSTANCE = dg.DagsterInstance.ephemeral()
DAY, NEXT_WEEK = date(2026, 3, 2), date(2026, 3, 9)

TWIN = {"first_name": "Wilhelmina", "last_name": "Oyelaran", "email": "w.oyelaran@mail.example", "postcode": "94110"}
PARENT = {"first_name": "Bartholomew", "last_name": "Quist", "email": "bq@mail.example", "phone": "415-555-0121"}
HOME = {"last_name": "Vandersloot", "email": "home@mail.example", "phone": "415-555-0131", "postcode": "94117"}

# customer_id -> cells by which it differs from the base customer, who is offered 50,000 USD.
MADE: dict[str, Mapping[str, str]] = {
    "twin-1": TWIN | {"phone": "415-555-0101", "credit_score": "700"},
    "twin-2": TWIN | {"phone": "(415) 555 0101", "first_name": "WILHELMINA"},
    "closed-1": {"first_name": "Ignatius", "last_name": "Abernathy", "email": "ia@mail.example", "phone": "4155550111"},
    "closed-2": {"first_name": "Ignatius", "last_name": "Abernathy", "email": "ia@mail.example", "phone": "4155550111"},
    "split-1": PARENT,
    "split-2": PARENT,
    "again-1": {"first_name": "Philippa", "last_name": "Zuberi", "email": "pz@mail.example", "phone": "4155550141"},
    "again-2": {"first_name": "Philippa", "last_name": "Zuberi", "email": "pz@mail.example", "phone": "4155550141"},
    # Strangers: one name in one place (the base customer's); one e-mail address and telephone of two people.
    "stranger-1": {"first_name": "James", "last_name": "Smith", "email": "js1@mail.example", "phone": "4155550151"},
    "stranger-2": {"first_name": "James", "last_name": "Smith", "email": "smith@post.example", "phone": "2125550161"},
    "spouse-1": HOME | {"first_name": "Theodora"},
    "spouse-2": HOME | {"first_name": "Gideon"},
}
ANSWERS: dict[str, Mapping[str, str]] = {
    "closed-2": CLOSED,
    # Each of the two leaves a channel open, and both together leave none.
    "split-1": {"email_opt_out": "false", "sms_consent": "false", "in_app_opt_out": "true"},
    "split-2": {"email_opt_out": "true", "sms_consent": "true", "in_app_opt_out": "true"},
}
OFFERED = {"again-2": 10}  # days before DAY


def write_sources(folder: Path, made: Mapping[str, Mapping[str, str]]) -> Path:
    """400 generated customers, and those made by hand."""
    generate_offer_customers(400, 5, folder)
    for history in ("application_history", "loan_history"):
        (folder / f"{history}.csv").unlink()
    rows = {
        "customer_credit_profiles": [{"customer_id": id_, **BASE_CELLS, **cells} for id_, cells in made.items()],
        "contact_preferences": [{"customer_id": id_, **OPEN, **ANSWERS.get(id_, {})} for id_ in made],
        "offer_history": [
            {"customer_id": id_, "program_id": "loan-offer-targeting", "offered_on": str(DAY - timedelta(days))}
            for id_, days in OFFERED.items()
        ],
    }
    for source, more in rows.items():
        with (folder / f"{source}.csv").open("r+", newline="", encoding="utf-8") as stream:
            header = next(csv.reader(stream))
            stream.seek(0, 2)
            csv.DictWriter(stream, header).writerows(more)
    return folder


def constant_model(column: str, probability: float) -> FittedModel:
    """A model that gives everybody the same probability."""
    binned = BinnedInput(column=InputColumn(name=column, kind="number"), evidence=(0.0, 0.0), shares=(100, 0))
    scale = ScorecardScale(
        most_bins=5, least_bin_share_pct=5, penalty=0, base_score=600, base_odds=20, points_to_double_odds=20
    )
    log_odds = math.log(probability / (1 - probability))
    return FittedModel(
        "logistic_regression", Scorecard(binned=(binned,), weights=(0.0,), intercept=log_odds), (0.0, 1.0), scale
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lake with the sources of DAY, a registry with two champions, and a store of its own."""
    folder = tmp_path_factory.mktemp("persons")
    uri = f"{SQLITE}{new_registry_file(folder / 'registry', tmp_path_factory.getbasetemp())}"
    registry = Registry(uri)
    for name, column, probability in (("loan_approval", "income", 0.9), ("default_risk", "account_age", 0.02)):
        registry.set_alias(
            name, "champion", registry.register(name, constant_model(column, probability), record_of(plots={}))
        )
    ingest(folder / "lake", write_sources(folder / "source", MADE), DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REFI_MLFLOW_URI", uri)
        patch.setenv("REFI_STORE_DIR", str(folder / "store"))
        yield folder / "lake"


def run(lake: Path, identity: str) -> Ran:
    ran = run_job(lake, DAY, job=PROGRAM, identity=identity, instance=INSTANCE)
    assert ran.success, ran.failure
    return ran


@pytest.fixture(scope="module")
def alone(lake: Path) -> Ran:
    """The run without matching."""
    return run(lake, "off")


@pytest.fixture(scope="module")
def matched(lake: Path, alone: Ran) -> Ran:
    """The run with matching, after that without. A decision is about borrowers who have the ids of customers."""
    (lake / "decisions").mkdir()
    header = "borrower_id_1,borrower_id_2,decision,who,when,why\n"
    (lake / "decisions/identity.csv").write_text(f"{header}twin-1,twin-2,different,ann,2026-02-20,\n")
    return run(lake, "splink")


def query(lake: Path, ran: Ran, sql: str, *keys: str) -> list[dict[str, Any]]:
    store = open_lake(str(lake))
    relations = with_inputs(store, [RunFolder(store, ran.run_id).load(key) for key in keys])
    with open_duckdb(store).session(readable(store, relations)) as session:
        return session.query(parsed(sql))


def persons(lake: Path, ran: Ran) -> dict[str, str]:
    rows = query(lake, ran, "SELECT customer_id, person_id FROM offers.person", "offers/person")
    return {row["customer_id"]: row["person_id"] for row in rows}


def reasons(lake: Path, ran: Ran, *customers: str) -> list[str | None]:
    """All reasons against an offer to each customer; None if there is an offer."""
    key = f"{PROGRAM}/verdicts"
    rows = query(lake, ran, f"SELECT customer_id, reasons FROM {PROGRAM}.verdicts", key)
    by_id = {row["customer_id"]: row["reasons"] for row in rows}
    return [by_id[customer] for customer in customers]


def manifest(lake: Path, ran: Ran) -> Any:
    return Publication(PROGRAM, "offers").manifest(open_lake(str(lake)), ran.run_id)


def test_without_matching_every_record_is_a_person(lake, alone):
    ids = persons(lake, alone)
    assert len(set(ids.values())) == len(ids)
    assert manifest(lake, alone)["identity"] == {
        "engine": "off",
        "match_threshold": None,
        "persons": None,
        "person_ids_of": None,
        "decisions": None,
    }


def test_without_matching_nobody_else_decides_about_an_offer(lake, alone):
    assert reasons(lake, alone, "twin-1", "twin-2") == [None, None]
    assert reasons(lake, alone, "closed-1", "closed-2") == [None, "opted_out"]
    assert reasons(lake, alone, "split-1", "split-2") == [None, None]
    assert reasons(lake, alone, "again-1", "again-2") == [None, "offered_within_days"]


def test_two_records_of_one_person_get_one_offer_of_the_better_tier(lake, matched):
    assert reasons(lake, matched, "twin-1", "twin-2") == ["other_record_chosen", None]


def test_an_opt_out_of_one_record_closes_the_channel_of_the_other(lake, matched):
    assert reasons(lake, matched, "closed-1", "closed-2") == ["opted_out", "opted_out"]


def test_a_channel_is_open_only_if_every_record_leaves_it_open(lake, matched):
    assert reasons(lake, matched, "split-1", "split-2") == ["opted_out", "opted_out"]


def test_an_offer_to_one_record_suppresses_the_other(lake, matched):
    assert reasons(lake, matched, "again-1", "again-2") == ["offered_within_days", "offered_within_days"]


def test_strangers_with_one_name_and_two_people_of_one_home_are_not_merged(lake, matched):
    ids = persons(lake, matched)
    assert ids["stranger-1"] != ids["stranger-2"]
    assert ids["spouse-1"] != ids["spouse-2"]
    assert reasons(lake, matched, "stranger-1", "stranger-2", "spouse-1", "spouse-2") == [None] * 4


def test_persons_are_exactly_the_records_with_one_address_and_name(lake, matched):
    """The generator gives a second record the name and addresses of the first; nobody else shares an e-mail."""
    ids = persons(lake, matched)
    rows = query(
        lake,
        matched,
        "SELECT customer_id, LOWER(first_name) AS first_name, email FROM staging.customer_credit_profiles",
        "staging/customer_credit_profiles",
    )
    expected: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        expected.setdefault((row["first_name"], row["email"]), set()).add(row["customer_id"])
    by_person: dict[str, set[str]] = {}
    for customer, person in ids.items():
        by_person.setdefault(person, set()).add(customer)
    assert sorted(map(sorted, by_person.values())) == sorted(map(sorted, expected.values()))
    assert any(
        all(customer.startswith("C") for customer in records) for records in expected.values() if len(records) > 1
    )


def test_the_manifest_says_how_persons_were_found(lake, matched):
    assert manifest(lake, matched)["identity"] == {
        "engine": "splink",
        "match_threshold": 0.99,
        "persons": len({*persons(lake, matched).values()}),
        "person_ids_of": None,  # the run before did not match
        "decisions": None,  # they are about borrowers
    }


def test_every_check_of_persons_passes(matched):
    results = {name: check.passed for name, check in matched.checks.items() if name.startswith("offers/person ")}
    named = {name.split()[1] for name in results}
    assert {"one_person_each", "largest_cluster", "expected_duplicates_are_plausible", "report_written"} <= named
    assert all(results.values())


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("one_person_each", parquet("FROM it WHERE customer_id <> 'twin-1'")),
        ("one_person_each", parquet("FROM it UNION ALL FROM it WHERE customer_id = 'twin-1'")),
        ("largest_cluster", record(counts={"largest cluster": 11})),
    ],
)
def test_a_check_of_persons_blocks(lake, matched, tmp_path, check, change):
    copy = Path(shutil.copytree(lake, tmp_path / "lake"))
    change(copy / "runs" / matched.run_id / "offers/person.json")
    ran = run_job(copy, DAY, job="checks_of_offers_person", instance=INSTANCE, memo="off", identity="splink")
    failed = ran.checks[f"offers/person {check}"]
    assert not failed.passed
    assert failed.severity is dg.AssetCheckSeverity.ERROR


def test_lineage_shows_the_personal_columns(matched):
    sources = matched.metadata("offers/person")["dagster/column_lineage"].deps_by_column
    assert {source.column_name for source in sources["customer_id"]} == {"customer_id"}
    personal = {"first_name", "last_name", "email", "phone", "state", "postcode"}
    assert {source.column_name for source in sources["person_id"]} == {"customer_id", *personal}


def test_a_person_keeps_the_id_from_week_to_week(lake, matched, tmp_path):
    """A record that comes before the others would name the person if the id were not kept."""
    before = persons(lake, matched)
    ingest(lake, write_sources(tmp_path, MADE | {"a-twin": MADE["twin-1"]}), NEXT_WEEK)
    profiles = [f"{stage}/customer_credit_profiles" for stage in ("raw", "catalog", "staging")]
    ran = run_job(lake, NEXT_WEEK, selection=[*profiles, "offers/person"], identity="splink", instance=INSTANCE)
    assert ran.success, ran.failure
    after = persons(lake, ran)
    assert after.pop("a-twin") == before["twin-1"] == "person-twin-1"
    assert after == before
    record_of_persons = RunFolder(open_lake(str(lake)), ran.run_id).load("offers/person")
    assert record_of_persons.details_as(PersonsDetails).previous_run == matched.run_id


def test_the_command_matches_if_asked(lake, matched):
    """REFI_IDENTITY_ENGINE is off here. Everything but the matching is remembered."""
    answer = refi_here("offers", "run", "--as-of", DAY, "--lake", lake, "--identity", "splink", "--json")
    assert answer.returncode == 0, answer.stderr
    published = json.loads(Path(answer.json["manifest"]).read_text())
    assert published["identity"]["engine"] == "splink"
    assert published["identity"]["person_ids_of"] == matched.run_id
