"""A domain added with the files in CONTRIBUTING.md: it runs, publishes and answers, and refi is not affected."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from refi_assets.settings import PROJECT_DIR
from tests.support.copied_project import copy_project, make_golden_and_docs, run_python, run_tests_without_servers

CONTRIBUTING = (PROJECT_DIR / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w./]*toy[\w./]*)`[^\n]*:\n\n```\w+\n(.*?)^```$", CONTRIBUTING, re.MULTILINE | re.DOTALL))
SUNDAY = "2026-02-22"  # of the week of Wednesday the 18th


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the domain, after `make golden`, and a folder with its source file."""
    app = copy_project(tmp_path_factory.mktemp("app") / "app")
    for name, text in FILES.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text)
    (app / "tests" / "toy" / "__init__.py").touch()
    (app / "files").mkdir()
    (app / "files" / "toy_branch.csv").write_text("branch_id,desks\nnorth,2\nsouth,5\neast,7\nwest,none\n")
    make_golden_and_docs(app)
    return app


@pytest.fixture(scope="module")
def refi(app: Path):
    """Call `refi …` of the copy: its output, or, with `check`, its stderr as one line."""

    def call(*arguments: str, check: int = 0) -> str:
        done = run_python(app, "-c", "from refi_assets.cli import main; main()", *arguments, check=check)
        return " ".join(done.stderr.split()) if check else done.stdout

    return call


@pytest.fixture(scope="module")
def published(refi) -> dict[str, Any]:
    """The object of `refi toy run --json` for the week of a Wednesday."""
    run: dict[str, Any] = json.loads(refi("toy", "run", "--source", "files", "--as-of", "2026-02-18", "--json"))
    return run


def test_eight_files_are_enough_and_all_contain_its_name():
    assert len(FILES) == 8
    assert all("toy" in name for name in FILES)


def test_the_help_lists_the_domain_and_refi_only_once(refi):
    text = refi("--help")
    assert "The domain toy" in text
    assert "The domain refi" not in text


def test_a_run_is_of_the_partition_that_contains_the_day(published: dict[str, Any], app: Path):
    assert published["as_of"] == SUNDAY
    assert published["file"] == str(app / "lake" / "output" / "toy" / f"{published['run_id']}.csv")
    assert Path(published["file"]).read_text().splitlines() == ["branch_id,desks", "east,7", "south,5"]
    assert published["latest_moved"] is True
    assert published["counts"]["relations"] == {"toy/large_branch": 2, "toy/desk_total": 1, "toy/toy_file": 2}
    ((source, counts),) = published["counts"]["sources"].items()
    assert source == "toy_branch"
    assert (counts["rows"], counts["accepted"], sum(counts["quarantined"].values())) == (4, 3, 1)
    assert json.loads((app / "lake" / "output" / "toy" / "latest.json").read_text())["run_id"] == published["run_id"]
    assert not (app / "lake" / "output" / "latest.json").exists()


def test_its_answers_are_about_its_own_publication(published: dict[str, Any], refi):
    (run,) = map(json.loads, refi("toy", "runs", "--json").splitlines())
    assert (run["run_id"], run["as_of"], run["file"]["rows"]) == (published["run_id"], SUNDAY, 2)
    select = "SELECT branch_id FROM toy.large_branch ORDER BY desks DESC"
    rows = [json.loads(row) for row in refi("toy", "query", select, "--json").splitlines()]
    assert rows == [{"branch_id": "east"}, {"branch_id": "south"}]
    (row,) = map(json.loads, refi("toy", "quarantine", "--json").splitlines())
    assert (row["source"], row["record_number"], row["column_name"]) == ("toy_branch", 4, "desks")
    assert refi("runs", "--json") == ""


def test_another_policy_applies_to_that_run_only(published: dict[str, Any], refi, app: Path):
    (app / "strict.yaml").write_text(FILES["policies/toy/toy.yaml"].replace("3", "6", 1))
    printed = refi("toy", "run", "--as-of", "2026-02-16", "--policy", "strict.yaml")
    assert re.search(r"toy/large_branch +1\n", printed)
    assert "latest.json was not moved" in printed


def test_a_domain_that_published_nothing_says_how_to_start(refi):
    assert "Start with: refi toy run --source DIR" in refi("toy", "query", "SELECT 1", "--lake", "files", check=1)


def test_answers_of_a_domain_include_its_blocked_runs(refi, app: Path):
    (app / "bad").mkdir()
    (app / "bad" / "toy_branch.csv").write_text("branch_id,desks\nnorth,2 desks\nsouth,5 desks\n")
    (app / "blocks.yaml").write_text(FILES["policies/toy/toy.yaml"].replace("block_above: 100", "block_above: 60"))
    options = ("--source", "bad", "--lake", "blocked_lake", "--as-of", "2026-02-18", "--policy", "blocks.yaml")
    done = run_python(app, "-c", "from refi_assets.cli import main; main()", "toy", "run", *options, "--json", check=1)
    blocked = json.loads(done.stdout)
    assert (blocked["status"], blocked["as_of"]) == ("blocked", SUNDAY)
    assert blocked["counts"]["sources"]["toy_branch"]["quarantined"] == {"not_a_number": 2}
    assert f"refi toy quarantine --run {blocked['run_id']} --source toy_branch --reason not_a_number" in done.stderr
    assert "such as 9 aaaaa" in done.stderr

    rows = [json.loads(row) for row in refi("toy", "quarantine", "--lake", "blocked_lake", "--json").splitlines()]
    assert [row["record_number"] for row in rows] == [1, 2]
    (shown,) = [json.loads(row) for row in refi("toy", "runs", "--lake", "blocked_lake", "--json").splitlines()]
    assert (shown["run_id"], shown["status"]) == (blocked["run_id"], "blocked")


def test_files_of_another_domain_are_not_ingested(refi, tmp_path: Path):
    (tmp_path / "market_equity.csv").write_text("property_id\n")
    message = refi("toy", "ingest", "--source", str(tmp_path), check=1)
    assert "no source file; found: market_equity.csv" in message


def test_refi_runs_as_before_though_the_domain_has_no_files(refi, tmp_path: Path):
    """A contract without files made the refi run fail."""
    lake = str(tmp_path / "lake")
    run = json.loads(refi("run", "--source", "data/sample", "--lake", lake, "--as-of", "2026-02-20", "--json"))
    truth = json.loads((PROJECT_DIR / "data" / "sample" / "truth.json").read_text())["counts"]
    assert set(run["counts"]["sources"]) == set(truth["sources"])
    assert run["counts"]["eligible"] == truth["eligible"]
    assert not (Path(lake) / "output" / "toy").exists()


@pytest.mark.parametrize(
    ("name", "old", "new", "text"),
    [
        ("contracts/toy/toy_branch.yaml", "logicalType: integer", "logicalType: whole", "toy_branch.yaml"),
        ("sql/toy/large_branch.sql", "staging.toy_branch", "toy.desk_total", "Circular dependencies"),
    ],
)
def test_a_mistake_in_a_file_is_one_message(published, refi, app: Path, name: str, old: str, new: str, text: str):
    assert old in FILES[name]
    try:
        (app / name).write_text(FILES[name].replace(old, new))
        message = refi("toy", "run", "--as-of", "2026-02-18", check=1)
    finally:
        (app / name).write_text(FILES[name])
    assert text in message
    assert "Traceback" not in message


def test_a_source_is_checked_again_after_its_contract_has_changed(published, refi, app: Path):
    """The result of the check came from the memo even if the contract had changed."""
    name = "contracts/toy/toy_branch.yaml"
    frequency = "property: frequency, value: 7,"
    assert frequency in FILES[name]
    run = ("toy", "run", "--as-of", "2026-05-13", "--json")
    assert "raw/toy_branch source_is_current" in json.dumps(json.loads(refi(*run))["warnings"])
    try:
        (app / name).write_text(FILES[name].replace(frequency, "property: frequency, value: 700,"))
        assert json.loads(refi(*run))["warnings"] == []
    finally:
        (app / name).write_text(FILES[name])


OF_REFI = ("specs", "orchestration/test_definitions.py", "orchestration/test_arrivals.py", "lineage/test_lineage.py")


def test_the_tests_of_refi_and_of_the_domain_pass(app: Path):
    paths = [f"tests/{path}" for path in (*OF_REFI, "engines/test_golden_sql.py", "toy")]
    done = run_python(app, "-m", "pytest", "-p", "no:cacheprovider", *paths)
    assert "passed" in done.stdout
    assert "failed" not in done.stdout


@pytest.mark.long
def test_all_tests_that_need_no_server_pass(app: Path):
    run_tests_without_servers(app)
