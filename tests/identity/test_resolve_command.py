"""refi resolve as a user meets it: files of any make, what is written, and a message for whatever is wrong."""

import csv
import gzip
import os
import subprocess
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path

import duckdb
import pytest

from refi_assets.settings import PROJECT_DIR
from tests.support.people import people

MAPS = (
    *("--map", "given_name=first", "--map", "surname=last", "--map", "date_of_birth=born"),
    *("--map", "city=town", "--map", "email=mail", "--id", "id"),
)
HEADER = "id,first,last,born,town,mail,who"


def lines(found, born="{0:04}-{1:02}-{2:02}") -> list[str]:
    return [f"{p.id},{p.given},{p.family},{born.format(*p.born)},{p.town},{p.email},{p.who}" for p in found]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def groups(written: list[dict[str, str]]) -> set[frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in written:
        found[row["person_id"]].add(row["id"])
    return {frozenset(ids) for ids in found.values()}


def true_groups(found) -> set[frozenset[str]]:
    ids: dict[int, set[str]] = defaultdict(set)
    for person in found:
        ids[person.who].add(person.id)
    return {frozenset(group) for group in ids.values()}


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out.csv"


def test_one_file_comes_back_in_its_order_with_the_person_behind_each_record(refi, write, out):
    made = people(200)
    file = write("people.csv", HEADER, *lines(made))

    answer = refi("resolve", file, *MAPS, "--out", out)

    written = rows(out)
    assert list(written[0]) == ["id", "source", "person_id", "probability"]
    assert [row["id"] for row in written] == [person.id for person in made]
    assert {row["source"] for row in written} == {"people.csv"}
    assert groups(written) == true_groups(made)
    sizes = {row["id"]: len(group) for group in groups(written) for row in written if row["id"] in group}
    for row in written:
        assert (row["probability"] == "") == (sizes[row["id"]] == 1)
    first = {group: next(row["id"] for row in written if row["id"] in group) for group in groups(written)}
    assert {row["person_id"] for row in written} == {f"person-{id_}" for id_ in first.values()}
    assert "300 records, 200 persons" in answer.stdout
    assert "precision and recall balance" in answer.stderr
    assert "F1 is expected to be" in answer.stderr


def test_json_is_one_object_with_the_model_and_the_score(refi, write, out):
    file = write("people.csv", HEADER, *lines(people(200)))

    found = refi("resolve", file, *MAPS, "--out", out, "--json", "--truth", "who").json

    assert (found["records"], found["persons"], found["sources"]) == (300, 200, ["people.csv"])
    assert (found["true_pairs"], found["pairs"], found["splits"]) == (100, 100, {})
    assert 0 < found["threshold"] < 1
    assert found["seconds"] > 0
    names = [one["name"] for one in found["model"]["comparisons"]]
    assert names == ["given_name", "surname", "date_of_birth", "email", "place"]
    assert found["score"] == dict.fromkeys(
        ["precision", "recall", "f1", "bcubed_precision", "bcubed_recall", "bcubed_f1"], 1.0
    )


def test_the_truth_is_used_for_the_score_and_nothing_else(refi, write, out, tmp_path):
    made = people(100)
    file = write("people.csv", HEADER, *lines(made))
    wrong = write("wrong.csv", HEADER, *(line.rpartition(",")[0] + ",same" for line in lines(made)))

    refi("resolve", file, *MAPS, "--out", out)
    found = refi("resolve", wrong, *MAPS, "--out", tmp_path / "other.csv", "--truth", "who", "--json").json

    assert groups(rows(tmp_path / "other.csv")) == groups(rows(out))
    assert found["score"]["precision"] == 1
    assert found["score"]["recall"] < 0.1


def test_two_files_are_linked_and_deduplicated(refi, write, out):
    made = people(200)
    one = write("one.csv", HEADER, *lines(made[:150]))
    two = write("two.csv", HEADER.replace("mail", "email"), *lines(made[150:]))

    refi("resolve", one, two, *MAPS, "--out", out)

    written = rows(out)
    assert [row["source"] for row in written] == ["one.csv"] * 150 + ["two.csv"] * 150
    assert {row["person_id"].startswith("person-r") for row in written} == {True}
    precision, recall = pair_shares(groups(written), true_groups(made))
    assert precision == 1
    assert recall > 0.95, "a column that one of the files lacks is not known there"


def pair_shares(ours: set[frozenset[str]], theirs: set[frozenset[str]]) -> tuple[float, float]:
    def pairs(of: set[frozenset[str]]) -> set[tuple[str, str]]:
        return {(a, b) for group in of for a in group for b in group if a < b}

    both = pairs(ours) & pairs(theirs)
    return len(both) / len(pairs(ours)), len(both) / len(pairs(theirs))


def test_ids_that_two_files_share_are_told_apart_by_the_file(refi, write, out):
    made = people(100)
    one = write("one.csv", HEADER, *lines(made))
    two = write("two.csv", HEADER, *lines(made))

    refi("resolve", one, two, *MAPS, "--out", out)

    written = rows(out)
    assert {row["person_id"].split(":")[0] for row in written} == {"person-one.csv"}
    assert [row["person_id"] for row in written[:150]] == [row["person_id"] for row in written[150:]]


@pytest.mark.parametrize("make", ["spaces", "bom and crlf", "semicolons", "gz", "parquet", "quotes", "upper case"])
def test_files_of_another_make_give_the_same_people(refi, write, out, tmp_path, make):
    made = people(100)
    plain = [HEADER, *lines(made)]
    file = tmp_path / "people.csv"
    if make == "spaces":
        write("people.csv", *(line.replace(",", ", ") for line in plain))
    elif make == "bom and crlf":
        write("people.csv", *plain, newline="\r\n", encoding="utf-8-sig")
    elif make == "semicolons":
        write("people.csv", *(line.replace(",", ";") for line in plain))
    elif make == "gz":
        file = tmp_path / "people.csv.gz"
        file.write_bytes(gzip.compress("".join(f"{line}\n" for line in plain).encode()))
    elif make == "parquet":
        file = tmp_path / "people.parquet"
        write("people.csv", *plain)
        duckdb.sql(
            f"COPY (SELECT * REPLACE (CAST(born AS DATE) AS born, CAST(who AS DOUBLE) AS who) "
            f"FROM read_csv('{tmp_path / 'people.csv'}')) TO '{file}'"
        )
    elif make == "quotes":
        quoted = ['"' + line.replace(",", '","') + '"' for line in plain[1:]]
        write("people.csv", plain[0], *quoted)
    else:
        write("people.csv", HEADER.upper().replace("FIRST", " First "), *plain[1:])

    refi("resolve", file, *MAPS, "--out", out)

    assert groups(rows(out)) == true_groups(made)


def test_a_date_in_three_columns_keeps_the_place_of_a_part_that_is_missing(refi, write, out):
    made = people(200)
    holes = []
    for at, line in enumerate(lines(made, born="{0},{1}.0,{2}")):
        cells = line.split(",")
        if at % 3 < 2:
            cells[3 + at % 3] = ""
        holes.append(",".join(cells))
    file = write("people.csv", "id,first,last,by,bm,bd,town,mail,who", *holes)
    maps = [word.replace("=born", "=by+bm+bd") for word in MAPS]

    found = refi("resolve", file, *maps, "--out", out, "--json", "--truth", "who").json

    assert found["score"]["precision"] == 1
    assert found["score"]["recall"] > 0.9


def test_two_runs_and_any_number_of_threads_write_the_same_bytes(refi, write, tmp_path):
    file = write("people.csv", HEADER, *lines(people(1000)))  # so many that blocking rules are chosen
    written = []
    for threads in ("1", "2"):
        refi("resolve", file, *MAPS, "--out", tmp_path / "out.csv", REFI_THREADS=threads)
        written.append((tmp_path / "out.csv").read_bytes())
    assert len(set(written)) == 1


def test_a_threshold_may_be_asked_for(refi, write, out):
    file = write("people.csv", HEADER, *lines(people(100)))

    found = refi("resolve", file, *MAPS, "--out", out, "--json", "--threshold", "1").json

    assert (found["threshold"], found["persons"], found["pairs"]) == (1, 150, 0)


def test_different_national_ids_keep_people_apart_who_agree_in_all_else(refi, write, out):
    made = people(60)
    cells = [f"{line},{'123-45-6789' if at % 2 else '987-65-4321'}" for at, line in enumerate(lines(made[:1] * 2))]
    cells[1] = cells[1].replace(made[0].id, "twin", 1)
    others = [f"{line}," for line in lines(made[1:])]
    file = write("people.csv", HEADER + ",ssn", *cells, *others)

    refi("resolve", file, *MAPS, "--map", "national_id=ssn", "--out", out)

    person = {row["id"]: row["person_id"] for row in rows(out)}
    assert person[made[0].id] != person["twin"]


def test_a_constant_column_is_left_out_and_said(refi, write, out):
    made = people(100)
    file = write("people.csv", HEADER + ",land", *(f"{line},us" for line in lines(made)))

    answer = refi("resolve", file, *MAPS, "--map", "state=land", "--out", out)

    assert "state (land) is left out" in answer.stderr
    assert groups(rows(out)) == true_groups(made)


def test_the_same_column_may_be_two_things_and_a_map_may_be_repeated(refi, write, out):
    file = write("people.csv", HEADER, *lines(people(100)))

    refi("resolve", file, *MAPS, *MAPS[:2], "--map", "full_name=last", "--out", out)


def test_one_record_is_one_person(refi, write, out):
    file = write("people.csv", HEADER, *lines(people(1))[:1])

    found = refi("resolve", file, *MAPS, "--out", out, "--json", "--truth", "who").json

    (row,) = rows(out)
    assert row["person_id"] == f"person-{row['id']}"
    assert row["probability"] == ""
    assert (found["records"], found["persons"], found["model"]) == (1, 1, None)


def test_an_id_that_a_spreadsheet_would_run_gets_an_apostrophe(refi, write, out):
    file = write("people.csv", HEADER, "=1+1,Ann,Lee,1980-02-03,Rome,a@x.org,1", "-7,Bob,Ray,1990-01-01,Oslo,b@x.org,2")
    refi("resolve", file, *MAPS, "--out", out)
    assert [row["id"] for row in rows(out)] == ["'=1+1", "'-7"]


def test_no_record_is_nobody(refi, write, out):
    found = refi("resolve", write("people.csv", HEADER), *MAPS, "--out", out, "--json").json

    assert out.read_text() == "id,source,person_id,probability\n"
    assert (found["records"], found["persons"], found["pairs"]) == (0, 0, 0)


def test_ids_that_are_missing_or_not_unique_are_named(refi, write, out):
    made = lines(people(10))
    twice = write("twice.csv", HEADER, *made, made[2], made[4])
    assert (
        "4 rows share an id with another row (rows 3, 5, 16, 17, the header not counted)"
        in refi("resolve", twice, *MAPS, "--out", out, check=1).stderr
    )

    missing = write("missing.csv", HEADER, made[0], "," + made[1].partition(",")[2], "  ," + made[2].partition(",")[2])
    said = refi("resolve", missing, *MAPS, "--out", out, check=1).stderr
    assert "missing.csv: 2 rows have no id (rows 2, 3," in said
    assert not out.exists()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("r9,anna", "line 4: the header has 7 fields and this line 2"),
        ("r9,a,b,c,d,e,f,g", "line 4: the header has 7 fields and this line 8"),
        ('r9,anna,"barcol,,,,', "line 4: a quote is not closed"),
        ('r9,anna,"bar"col,,,,', "line 4: a quote is not closed"),
    ],
)
def test_a_bad_row_is_an_error_that_names_its_line_and_quotes_nothing_of_it(refi, write, out, bad, words):
    made = lines(people(10))
    file = write("people.csv", HEADER, *made[:2], bad, *made[2:])

    said = refi("resolve", file, *MAPS, "--out", out, check=1).stderr

    assert words in said
    assert "barcol" not in said
    assert "anna" not in said


def test_a_file_that_is_no_table_is_an_error(refi, write, out, tmp_path):
    latin = write("latin.csv", HEADER, "r1,José,b,c,d,e,f", encoding="latin-1")
    nothing = write("nothing.csv")
    parquet = write("no.parquet", "PAR0")
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(HEADER.encode())[:-9])

    assert "UTF-8" in refi("resolve", latin, *MAPS, "--out", out, check=1).stderr
    assert "it has no header" in refi("resolve", nothing, *MAPS, "--out", out, check=1).stderr
    assert "cannot be read as Parquet" in refi("resolve", parquet, *MAPS, "--out", out, check=1).stderr
    assert "cut.csv.gz cannot be read" in refi("resolve", cut, *MAPS, "--out", out, check=1).stderr
    assert (
        "No such file or directory"
        in refi("resolve", write("a.csv", HEADER), *MAPS, "--out", tmp_path / "none" / "out.csv", check=1).stderr
    )


def test_a_column_that_no_file_has_is_an_error_that_lists_those_found(refi, write, out):
    file = write("people.csv", HEADER, *lines(people(10)))

    said = refi("resolve", file, *MAPS, "--map", "phone=telefon", "--out", out, check=1).stderr
    assert "No column is named 'telefon'. people.csv has id, first, last, born, town, mail, who." in said
    assert "no column is named 'key'" in refi("resolve", file, *MAPS[:2], "--id", "key", "--out", out, check=1).stderr
    both = write("both.csv", "id,Name,NAME", "1,a,b", "2,b,a")
    said = refi("resolve", both, "--map", "surname=name", "--id", "id", "--out", out, check=1).stderr
    assert "2 columns are named 'name'" in said


def test_what_is_read_is_not_written_over(refi, write):
    file = write("people.csv", HEADER, *lines(people(10)))
    before = file.read_bytes()

    assert "one of the files to be read" in refi("resolve", file, *MAPS, "--out", file, check=1).stderr
    assert file.read_bytes() == before
    assert "is named twice" in refi("resolve", file, file, *MAPS, "--out", "x.csv", check=1).stderr


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("given=first", "cannot be 'given'"),
        ("given_name", "is not KIND=COLUMN"),
        ("given_name=", "is not KIND=COLUMN"),
        ("date_of_birth=by++bd", "is not KIND=COLUMN"),
        ("surname=town", "surname is given twice"),
    ],
)
def test_a_map_that_is_none_is_a_mistake_of_usage(refi, write, out, stated, words):
    file = write("people.csv", HEADER, *lines(people(10)))

    said = refi("resolve", file, *MAPS, "--map", stated, "--out", out, check=2).stderr

    assert words in said.replace("│ ", "").replace(" │", "")


def test_without_map_id_or_file_it_is_a_mistake_of_usage(refi, write, out):
    file = write("people.csv", HEADER)

    refi("resolve", file, "--id", "id", "--out", out, check=2)
    refi("resolve", file, *MAPS[:2], "--out", out, check=2)
    refi("resolve", "absent.csv", *MAPS, "--out", out, check=2)
    refi("resolve", file, *MAPS, "--out", out, "--threshold", "2", check=2)


def test_200_000_records_of_one_name_are_a_message(refi, write, out):
    file = write("people.csv", "id,name", *(f"{number},John Smith" for number in range(200_000)))

    said = refi("resolve", file, "--map", "full_name=name", "--id", "id", "--out", out, check=1).stderr

    assert "nothing to compare: none of full_name holds two different values" in said


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("John Smith", 20_000),
        pytest.param("John Smith", 200_000, marks=pytest.mark.long),
        pytest.param("John John", 200_000, marks=pytest.mark.long),
    ],
)
def test_many_records_of_one_name_are_told_apart_by_another_column(refi, write, out, name, size):
    born = [date.fromordinal(700_000 + number * 7 % 25_000) for number in range(size)]
    records = [f"{n},{name},{born[n]},user{n // 2 if n < 2_000 else n}@example.com" for n in range(size)]
    records += [f"x{n},Jane Doe,{born[n]},jane{n}@example.com" for n in range(10)]
    file = write("people.csv", "id,name,born,mail", *records)
    maps = ("--map", "full_name=name", "--map", "date_of_birth=born", "--map", "email=mail", "--id", "id")

    refi("resolve", file, *maps, "--out", out)

    # Of each two with a common address, the dates differ by a week: they may be one or two, but nobody else is joined.
    assert all(
        len(group) == 1 or {int(one) // 2 for one in group} == {int(min(group, key=int)) // 2}
        for group in groups(rows(out))
    )


def test_a_missing_package_is_a_message_and_other_commands_do_without(tmp_path):
    (tmp_path / "splink.py").write_text("raise ModuleNotFoundError(\"No module named 'splink'\", name='splink')")
    (tmp_path / "people.csv").write_text(HEADER)
    refi = Path(sys.executable).with_name("refi")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{PROJECT_DIR}"}

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [str(refi), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    done = call("resolve", tmp_path / "people.csv", *MAPS, "--out", tmp_path / "out.csv")
    assert done.returncode == 1
    assert "refi resolve needs the package splink, of the extra `identity`" in done.stderr
    assert "Traceback" not in done.stderr
    assert call("--help").returncode == 0
