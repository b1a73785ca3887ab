"""refi review and refi explain-match from the user's side."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from refi_assets.settings import PROJECT_DIR
from tests.infra.deployment import make_app
from tests.support.identified import RUN, identified_lake, publish


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    identified_lake(tmp_path / "lake")
    return tmp_path / "lake"


def decisions(lake: Path) -> list[list[str]]:
    rows = [line.split(",") for line in (lake / "decisions/identity.csv").read_text().splitlines()]
    return [[*row[:4], row[5]] for row in rows[1:]]


def test_review_asks_the_strongest_first_and_writes_each_decision(refi, lake):
    shown = refi("review", "--lake", lake, "--who", "ann", typed="s\nthe same phone\nwhat\nd\n\n").stdout

    assert shown.index("66.7 %") < shown.index("33.3 %"), "odds of 2 to 1 before odds of 1 to 2"
    assert "Pair 1 of 2" in shown
    assert "2 pairs decided by ann. The next run respects them." in shown
    assert decisions(lake) == [
        ["B04", "B05", "same", "ann", "the same phone"],
        ["B06", "B07", "different", "ann", ""],
    ]
    assert "Nothing waits for review" in refi("review", "--lake", lake, typed="").stdout


def test_review_marks_differences(refi, lake):
    shown = refi("review", "--lake", lake, "--who", "ann", typed="q\n").stdout

    (city,) = (line for line in shown.splitlines() if line.strip().startswith("city"))
    (state,) = (line for line in shown.splitlines() if line.strip().startswith("state"))
    assert city.split() == ["city", "≠", "Toledo", "Lima"]
    assert state.split() == ["state", "OH", "OH"]
    assert "credit_score" not in shown, "neither record has one"
    assert "given_name" in shown
    assert "+8.00" in shown
    assert "0 pairs decided by ann." in shown
    assert not (lake / "decisions").exists()


def test_decisions_made_before_the_input_ended_are_kept(refi, lake):
    shown = refi("review", "--lake", lake, "--who", "ann", typed="s\nyes\nk").stdout

    assert "1 pairs decided" in shown
    assert decisions(lake) == [["B04", "B05", "same", "ann", "yes"]]


def test_review_does_not_ask_about_pairs_that_decisions_imply(refi, lake):
    header = "borrower_id_1,borrower_id_2,decision,who,when,why\n"
    lines = "B04,B99,same,ann,2026-02-20,\nB99,B05,same,ann,2026-02-20,\n"
    (lake / "decisions").mkdir()
    (lake / "decisions/identity.csv").write_text(header + lines)

    shown = refi("review", "--lake", lake, typed="q\n").stdout
    assert "1 pairs wait" in shown
    assert "B06" in shown


def test_a_waterfall_adds_up(refi, lake):
    shown = refi("explain-match", "B02", "B01", "--lake", lake).stdout

    steps = [line.split() for line in shown.splitlines() if "█" in line or "▒" in line]
    assert [(step[0], [cell for cell in step if cell[-1].isdigit()]) for step in steps] == [
        ("prior", ["-12.00", "-12.00"]),
        ("given_name", ["+1.00", "-11.00"]),
        ("surname", ["+8.00", "-3.00"]),
        ("date_of_birth", ["+11.00", "8.00"]),
        ("email", ["-1.50", "6.50"]),
        ("phone", ["+12.00", "18.50"]),
        ("match", ["18.50"]),
    ]
    assert "99.9997 % (match threshold 90.0 %, review threshold 10.0 %)" in shown, "odds of 2 to 18.5: 370,728 to 1"
    assert "B01 and B02 are one person" in shown
    assert "Joined directly: B01 - B02" in shown


def explained(refi, lake: Path, id_1: str, id_2: str):
    return refi("explain-match", id_1, id_2, "--lake", lake, "--json").json


def test_records_may_be_joined_through_others(refi, lake):
    explanation = explained(refi, lake, "B03", "B01")

    assert explanation["outcome"] == "not_kept"
    assert (explanation["person_id_1"], explanation["person_id_2"], explanation["cluster_size_1"]) == ("B01", "B01", 3)
    assert [(link["borrower_id_1"], link["borrower_id_2"]) for link in explanation["links"]] == [
        ("B01", "B02"),
        ("B02", "B03"),
    ]
    assert explanation["links"][1]["probability"] == pytest.approx(256 / 257)
    assert explanation["records"]["B03"]["phone"] == "231-555-0139"


@pytest.mark.parametrize(
    ("id_1", "id_2", "outcome", "text"),
    [
        ("B04", "B05", "in_review", "The pair is in review"),
        ("B08", "B09", "split", "the two clusters contain evidence against one person"),
        ("B10", "B11", "decided_different", "people decided that these are two persons"),
        ("B04", "B06", "not_kept", "no blocking rule brought the two records together"),
    ],
)
def test_every_outcome_has_its_text(refi, lake, id_1, id_2, outcome, text):
    assert explained(refi, lake, id_1, id_2)["outcome"] == outcome
    shown = refi("explain-match", id_1, id_2, "--lake", lake).stdout
    assert text in shown
    assert "are two persons" in shown


def test_a_decision_since_the_run_is_shown(refi, lake):
    refi("review", "--lake", lake, "--who", "ann", typed="d\n\nq\n")
    assert explained(refi, lake, "B04", "B05")["decision_since"] == "different"
    assert "People decided that they are two persons" in refi("explain-match", "B04", "B05", "--lake", lake).stdout
    assert explained(refi, lake, "B10", "B11")["decision"] == "different"


def test_unknown_borrowers_are_errors(refi, lake):
    assert "with the id 'B99'" in refi("explain-match", "B01", "B99", "--lake", lake, check=1).stderr
    assert "Both ids are of one borrower" in refi("explain-match", "B01", "B01", "--lake", lake, check=1).stderr


def test_identity_off_has_its_own_text(refi, tmp_path):
    identified_lake(tmp_path / "lake", engine="off")
    assert "Identity is off" in refi("review", "--lake", tmp_path / "lake", typed="").stdout
    shown = refi("explain-match", "B01", "B02", "--lake", tmp_path / "lake").stdout
    assert "identity is off in this run" in shown


def test_matches_without_evidence_are_accepted(refi, tmp_path):
    lake = tmp_path / "lake"
    identified_lake(lake, engine="aws")
    assert explained(refi, lake, "B01", "B02")["outcome"] == "linked"
    shown = refi("explain-match", "B01", "B03", "--lake", lake).stdout
    assert "Joined by way of others: B01 - B02 (a match); B02 - B03 (a match)." in shown
    assert "Nothing waits for review" in refi("review", "--lake", lake, typed="").stdout


def test_a_run_without_matching_is_an_error(refi, tmp_path):
    lake = identified_lake(tmp_path / "lake")
    lake.delete([info.key for info in lake.objects(f"runs/{RUN}/identity")])
    publish(lake, {"staging/borrower_information": {"run_id": RUN}})

    for command in (["review"], ["explain-match", "B01", "B02"]):
        assert "it ran without identity" in refi(*command, "--lake", tmp_path / "lake", check=1).stderr


COLUMN = """\
      - name: ssn
        description: "Social security number."
        logicalType: string
        physicalType: VARCHAR
        classification: personal
        customProperties:
          - {property: personAttribute, value: national_id}
"""


@pytest.mark.long
def test_a_column_is_compared_once_the_contract_gives_its_person_attribute(tmp_path):
    app, home, source = (tmp_path / name for name in ("app", "home", "source"))
    make_app(app)
    contract = app / "contracts" / "refi" / "borrower_information.yaml"
    before, where, after = contract.read_text().partition("      - name: street\n")
    contract.write_text(before + COLUMN + where + after)
    borrowers = shutil.copytree(PROJECT_DIR / "data" / "sample", source) / "borrower_information.csv"
    header, *lines = borrowers.read_text().splitlines()
    borrowers.write_text("\n".join([f"{header},ssn", *(f"{line},{number:09}" for number, line in enumerate(lines))]))
    home.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(app), "DAGSTER_HOME": str(home)}

    def refi(*arguments: str) -> str:
        command = [sys.executable, "-c", "from refi_assets.cli import main; main()", *arguments, "--lake", "lake"]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    refi("run", "--source", "source", "--as-of", "2026-02-20", "--identity", "splink")

    compared = "SELECT COUNT(*) AS pairs, COUNT_IF(evidence LIKE '%\"national_id\"%') AS by_id FROM matched_pairs"
    counts = json.loads(refi("query", compared, "--json"))
    assert counts["pairs"] == counts["by_id"] > 0
