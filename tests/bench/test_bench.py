"""What `make bench` says: the bare DuckDB script's audience, how audiences are compared, and the page's figures."""

import csv
import sys
from pathlib import Path

import pytest

from bench.bare_duckdb import main as bare_duckdb
from bench.compare import difference
from bench.measure import Measured, MeasureError, measure
from bench.report import (
    AGAIN,
    BARE_SPLINK,
    DUCKDB,
    FEBRL_3,
    FEBRL_4,
    FRESH,
    PANDAS,
    POLARS,
    RESOLVE,
    Bench,
    Difference,
    Machine,
    Resolved,
    Sample,
    Size,
    generated_borrowers,
    render,
)
from refi_assets.sample.cases import borrowers_by_case
from refi_assets.sample.generate import generate
from tests.support.lender import lender, write
from tests.support.oracle import expected

# Of the borrowers of a case, in turn, those whom the bare script treats unlike us: (turns, which of them).
EVERY = (1, {0})
WRONGLY_IN = {
    "loan_id empty": EVERY,
    "borrower with two last names": EVERY,
    "loan at two rates": EVERY,
    "two offers for a home": EVERY,
    "current rate out of range, in a row whose null does not count": (4, {1, 2}),  # 31, 30.0000001
    "an offer of a competitor, or of nobody known": EVERY,
    "nothing owed any more": EVERY,
    "nothing owed any more, in words": EVERY,
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


def borrowers(rows: int, kinds: dict[str, tuple[int, set[int]]]) -> int:
    sizes = {case.name: len(ranks) for case, ranks in borrowers_by_case(rows)}
    return sum(sum(n % turns in which for n in range(sizes[name])) for name, (turns, which) in kinds.items())


def test_of_clean_files_the_bare_script_writes_the_audience_to_the_letter(tmp_path):
    rows = lender()
    for loan in rows["loan_information"]:
        loan["property_id"] = ""  # so that it is the borrower's
    source = write(rows, tmp_path / "source")

    bare_duckdb(str(source), str(tmp_path / "out.csv"))

    without_person = [(*row[:5], *row[6:]) for row in expected(source).audience]
    assert written(tmp_path / "out.csv") == without_person


def test_of_generated_files_the_bare_script_misses_and_adds_the_borrowers_it_is_known_to(tmp_path):
    rows = 20_000
    truth = generate(rows, 1, tmp_path / "source")

    bare_duckdb(str(tmp_path / "source"), str(tmp_path / "out.csv"))

    ids = [row[0] for row in written(tmp_path / "out.csv")]
    assert len(ids) == len(set(ids))
    assert len(ids) == truth["audience_rows"] - borrowers(rows, MISSING) + borrowers(rows, WRONGLY_IN)


HEADER = (
    "borrower_id,name,rate_spread,monthly_savings_est,marketing_category,loan_id,current_interest_rate,"
    "market_rate_offer,ltv_ratio,paperless_billing,email_open_last_30d,mobile_app_login_last_30d,sms_opt_in\n"
)
REST = "Hot Lead,L1,6.125,5.125,70,true,,true,false\n"


def test_audiences_are_compared_by_value_not_by_letter(tmp_path):
    ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"
    of_ours = HEADER.replace("loan_id", "person_id,loan_id")
    rest = REST.replace("L1", "person-B1,L1")
    ours.write_text(of_ours + "".join(f'{id},"Ann\nLee",1.000000,10.00,{rest}' for id in ("B1", "B2", "B3")))
    alike = f'B1,"Ann\nLee",1.0,10,{REST.replace("true", "True")}'
    theirs.write_text(HEADER + alike + f"B3,Ann,1.0,10.0,{REST}" + f"B4,Ann,1.0,10.0,{REST}")

    assert difference(str(ours), str(theirs)) == {"ours": 3, "missing": 1, "wrongly": 1, "other": 1}


def test_a_process_is_measured_with_its_memory_and_its_output(tmp_path):
    script = "import os; held = bytearray(300 * 2**20); print(os.environ['TMPDIR'])"

    found = measure([sys.executable, "-c", script], tmp_path)

    assert found.stdout.strip() == str(tmp_path)
    assert found.peak > 300 * 2**20
    assert found.seconds > 0


def test_a_command_that_fails_while_measured_says_why(tmp_path):
    with pytest.raises(MeasureError, match="no such thing"):
        measure([sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path)


def measured(seconds: float, gib: float = 0.5) -> Measured:
    return Measured(1000.0, seconds, int(gib * 2**30), "")


def made_up(rows: int, **jobs: list[Measured]) -> Size:
    names = {"fresh": FRESH, "again": AGAIN, "duckdb": DUCKDB, "pandas": PANDAS, "polars": POLARS}
    size = Size(rows, truth=290)
    for name, rounds in jobs.items():
        size.jobs[names[name]] = rounds
    for job in (FRESH, AGAIN):
        for one in size.jobs[job]:
            size.add_steps(job, one, {"started": 1002.0, "raw/market_equity": 3.0, "checks of raw": 0.5})
    size.differences[DUCKDB] = Difference(ours=290, missing=4, wrongly=3, other=2)
    return size


@pytest.fixture
def bench() -> Bench:
    medium = made_up(
        1_000_000,
        fresh=[measured(20.0), measured(10.0), measured(12.0, gib=1.25)],  # median 12
        duckdb=[measured(4.0), measured(9.0), measured(3.0)],  # median 4
        pandas=[measured(24.0), measured(23.0), measured(30.0)],  # median 24, twice 12
        polars=[measured(6.0), measured(6.0), measured(6.0)],
        again=[measured(7.0), measured(8.0), measured(9.0)],
    )
    large = made_up(10_000_000, fresh=[measured(101.0, gib=3.0)], duckdb=[measured(40.0)], again=[measured(50.0)])
    machine = Machine("Made-up processor", 8, 16.0, {"Python": "3.11.0"})
    sample = Sample(seconds=[9.0, 12.0, 9.5], not_dagsters=[1.2, 1.6, 1.5])
    commands = {"refi runs": [1.0, 9.0, 1.5], "dg list defs": [2.5, 2.4, 2.6]}
    resolved = [
        Resolved(generated_borrowers(1_000_000), RESOLVE, 959_000, measured(30.0, gib=2.5), 0.98, 0.96, 0.97),
        Resolved(generated_borrowers(1_000_000), BARE_SPLINK, 959_000, measured(10.0), 0.5, 0.9, 0.6429),
        Resolved(FEBRL_4, RESOLVE, 10_000, measured(5.0), 0.9989999, 0.9961, 0.99704),
        Resolved(FEBRL_3, RESOLVE, 5_000, measured(4.0), 1.0, 0.991, 0.9955),
    ]
    return Bench(machine, [medium, large], commands, sample, resolved)


def cells(page: str, begin: str) -> list[str]:
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {begin}"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_the_page_has_medians_ratios_and_peaks(bench):
    medium = render(bench).split("## 1,000,000 borrowers")[1].split("\n## ")[0]

    assert cells(medium, FRESH) == ["12.0", "10.0 - 20.0", "3.00", "1.00", "1.25"]
    assert cells(medium, DUCKDB + " | 4.0") == ["4.0", "3.0 - 9.0", "1.00", "0.33", "0.50"]
    assert cells(medium, PANDAS) == ["24.0", "23.0 - 30.0", "6.00", "2.00", "0.50"]
    assert cells(medium, AGAIN) == ["8.0", "7.0 - 9.0", "2.00", "0.67", "0.50"]
    assert cells(medium, DUCKDB + " | 4 |") == ["4", "3", "2"]
    assert "290 borrowers, as the generator's truth says" in medium


@pytest.mark.parametrize(
    ("goal", "figure", "verdict"),
    [
        ("10,000,000 borrowers, fresh lake: at most 2.5 times", "2.52 times", "**not reached**"),  # 101 / 40
        ("10,000,000 borrowers, fresh lake: at most 3 GiB", "3.00 GiB", "reached"),
        ("1,000,000 borrowers", "2.00 times as fast", "reached"),
        ("`dg list defs` and each command", "2.50 s, `dg list defs`", "**not reached**"),  # under, not at most
        ("The sample's whole run, process start", "9.50 s", "reached"),
        ("The sample's whole run, what is not", "1.50 s", "**not reached**"),
        ("Who is who, 1,000,000 generated borrowers: under 3 times", "3.00 times", "**not reached**"),
        ("Who is who, 1,000,000 generated borrowers: under 6 GiB", "2.50 GiB", "reached"),
        ("FEBRL 4: precision", "0.9990", "**not reached**"),
        ("FEBRL 4: F1", "0.9970", "reached"),
        ("FEBRL 3: precision", "1.0000", "reached"),
        ("FEBRL 3: F1", "0.9955", "**not reached**"),
    ],
)
def test_a_goal_is_called_reached_only_where_the_figure_says_so(bench, goal, figure, verdict):
    assert cells(render(bench), goal) == [figure, verdict]


def test_the_verdict_is_of_the_figure_before_it_is_rounded(bench):
    bench.sample.seconds[:] = [10.001]
    assert cells(render(bench), "The sample's whole run, process start") == ["10.00 s", "**not reached**"]


def test_a_size_that_was_not_measured_has_no_verdict(bench):
    bench.sizes.pop()
    assert cells(render(bench), "10,000,000 borrowers, fresh lake: at most 2.5") == ["-", "not measured"]


def test_who_is_who_stands_beside_the_bare_script(bench):
    page = render(bench).split("## Who is who")[1]

    ours = ["refi resolve", "959,000", "30.0", "3.00", "2.50", "0.9800", "0.9600", "0.9700"]
    assert cells(page, "1,000,000 generated borrowers | refi resolve") == ours
    assert cells(page, "FEBRL 3") == ["refi resolve", "5,000", "4.0", "", "0.50", "1.0000", "0.9910", "0.9955"]


def test_an_audience_that_is_not_the_truths_is_shown(bench):
    bench.sizes[0].truth = 291
    assert "290 borrowers, **not 291, as** the generator's truth says" in render(bench)


def test_the_steps_add_up_to_the_wall_time(bench):
    steps = render(bench).split("## Where our time goes")[1]

    # 12 = 2 before the graph + 3 + 0.5 + the rest; the columns are fresh and again at a million, then at ten.
    assert cells(steps, "before the graph") == ["2.00"] * 4
    assert cells(steps, "raw/market_equity") == ["3.00"] * 4
    assert cells(steps, "checks of raw") == ["0.50"] * 4
    assert cells(steps, "Dagster around the steps") == ["6.50", "2.50", "95.50", "44.50"]
