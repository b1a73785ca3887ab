"""The commands from the user's side: exit codes, messages, and files that stay unchanged."""

import csv
import gzip
import json
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import answers_and_modules
from tests.support.identified import identified_lake
from tests.support.lender import lender, write
from tests.support.policy_files import changed_policy
from tests.support.serving import REFI

DAY = "2026-02-20"


@pytest.fixture
def source(tmp_path) -> Path:
    return write(lender(), tmp_path / "source")


@pytest.fixture
def lake(tmp_path) -> Path:
    return tmp_path / "lake"


def test_a_run_prints_a_short_table_and_where_the_audience_is(refi, source, lake):
    shown = refi("run", "--source", source, "--lake", lake, "--as-of", DAY).stdout

    (file,) = (lake / "output").glob("*.csv")
    assert str(file) in shown
    assert "loan_information" in shown
    assert "Audience  10 (Immediate Action 10)" in shown


def test_verify_says_how_many_relations_it_could_compare(refi, source, lake):
    run = ("run", "--source", source, "--lake", lake, "--as-of", DAY, "--verify")
    first, again = (" ".join(refi(*run).stderr.split()) for _ in range(2))
    assert "Verified: of 10 relations in the memo, 0 were computed before, and are the same." in first
    assert "Verified: of 10 relations in the memo, 10 were computed before, and are the same." in again


def test_json_is_the_only_output(refi, source, lake):
    shown = refi("run", "--source", source, "--lake", lake, "--as-of", DAY, "--json").stdout

    result = json.loads(shown)
    assert Path(result["audience"]).is_file()
    assert Path(result["manifest"]).is_file()
    assert result["as_of"] == DAY
    assert result["seconds"] > 0
    assert result["counts"] == {
        "sources": {
            name: {"rows": 40, "accepted": 40, "quarantined": {}, "nulled": {}, "emptied": {}, "invisible": {}}
            for name in ("borrower_engagement", "borrower_information", "loan_information", "market_equity")
        },
        "unified": 40,
        "eligible": 10,
        "unmatched": {},
        "loans_without_borrower": 0,
        "engagement_without_borrower": 0,
        "offers_without_home": 0,
        "letter_to_another": 0,
        "tiers": {"Immediate Action": 10, "Ineligible": 30},
        "audience_tiers": {"Immediate Action": 10},
    }


def test_answers_do_not_import_dagster_pandas_or_splink(refi, environment, published, tmp_path):
    lake, people = published.lake, tmp_path / "people"
    identified_lake(people)
    text_of = {
        ("explain", "B001", "--lake", lake): "B001 is in the audience",
        ("quarantine", "--lake", lake): "0 rows in quarantine",
        ("runs", "--lake", lake): "latest",
        ("query", "SELECT COUNT(*) AS n FROM refi_audience", "--lake", lake): "10",
        ("lineage", "rate_spread"): "market_equity.csv column market_rate_offer",
        ("lineage", "--html", tmp_path / "lineage.html"): "lineage.html",
        ("review", "--lake", people): "2 pairs wait",
        ("explain-match", "B01", "B02", "--lake", people): "B01 and B02 are one person",
    }
    answers, modules = answers_and_modules(*text_of, environment=environment, typed="q\n")
    for answer, text in zip(answers, text_of.values(), strict=True):
        assert answer.returncode == 0, answer.stderr
        assert text in answer.stdout
    assert "duckdb" in modules, "the imports are seen"
    assert modules & {"dagster", "pandas", "splink"} == set()
    assert "one SELECT" in refi("query", "DROP TABLE x", "--lake", lake, check=1).stderr


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["runs", "--lake", "nowhere"], 1), (["burn"], 2)])
def test_the_command_ends_with_the_exit_code(environment, tmp_path, arguments, code):
    done = subprocess.run([REFI, *arguments], env=environment, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == code


@pytest.mark.parametrize(("rows", "duplicates"), [(300, 0), (5000, 0), (5000, 10)])
def test_every_count_of_generated_files_equals_the_truth(refi, tmp_path, lake, rows, duplicates):
    refi("generate", "--rows", rows, "--seed", 7, "--duplicates", duplicates, tmp_path / "generated")

    result = json.loads(refi("run", "--source", tmp_path / "generated", "--lake", lake, "--json").stdout)

    truth = json.loads((tmp_path / "generated" / "truth.json").read_text())
    assert result["counts"] == truth["counts"]
    with open(result["audience"], newline="") as audience:
        borrowers = [row["borrower_id"] for row in csv.DictReader(audience)]
    assert len(borrowers) == truth["audience_rows"]
    if duplicates:
        with open(tmp_path / "generated" / "persons.csv", newline="") as persons:
            person = {row["borrower_id"]: row["person"] for row in csv.DictReader(persons)}
        by_person = {person[borrower] for borrower in borrowers}
        assert len(by_person) == truth["audience_rows_by_person"] < len(borrowers)


MARKET_HEADER = "property_id,market_rate_offer,ltv_ratio,monthly_savings_est\n"


def market(content: bytes, name: str = "market_equity.csv"):
    """Replace the market's CSV by other content or another file."""

    def damage(folder: Path) -> None:
        (folder / "market_equity.csv").unlink()
        (folder / name).write_bytes(content)

    return damage


UNUSABLE = {
    "missing": (
        lambda folder: (folder / "market_equity.csv").unlink(),
        ["market_equity: no file with a load date", "expected market_equity.csv"],
    ),
    "lacks columns": (
        market(b"property_id,ltv\n1,2\n"),
        ["column 'market_rate_offer', 'ltv_ratio'", "found: property_id, ltv", "expected: property_id"],
    ),
    "no rows": (market(MARKET_HEADER.encode()), ["market_equity.csv: no rows", "header only"]),
    "empty": (market(b""), ["market_equity.csv: the file is empty"]),
    "utf-16": (market("property_id\n1\n".encode("utf-16")), ["market_equity.csv", "UTF-8"]),
    "no parquet": (market(b"PAR0", "market_equity.parquet"), ["market_equity.parquet cannot be read as Parquet"]),
    "no gzip": (market(MARKET_HEADER.encode(), "market_equity.csv.gz"), ["market_equity.csv.gz cannot be read"]),
    "cut gzip": (
        market(gzip.compress((MARKET_HEADER + "P1,5,70,1\n" * 99).encode())[:-20], "market_equity.csv.gz"),
        ["market_equity.csv.gz cannot be read"],
    ),
}


@pytest.mark.parametrize(("damage", "texts"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_source_is_one_clear_message_and_nothing_is_published(refi, source, lake, damage, texts):
    damage(source)

    done = refi("run", "--source", source, "--lake", lake, "--as-of", DAY, check=1)

    message = " ".join(done.stderr.split())
    for text in texts:
        assert text in message
    assert message.endswith("The last published audience is unchanged.")
    assert "Traceback" not in done.stderr
    assert not (lake / "output").exists()


def test_other_content_for_a_load_date_is_refused_unless_replaced(refi, source, published_lake, tmp_path):
    lake = published_lake
    refi("run", "--source", source, "--lake", lake, "--as-of", DAY)  # the same content again is not a conflict
    other = write(lender(eligible=12), tmp_path / "other")

    done = refi("run", "--source", other, "--lake", lake, "--as-of", DAY, check=1)
    assert "already has other content" in done.stderr
    assert "--replace" in done.stderr

    shown = refi("run", "--source", other, "--lake", lake, "--as-of", DAY, "--replace", "--json").stdout
    assert json.loads(shown)["counts"]["eligible"] == 12


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["run", "--as-of", "20.2.2026"], "write it as 2026-02-20"),
        (["run", "--as-of", "2999-01-01"], "is not between 2000-01-01 and today"),
        (["run", "--accept", "loan_information:rows_not_fallen"], "--accept and --reason go together"),
        (["run", "--reason", "A pool was sold."], "--accept and --reason go together"),
        (["run", "--accept", "loans:rows_not_fallen", "--reason", "x"], "is not SOURCE:CHECK, with a source of"),
        (["run", "--accept", "loan_information:keys_unique", "--reason", "x"], "a check of rows_not_fallen,"),
        (["run", "--source", "no/such/folder"], "does not exist"),
        (["run", "--policy", "no/such/policy.yaml"], "does not exist"),
        (["run", "--lake", "gs://bucket/lake"], "is not a valid lake URL; use a folder or s3://bucket/prefix"),
        (["run", "--sauce", "x"], "No such option"),
        (["generate", "--rows", "0", "out"], "--rows"),
        (["lineage"], "name a column"),
        (["lineage", "name", "--html", "x.html", "--json"], "cannot be combined with --json"),
        (["burn"], "No such command"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_message(refi, arguments, text):
    done = refi(*arguments, check=2)
    assert text in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("REFI_LAKE_URL", "gs://bucket/lake", "REFI_LAKE_URL"),
        ("REFI_TIME_ZONE", "Mars/Olympus", "REFI_TIME_ZONE"),
        ("REFI_THREADS", "many", "REFI_THREADS"),
        ("REFI_MEMORY_LIMIT", "lots", "REFI_MEMORY_LIMIT"),
        ("REFI_POLICY_FILE", "/no/such/policy.yaml", "there is no such policy file"),
    ],
)
def test_a_wrong_setting_is_one_message_that_names_it(refi, source, lake, variable, value, text):
    lake_option = [] if variable == "REFI_LAKE_URL" else ["--lake", lake]
    done = refi("run", "--source", source, *lake_option, "--as-of", DAY, check=1, **{variable: value})

    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_an_absurd_policy_is_refused_with_its_numbers(refi, source, lake, tmp_path):
    absurd = changed_policy(tmp_path, ("max_ltv_pct: 80", "max_ltv_pct: 800"))

    done = refi("run", "--source", source, "--lake", lake, "--as-of", DAY, "--policy", absurd, check=1)

    assert "eligibility.max_ltv_pct" in done.stderr
    assert "200" in done.stderr


def test_lineage_needs_no_lake_and_its_mistakes_are_one_message(refi, tmp_path):
    lake = tmp_path / "no_lake"
    assert "market_equity.csv column ltv_ratio" in refi("lineage", "ltv_ratio", REFI_LAKE_URL=str(lake)).stdout
    assert not lake.exists()

    page = tmp_path / "lineage.html"
    assert refi("lineage", "--html", page).stdout == f"{page}\n"
    assert refi("lineage", "name", "--html", page).stdout == f"{page.as_uri()}#audience_file.name\n"

    unknown = refi("lineage", "apr", check=1).stderr
    assert "audience_file has no column 'apr'; it has borrower_id, name, rate_spread" in unknown
    nowhere = refi("lineage", "--html", tmp_path / "no" / "x.html", check=1).stderr
    assert "x.html cannot be written: No such file or directory." in nowhere
    assert "Traceback" not in unknown + nowhere


def test_ingest_puts_files_into_the_raw_zone_and_runs_nothing(refi, source, lake):
    shown = refi("ingest", "--source", source, "--lake", lake, "--as-of", DAY).stdout
    again = refi("ingest", "--source", source, "--lake", lake, "--as-of", DAY).stdout

    assert f"raw/loan_information/load_date={DAY}/loan_information.csv" in shown
    assert "Nothing to do" in again
    assert not (lake / "runs").exists()


def test_a_file_that_seems_to_belong_to_a_source_is_refused_unless_it_should_be_ignored(refi, source, lake):
    """Loans of two days before were published, since loan_information_final.csv was skipped silently."""
    (source / "loan_information.csv").rename(source / "loan_information_final.csv")

    for command in ("run", "ingest"):
        done = refi(command, "--source", source, "--lake", lake, "--as-of", DAY, check=1)
        assert "loan_information_final.csv is not read under that name" in done.stderr
        assert "rename it to loan_information.csv" in done.stderr

    ignoring = refi("ingest", "--source", source, "--lake", lake, "--as-of", DAY, "--ignore-others")
    assert "raw/market_equity" in ignoring.stdout
    assert "Warning: " in ignoring.stderr
    assert "loan_information_final.csv" in ignoring.stderr


def test_a_run_warns_of_skipped_files(refi, source, lake):
    (source / "notes.txt").write_text("")
    (source / "Loan_Information.CSV").write_bytes((source / "loan_information.csv").read_bytes())
    (source / "loan_information.csv").unlink()
    astray = lake / "raw" / "loan_information" / "load_date=20260222"
    astray.mkdir(parents=True)
    (astray / "loan_information.csv").write_text("")

    done = refi("run", "--source", source, "--lake", lake, "--as-of", DAY, "--json")

    result = json.loads(done.stdout)
    assert result["counts"]["eligible"] == 10
    assert [warning.split(": ", 1)[-1] for warning in result["warnings"]] == [
        "not read, since no source has that name: notes.txt",
        "raw/loan_information nothing_passed_over (1; 0 files and folders. raw/loan_information/load_date=20260222/)",
    ]
    assert "notes.txt" in done.stderr
