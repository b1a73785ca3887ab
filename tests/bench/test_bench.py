"""The parts of `make bench`: the bare DuckDB script's audience, the comparison of audiences, measuring a process."""

import csv
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from bench.bare_duckdb import main as bare_duckdb
from bench.compare_audiences import audience_difference
from bench.measure import MeasureError, dagster_home, measure_process
from bench.moto_s3 import raw_zone
from bench.run_steps import relations_made
from refi_assets.lake import Relation, RunFolder, open_lake
from refi_assets.sample.cases import borrowers_by_case
from refi_assets.sample.generate import generate_files
from refi_assets.settings import PROJECT_DIR
from tests.support.lender import lender, write
from tests.support.oracle import expected

# The cases that the bare script treats differently: (number of turns, the turns that it gets wrong).
EVERY = (1, {0})
WRONGLY_INCLUDED = {
    "loan_id empty": EVERY,
    "borrower with two last names": EVERY,
    "loan at two rates": EVERY,
    "two offers for a home": EVERY,
    "current rate out of range, in a row whose null does not count": (4, {1, 2}),  # 31, 30.0000001
    "an offer of a competitor, or of an unknown lender": EVERY,
    "nothing owed": EVERY,
    "nothing owed, in words": EVERY,
    "paid off by its type or its status": EVERY,
    "nothing saved a month": EVERY,
    "not the first lien": EVERY,
    "borrower malformed": (6, {1, 3}),  # a field too many, a byte that is not UTF-8
    "loan malformed": (6, {1, 2, 3, 5}),  # ... and quotes that change the loan_id only
    "market row malformed": (6, {1}),
}
MISSING = {
    "white space around cells, an empty line after a row": (4, {3}),  # a byte order mark before the id
    "home named by a word for nothing": EVERY,
}


def written(path: Path) -> list[tuple[str, ...]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return [tuple(row) for row in csv.reader(stream)][1:]


def borrowers(rows: int, cases: dict[str, tuple[int, set[int]]]) -> int:
    sizes = {case.name: len(ranks) for case, ranks in borrowers_by_case(rows)}
    return sum(sum(n % turns in wrong for n in range(sizes[name])) for name, (turns, wrong) in cases.items())


def test_from_clean_files_the_bare_script_writes_exactly_the_audience(tmp_path):
    rows = lender()
    for loan in rows["loan_information"]:
        loan["property_id"] = ""  # so that the borrower's home counts
    source = write(rows, tmp_path / "source")

    bare_duckdb(str(source), str(tmp_path / "out.csv"))

    without_person = [(*row[:5], *row[6:]) for row in expected(source).audience]
    assert written(tmp_path / "out.csv") == without_person


def test_from_files_with_defects_the_bare_script_misses_and_adds_exactly_the_expected_borrowers(tmp_path):
    rows = 20_000
    truth = generate_files(rows, 1, tmp_path / "source")

    bare_duckdb(str(tmp_path / "source"), str(tmp_path / "out.csv"))

    ids = [row[0] for row in written(tmp_path / "out.csv")]
    assert len(ids) == len(set(ids))
    assert len(ids) == truth["audience_rows"] - borrowers(rows, MISSING) + borrowers(rows, WRONGLY_INCLUDED)


HEADER = (
    "borrower_id,name,rate_spread,monthly_savings_est,marketing_category,loan_id,current_interest_rate,"
    "market_rate_offer,ltv_ratio,paperless_billing,email_open_last_30d,mobile_app_login_last_30d,sms_opt_in\n"
)
REST = "Hot Lead,L1,6.125,5.125,70,true,,true,false\n"


def test_audiences_are_compared_by_value_and_not_by_text(tmp_path):
    ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"
    our_header = HEADER.replace("loan_id", "person_id,loan_id")
    rest = REST.replace("L1", "person-B1,L1")
    ours.write_text(our_header + "".join(f'{id},"Ann\nLee",1.000000,10.00,{rest}' for id in ("B1", "B2", "B3")))
    same = f'B1,"Ann\nLee",1.0,10,{REST.replace("true", "True")}'
    theirs.write_text(HEADER + same + f"B3,Ann,1.0,10.0,{REST}" + f"B4,Ann,1.0,10.0,{REST}")

    assert audience_difference(str(ours), str(theirs)) == {"ours": 3, "missing": 1, "wrongly": 1, "other": 1}


def test_a_process_is_measured_with_its_memory_and_its_output(tmp_path):
    script = "import os; held = bytearray(300 * 2**20); print(os.environ['TMPDIR'])"

    measured = measure_process([sys.executable, "-c", script], tmp_path)

    assert measured.stdout.strip() == str(tmp_path)
    assert measured.peak > 300 * 2**20
    assert measured.seconds > 0


def test_a_measured_command_that_fails_raises_its_message(tmp_path):
    with pytest.raises(MeasureError, match="no such thing"):
        measure_process([sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path)


def test_a_process_gets_only_the_variables_that_it_is_given(tmp_path, monkeypatch):
    for name in ("REFI_LAKE_URL", "AWS_PROFILE"):
        monkeypatch.setenv(name, "the caller's")
    script = "import os; print(os.environ.get('REFI_LAKE_URL'), os.environ.get('AWS_PROFILE'), os.getcwd())"

    measured = measure_process(
        [sys.executable, "-c", script], tmp_path, variables={"AWS_PROFILE": "given"}, folder=tmp_path
    )

    assert measured.stdout.split() == ["None", "given", str(tmp_path)]


def test_an_instance_has_the_settings_of_the_project_except_its_storage_if_dagsters_is_wanted(tmp_path):
    ours, plain = (
        yaml.safe_load((dagster_home(tmp_path / name, own_storage=own) / "dagster.yaml").read_text())
        for name, own in (("ours", True), ("plain", False))
    )
    assert ours == yaml.safe_load((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
    assert plain == {name: setting for name, setting in ours.items() if name != "instance_class"}
    assert plain["telemetry"] == {"enabled": False}


def test_relations_computed_again_for_nothing_are_those_that_do_not_depend_on_the_new_file(tmp_path):
    folder = RunFolder(open_lake(str(tmp_path)), "run-2")

    def save(key: str, *inputs: str, made_by: str = "", parquet: str | None = "rows.parquet", kind="table") -> None:
        input_runs = dict.fromkeys(inputs, "run-2")
        folder.save(
            Relation(key=key, run_id="run-2", as_of=date(2026, 2, 21), kind=kind, parquet=parquet, inputs=input_runs,
                     made_by=made_by)
        )  # fmt: skip

    save("raw/borrower_engagement", kind="files", parquet=None)
    save("staging/borrower_engagement", "raw/borrower_engagement")
    save("staging/loan_information", "raw/loan_information", made_by="run-1")
    save("staging/market_equity", "raw/market_equity")
    save("refi/judged_offer", "staging/loan_information", kind="view", parquet=None)  # a view costs nothing
    save("refi/refi_audience", "refi/judged_offer", "staging/borrower_engagement")
    save("activation/audience_file", "refi/refi_audience", kind="files", parquet=None)

    assert relations_made(folder) == {
        "made": ["refi/refi_audience", "staging/borrower_engagement", "staging/market_equity"],
        "for_nothing": ["staging/market_equity"],
        "used_again": ["staging/loan_information"],
    }


def test_the_raw_zone_of_the_ticks_has_the_old_objects_and_a_file_of_each_source_per_recent_day():
    keys = list(raw_zone(10_000))
    recent = {f"load_date=2026-02-{day:02}" for day in range(7, 21)}  # the days that each tick lists
    days = [key.split("/")[2] for key in keys]
    assert len(set(keys)) == 10_000 + 14 * 4
    assert [day for day in days if day >= min(recent)].count("load_date=2026-02-07") == 4
    assert {day for day in days if day >= min(recent)} == recent
    assert sum(day < min(recent) for day in days) == 10_000
