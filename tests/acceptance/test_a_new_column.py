"""A newcomer's column and check, as CONTRIBUTING.md describes them: four files, and all tests pass."""

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from refi_assets.settings import PROJECT_DIR
from tests.support.copied_project import copy_project, make_golden_and_docs, run_python, run_tests_without_servers

CHECK = """\
-- Persons in the audience whose employer is a number.
-- broken by: employer = '42'
SELECT
    audience.person_id
FROM refi.refi_audience AS audience
WHERE
    REGEXP_LIKE(audience.employer, '^[0-9]+$')
"""
COLUMN = """\
      - name: employer
        description: "The borrower's employer."
        logicalType: string
        physicalType: VARCHAR
slaProperties:
"""
# File -> texts, each with its replacement.
EDITS = {
    "contracts/refi/borrower_information.yaml": {"slaProperties:\n": COLUMN},
    "sql/refi/refi_audience.sql": {
        "        engagement.paperless_billing,\n": (
            "        borrower.employer,\n        engagement.paperless_billing,\n"
        ),
        "    reached.paperless_billing,\n": "    reached.employer,\n    reached.paperless_billing,\n",
    },
    "sql/activation/audience_file.sql": {
        "    audience.paperless_billing,\n": "    audience.employer,\n    audience.paperless_billing,\n",
    },
}
CHECK_FILE = "sql/refi/checks/refi_audience/employer_is_a_name.sql"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the column and the check, after `make golden` and `make docs`."""
    project = copy_project(tmp_path_factory.mktemp("column") / "project")
    for name, changes in EDITS.items():
        text = (project / name).read_text()
        for old, new in changes.items():
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        (project / name).write_text(text)
    (project / CHECK_FILE).write_text(CHECK)
    make_golden_and_docs(project)
    return project


def test_four_files_are_enough(project: Path) -> None:
    changed = subprocess.run(
        ["diff", "-rq", "-x", "golden", "-x", "__pycache__", *map(str, (PROJECT_DIR / "sql", project / "sql"))],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    assert len(changed) == 3
    assert len({*EDITS, CHECK_FILE}) == 4
    assert "employer_is_a_name" in (project / "docs/rules.md").read_text()
    assert "| employer |" in (project / "docs/contracts.md").read_text()


def test_the_column_reaches_the_audience_file_and_the_check_stops_a_bad_one(project: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(project / "data/sample", tmp_path / "source"))
    refi = ("-c", "from refi_assets.cli import main; main()")
    run = (*refi, "run", "--source", str(source), "--json", "--as-of")
    borrowers = source / "borrower_information.csv"
    header, *lines = borrowers.read_text().splitlines()

    borrowers.write_text("\n".join([f"{header},employer", *(f"{line},Acme" for line in lines)]) + "\n")
    result = json.loads(run_python(project, *run, "2026-02-20", "--lake", str(tmp_path / "good")).stdout)
    with Path(result["audience"]).open(newline="") as stream:
        assert {row["employer"] for row in csv.DictReader(stream)} == {"Acme"}

    borrowers.write_text("\n".join([f"{header},employer", *(f"{line},42" for line in lines)]) + "\n")
    blocked = run_python(project, *run, "2026-02-20", "--lake", str(tmp_path / "bad"), check=1)
    assert [check["check"] for check in json.loads(blocked.stdout)["checks"] if check["blocks"]] == [
        "employer_is_a_name"
    ]


def test_the_tests_that_read_sql_pass(project: Path) -> None:
    paths = ("tests/engines/test_golden_sql.py", "tests/specs", "tests/lineage/test_lineage.py")
    assert "failed" not in run_python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths).stdout


@pytest.mark.long
def test_all_tests_that_need_no_server_pass(project: Path) -> None:
    run_tests_without_servers(project)
