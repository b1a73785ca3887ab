"""Identity in the graph: persons, their ids from run to run, decisions, and one audience row for each person."""

import csv
import json
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.identity.pipeline import PERSON_CHANGES
from refi_assets.lake import FolderStore, RunFolder, open_lake
from refi_assets.lake.relations import with_inputs
from refi_assets.publishing.retention import clean_up
from refi_assets.sample.generate import generate_files
from refi_assets.specs.names import table_of
from refi_assets.specs.sql_models import SqlModel, load_sql_models
from tests.support.lender import lender, write
from tests.support.people import truth
from tests.support.running import DAY, Ran, ingest, latest, manifest, run_job

QUEUE = "identity/review_queue"
HEADER = "borrower_id_1,borrower_id_2,decision,who,when,why\n"


def rows(lake: Path, relation: str, run_id: str | None = None) -> list[dict[str, Any]]:
    """A relation of a run (the latest published one). A view has no file."""
    store = FolderStore(str(lake))
    record = RunFolder(store, run_id or latest(lake)["run_id"]).load(relation)
    if record.parquet is None:
        with DuckDBEngine(store).session(with_inputs(store, [record])) as session:
            return session.query(exp.select("*").from_(table_of(relation)))
    path = lake / record.parquet
    frame = duckdb.sql(f"FROM read_parquet('{path / '*' if record.parquet.endswith('/') else path}')")
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.fetchall()]


def persons(lake: Path) -> dict[str, str]:
    return {row["borrower_id"]: row["person_id"] for row in rows(lake, "identity/resolved_borrower")}


def audience(lake: Path) -> list[dict[str, str]]:
    with (lake / latest(lake)["audience"]).open(newline="") as stream:
        return list(csv.DictReader(stream))


def together(person: dict[str, str]) -> set[frozenset[str]]:
    return {frozenset(pair) for pair in combinations(person, 2) if person[pair[0]] == person[pair[1]]}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with one day of 400 generated borrowers, 40 of them duplicates, matched by Splink, and the truth."""
    folder = tmp_path_factory.mktemp("generated")
    generate_files(400, 3, folder / "source", duplicates=10)
    ingest(folder / "lake", folder / "source")
    assert run_job(folder / "lake", identity="splink").success
    return folder


def test_nearly_all_duplicates_are_found_and_no_strangers_are_merged(generated):
    true, resolved = truth(generated / "source"), persons(generated / "lake")
    true_pairs = together({borrower: true[borrower] for borrower in resolved})
    linked_pairs = together(resolved)
    waiting = {frozenset((row["borrower_id_1"], row["borrower_id_2"])) for row in rows(generated / "lake", QUEUE)}
    assert not linked_pairs - true_pairs
    assert len(linked_pairs) >= 0.85 * len(true_pairs)
    assert len((linked_pairs | waiting) & true_pairs) >= 0.9 * len(true_pairs)


def test_the_audience_has_one_row_for_each_person(generated):
    letters = audience(generated / "lake")
    assert list(letters[0])[:6] == [
        *("borrower_id", "name", "rate_spread", "monthly_savings_est", "marketing_category", "person_id")
    ]
    assert len({row["person_id"] for row in letters}) == len(letters)
    person_of = persons(generated / "lake")
    assert all(row["person_id"] == person_of[row["borrower_id"]] for row in letters)


def test_pairs_have_evidence_that_adds_up_to_their_weight(generated):
    details = json.loads(next((generated / "lake").glob("runs/*/identity/matched_pairs.json")).read_text())["details"]
    assert details["engine"] == "splink"
    for pair in rows(generated / "lake", "identity/matched_pairs"):
        weights = [comparison["weight"] for comparison in json.loads(pair["evidence"]).values()]
        assert sum(weights) + details["model"]["prior_weight"] == pytest.approx(pair["match_weight"], abs=0.001)
        assert pair["borrower_id_1"] < pair["borrower_id_2"]


def test_relations_are_in_the_zone_resolved_and_the_report_is_beside_the_record(generated):
    lake = generated / "lake"
    run_id = latest(lake)["run_id"]
    assert (lake / f"resolved/{run_id}/resolved_borrower/data.parquet").is_file()
    assert (lake / f"resolved/{run_id}/matched_pairs/data.parquet").is_file()
    report = (lake / f"runs/{run_id}/identity/resolved_borrower.report.html").read_text()
    assert "<html" in report
    assert "@" not in report.split("<style", maxsplit=1)[0]


def test_the_manifest_names_the_identity_engine_and_counts_persons(generated):
    identity = manifest(generated / "lake")["identity"]
    assert identity["engine"] == "splink"
    assert identity["persons"] == len(set(persons(generated / "lake").values()))


def test_without_matching_each_borrower_is_a_person(generated, tmp_path):
    ingest(tmp_path / "lake", generated / "source")
    assert run_job(tmp_path / "lake").success
    letters = audience(tmp_path / "lake")
    assert [row["person_id"] for row in letters] == [f"person-{row['borrower_id']}" for row in letters]
    assert len(letters) == json.loads((generated / "source" / "truth.json").read_text())["audience_rows"]


# A small lender, whose first two borrowers are one person by decision.


def decide(lake: Path, *decisions: tuple[str, str, str]) -> None:
    lines = [f"{','.join(decision)},me,2026-02-20T08:00:00+00:00,seen\n" for decision in decisions]
    path = lake / "decisions" / "identity.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + "".join(lines))


def run_day(lake: Path, day: date = DAY) -> Ran:
    ran = run_job(lake, day, identity="splink")
    assert ran.success, ran.failure
    return ran


def test_a_person_by_decision_gets_one_letter_about_the_best_loan(lake):
    decide(lake, ("B001", "B002", "same"))
    run_day(lake)
    letters = {row["person_id"]: row["borrower_id"] for row in audience(lake)}
    assert persons(lake)["B001"] == persons(lake)["B002"] == "person-B001"
    assert letters["person-B001"] == "B002", "the loan of B002 saves more at the same spread"
    assert len(letters) == 9


def test_ids_of_persons_are_kept_and_merges_and_splits_are_recorded(lake):
    run_day(lake)
    first = persons(lake)
    assert not rows(lake, "identity/person_history")

    decide(lake, ("B001", "B002", "same"), ("B002", "B003", "same"))
    run_day(lake, DAY + timedelta(days=1))
    assert persons(lake) == first | dict.fromkeys(("B001", "B002", "B003"), "person-B001")
    merged = rows(lake, "identity/person_history")
    assert [(row["event"], row["person_id"], row["from_person_id"], row["borrowers"]) for row in merged] == [
        ("merged", "person-B001", "person-B002", 1),
        ("merged", "person-B001", "person-B003", 1),
    ]

    decide(lake, ("B002", "B003", "same"), ("B001", "B002", "different"))
    run_day(lake, DAY + timedelta(days=2))
    assert persons(lake)["B002"] == persons(lake)["B003"] == "person-B001", "most records of the person keep the id"
    assert persons(lake)["B001"] == "person-B001~2", "an id that was in use is not reused"
    (split,) = rows(lake, "identity/person_history")
    assert (split["event"], split["person_id"], split["from_person_id"]) == ("split", "person-B001~2", "person-B001")


def test_a_jump_in_the_share_of_clustered_records_is_a_warning(lake):
    run_day(lake)
    decide(lake, *((f"B{n:03}", f"B{n + 1:03}", "same") for n in range(1, 40, 2)))
    ran = run_job(lake, DAY + timedelta(days=1), identity="splink")
    check = ran.checks["identity/resolved_borrower clustered_share_is_steady"]
    assert ran.success
    assert not check.passed
    assert check.metadata["number"].value == 100


def test_contradictory_decisions_stop_the_run_and_are_named_by_line(lake):
    decide(lake, ("B001", "B002", "same"), ("B002", "B003", "same"), ("B001", "B003", "different"))
    ran = run_job(lake, identity="splink")
    assert not ran.success
    assert all(line in ran.failure for line in ("2", "3", "4"))
    assert latest(lake) is None


def test_a_cluster_that_is_too_large_stops_the_run(lake):
    decide(lake, *((f"B{n:03}", f"B{n + 1:03}", "same") for n in range(1, 12)))
    ran = run_job(lake, identity="splink")
    assert ran.checks["identity/resolved_borrower largest_cluster"].metadata["number"].value == 12
    assert latest(lake) is None


def test_ids_do_not_come_from_an_earlier_run_without_matching(lake):
    assert run_job(lake).success
    run_day(lake, DAY + timedelta(days=1))
    record = json.loads((lake / "runs" / latest(lake)["run_id"] / "identity/resolved_borrower.json").read_text())
    assert record["details"]["previous_run"] is None


def test_relations_in_the_zone_resolved_are_deleted_with_their_run(lake, tmp_path):
    first = run_day(lake).result.run_id
    rows = lender()
    rows["borrower_information"][0]["last_name"] = "Renamed"
    ingest(lake, write(rows, tmp_path / "renamed"), DAY + timedelta(days=1))
    second = run_day(lake, DAY + timedelta(days=1)).result.run_id
    (lake / f"output/{first}.manifest.json").unlink()

    clean_up(open_lake(str(lake)), 400, timedelta(seconds=-60))

    assert {path.relative_to(lake / "resolved").parts[0] for path in (lake / "resolved").rglob("*.parquet")} == {second}


def test_a_relation_reused_by_later_runs_stays_when_the_runs_in_between_are_deleted(lake):
    """Cleaning up a run had deleted a relation that it only reused, and that the newest run needed."""
    run_ids = []
    for day in range(4):
        run_ids.append(run_day(lake, DAY + timedelta(days=day)).result.run_id)
        clean_up(open_lake(str(lake)), 1, timedelta(days=30))
    newest = json.loads((lake / "runs" / run_ids[-1] / "identity/resolved_borrower.json").read_text())
    assert newest["made_by"] == run_ids[1], "the second day has the ids of the first"
    assert newest["details"]["previous_run"] == run_ids[2], "a replay reads the run of the day before"
    assert run_ids[2] not in open_lake(str(lake)).folders("runs")
    assert len(persons(lake)) == len(lender()["borrower_information"])


def test_a_history_is_computed_again_after_its_sql_has_changed(lake, monkeypatch):
    """The SQL that compares persons with those before was not in the fingerprint."""
    runs = [run_day(lake, DAY + timedelta(days=day)).result.run_id for day in range(3)]
    model = load_sql_models()[PERSON_CHANGES]
    monkeypatch.setitem(load_sql_models(), PERSON_CHANGES, SqlModel(model.key, f"{model.text}-- corrected\n"))
    runs.append(run_day(lake, DAY + timedelta(days=3)).result.run_id)
    made_by = [
        json.loads((lake / f"runs/{run_id}/identity/person_history.json").read_text())["made_by"] for run_id in runs
    ]
    assert made_by == ["", "", runs[1], ""]
