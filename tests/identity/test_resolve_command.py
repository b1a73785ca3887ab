"""refi resolve as a user runs it: files of any make, the result, and a message for each mistake."""

import csv
import gzip
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
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


def lines(persons, born="{0:04}-{1:02}-{2:02}") -> list[str]:
    return [f"{p.id},{p.given},{p.family},{born.format(*p.born)},{p.town},{p.email},{p.who}" for p in persons]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def groups(written: list[dict[str, str]]) -> set[frozenset[str]]:
    ids: dict[str, set[str]] = defaultdict(set)
    for row in written:
        ids[row["person_id"]].add(row["id"])
    return {frozenset(group) for group in ids.values()}


def true_groups(persons) -> set[frozenset[str]]:
    return groups([{"id": person.id, "person_id": person.who} for person in persons])


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out.csv"


def test_the_records_of_a_file_are_written_in_its_order_with_their_persons(refi, write, out):
    persons = people(200)
    file = write("people.csv", HEADER, *lines(persons))

    answer = refi("resolve", file, *MAPS, "--out", out)

    written = rows(out)
    assert list(written[0]) == ["id", "source", "person_id", "probability"]
    assert [row["id"] for row in written] == [person.id for person in persons]
    assert {row["source"] for row in written} == {"people.csv"}
    assert groups(written) == true_groups(persons)
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

    answer = refi("resolve", file, *MAPS, "--out", out, "--json", "--truth", "who").json

    assert (answer["records"], answer["persons"], answer["sources"]) == (300, 200, ["people.csv"])
    assert (answer["true_pairs"], answer["pairs"], answer["splits"]) == (100, 100, {})
    assert 0 < answer["threshold"] < 1
    assert answer["seconds"] > 0
    names = [comparison["name"] for comparison in answer["model"]["comparisons"]]
    assert names == ["given_name", "surname", "date_of_birth", "email", "place"]
    assert answer["score"] == dict.fromkeys(
        ["precision", "recall", "f1", "bcubed_precision", "bcubed_recall", "bcubed_f1"], 1.0
    )


def test_the_truth_is_used_only_for_the_score(refi, write, out, tmp_path):
    persons = people(100)
    file = write("people.csv", HEADER, *lines(persons))
    wrong = write("wrong.csv", HEADER, *(line.rpartition(",")[0] + ",same" for line in lines(persons)))

    refi("resolve", file, *MAPS, "--out", out)
    answer = refi("resolve", wrong, *MAPS, "--out", tmp_path / "other.csv", "--truth", "who", "--json").json

    assert groups(rows(tmp_path / "other.csv")) == groups(rows(out))
    assert answer["score"]["precision"] == 1
    assert answer["score"]["recall"] < 0.1


def test_two_files_are_linked_and_deduplicated(refi, write, out):
    persons = people(200)
    one = write("one.csv", HEADER, *lines(persons[:150]))
    two = write("two.csv", HEADER.replace("mail", "email"), *lines(persons[150:]))

    refi("resolve", one, two, *MAPS, "--out", out)

    written = rows(out)
    assert [row["source"] for row in written] == ["one.csv"] * 150 + ["two.csv"] * 150
    assert {row["person_id"].startswith("person-r") for row in written} == {True}
    precision, recall = pair_shares(groups(written), true_groups(persons))
    assert precision == 1
    assert recall > 0.95, "a column that a file lacks is missing in its records"


def pair_shares(ours: set[frozenset[str]], theirs: set[frozenset[str]]) -> tuple[float, float]:
    def pairs(grouped: set[frozenset[str]]) -> set[tuple[str, str]]:
        return {(a, b) for group in grouped for a in group for b in group if a < b}

    right = pairs(ours) & pairs(theirs)
    return len(right) / len(pairs(ours)), len(right) / len(pairs(theirs))


def test_ids_that_two_files_share_are_distinguished_by_the_file(refi, write, out):
    persons = people(100)
    one = write("one.csv", HEADER, *lines(persons))
    two = write("two.csv", HEADER, *lines(persons))

    refi("resolve", one, two, *MAPS, "--out", out)

    written = rows(out)
    assert {row["person_id"].split(":")[0] for row in written} == {"person-one.csv"}
    assert [row["person_id"] for row in written[:150]] == [row["person_id"] for row in written[150:]]


@pytest.mark.parametrize(
    "make",
    [
        "spaces",
        "bom and crlf",
        "semicolons",
        "tabs and commas in cells",
        "gz",
        "gz with pipes",
        "parquet",
        "quotes",
        "case",
    ],
)
def test_files_of_another_make_give_the_same_people(refi, write, out, tmp_path, make):
    persons = people(100)
    plain = [HEADER, *lines(persons)]
    file = tmp_path / "people.csv"
    if make == "spaces":
        write("people.csv", *(line.replace(",", ", ") for line in plain))
    elif make == "bom and crlf":
        write("people.csv", *plain, newline="\r\n", encoding="utf-8-sig")
    elif make == "semicolons":
        write("people.csv", *(line.replace(",", ";") for line in plain))
    elif make == "tabs and commas in cells":
        write("people.csv", *(line.replace(",", "\t").replace("r1", "r1,1") for line in plain))
        persons = [replace(person, id=person.id.replace("r1", "r1,1")) for person in persons]
    elif make.startswith("gz"):
        file = tmp_path / "people.csv.gz"
        text = "".join(f"{line}\n" for line in plain)
        file.write_bytes(gzip.compress((text.replace(",", "|") if "pipes" in make else text).encode()))
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

    assert groups(rows(out)) == true_groups(persons)


def test_a_date_in_three_columns_keeps_the_place_of_a_missing_part(refi, write, out):
    persons = people(200)
    holes = []
    for at, line in enumerate(lines(persons, born="{0},{1}.0,{2}")):
        cells = line.split(",")
        if at % 3 < 2:
            cells[3 + at % 3] = ""
        holes.append(",".join(cells))
    file = write("people.csv", "id,first,last,by,bm,bd,town,mail,who", *holes)
    maps = [word.replace("=born", "=by+bm+bd") for word in MAPS]

    answer = refi("resolve", file, *maps, "--out", out, "--json", "--truth", "who").json

    assert answer["score"]["precision"] == 1
    assert answer["score"]["recall"] > 0.9


def test_two_runs_and_any_number_of_threads_write_the_same_bytes(refi, write, tmp_path):
    file = write("people.csv", HEADER, *lines(people(1000)))  # so many that blocking rules are chosen
    written = []
    for threads in ("1", "2"):
        refi("resolve", file, *MAPS, "--out", tmp_path / "out.csv", REFI_THREADS=threads)
        written.append((tmp_path / "out.csv").read_bytes())
    assert len(set(written)) == 1


def test_a_threshold_can_be_chosen(refi, write, out):
    file = write("people.csv", HEADER, *lines(people(100)))

    answer = refi("resolve", file, *MAPS, "--out", out, "--json", "--threshold", "1").json

    assert (answer["threshold"], answer["persons"], answer["pairs"]) == (1, 150, 0)


def test_different_national_ids_keep_apart_people_who_agree_in_everything_else(refi, write, out):
    persons = people(60)
    cells = [f"{line},{'123-45-6789' if at % 2 else '987-65-4321'}" for at, line in enumerate(lines(persons[:1] * 2))]
    cells[1] = cells[1].replace(persons[0].id, "twin", 1)
    others = [f"{line}," for line in lines(persons[1:])]
    file = write("people.csv", HEADER + ",ssn", *cells, *others)

    refi("resolve", file, *MAPS, "--map", "national_id=ssn", "--out", out)

    person = {row["id"]: row["person_id"] for row in rows(out)}
    assert person[persons[0].id] != person["twin"]


def test_a_constant_column_is_left_out_and_reported(refi, write, out):
    persons = people(100)
    file = write("people.csv", HEADER + ",land", *(f"{line},us" for line in lines(persons)))

    answer = refi("resolve", file, *MAPS, "--map", "state=land", "--out", out)

    assert "state (land) is left out" in answer.stderr
    assert groups(rows(out)) == true_groups(persons)


def test_one_column_may_be_mapped_to_two_kinds_and_a_map_may_be_repeated(refi, write, out):
    file = write("people.csv", HEADER, *lines(people(100)))

    refi("resolve", file, *MAPS, *MAPS[:2], "--map", "full_name=last", "--out", out)


def test_one_record_is_one_person(refi, write, out):
    file = write("people.csv", HEADER, *lines(people(1))[:1])

    answer = refi("resolve", file, *MAPS, "--out", out, "--json", "--truth", "who").json

    (row,) = rows(out)
    assert row["person_id"] == f"person-{row['id']}"
    assert row["probability"] == ""
    assert (answer["records"], answer["persons"], answer["model"]) == (1, 1, None)


def test_an_id_that_a_spreadsheet_would_run_as_a_formula_gets_an_apostrophe(refi, write, out):
    file = write("people.csv", HEADER, "=1+1,Ann,Lee,1980-02-03,Rome,a@x.org,1", "-7,Bob,Ray,1990-01-01,Oslo,b@x.org,2")
    refi("resolve", file, *MAPS, "--out", out)
    assert [row["id"] for row in rows(out)] == ["'=1+1", "'-7"]


def test_a_file_without_records_gives_no_persons(refi, write, out):
    answer = refi("resolve", write("people.csv", HEADER), *MAPS, "--out", out, "--json").json

    assert out.read_text() == "id,source,person_id,probability\n"
    assert (answer["records"], answer["persons"], answer["pairs"]) == (0, 0, 0)


def test_ids_that_are_missing_or_not_unique_are_reported_by_row(refi, write, out):
    plain = lines(people(10))
    twice = write("twice.csv", HEADER, *plain, plain[2], plain[4])
    assert (
        "4 rows share an id with another row (rows 3, 5, 16, 17, the header not counted)"
        in refi("resolve", twice, *MAPS, "--out", out, check=1).stderr
    )

    without_ids = ["," + plain[1].partition(",")[2], "  ," + plain[2].partition(",")[2]]
    missing = write("missing.csv", HEADER, plain[0], *without_ids)
    message = refi("resolve", missing, *MAPS, "--out", out, check=1).stderr
    assert "missing.csv: 2 rows have no id (rows 2, 3," in message
    assert not out.exists()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("r9,anna", "2 fields instead of 7"),
        ("r9,a,b,c,d,e,f,g", "8 fields instead of 7"),
        ('r9,anna,"barcol,,,,', "broken quoting"),
        ('r9,anna,"bar"col,,,,', "broken quoting"),
    ],
)
def test_a_malformed_row_is_an_error_that_names_it_and_does_not_quote_it(refi, write, out, row, problem):
    plain = lines(people(10))
    file = write("people.csv", HEADER, *plain[:2], row, *plain[2:], "r99")

    message = refi("resolve", file, *MAPS, "--out", out, check=1).stderr

    assert f"people.csv: row 3 (the header not counted) is malformed: {problem}. Malformed rows: 2. Nothing" in message
    assert "barcol" not in message
    assert "anna" not in message
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "latin.csv",
            f"{HEADER}\nr1,José,b,c,d,e,f\n".encode("latin-1"),
            ": row 1 (the header not counted) is malformed: not UTF-8; reads as Windows-1252. ",
        ),
        ("nothing.csv", b"", ": the file is empty."),
        ("twice.csv", b"id,Name,NAME\n1,a,b\n", ": columns 2 and 3 of the header have the same name."),
        ("workbook.csv", b"PK\x03\x04" + bytes(26) + b"xl/workbook.xml", ": not CSV in UTF-8, but an Excel workbook; "),
        ("no.parquet", b"PAR0\n", " cannot be read as Parquet: it looks like plain text; "),
        ("cut.csv.gz", gzip.compress(HEADER.encode(), mtime=0)[:-9], " cannot be read: Compressed file ended before "),
    ],
)
def test_a_file_that_cannot_be_read_gets_the_message_that_it_gets_as_a_source(refi, tmp_path, out, name, data, message):
    file = tmp_path / name
    file.write_bytes(data)

    assert f"{file}{message}" in refi("resolve", file, *MAPS, "--out", out, check=1).stderr


def test_a_result_that_cannot_be_written_is_an_error(refi, write, tmp_path):
    file = write("people.csv", HEADER)
    message = refi("resolve", file, *MAPS, "--out", tmp_path / "none" / "out.csv", check=1).stderr
    assert "No such file or directory" in message


def test_a_column_that_no_file_has_is_an_error_that_lists_the_columns(refi, write, out):
    file = write("people.csv", HEADER, *lines(people(10)))

    message = refi("resolve", file, *MAPS, "--map", "phone=telefon", "--out", out, check=1).stderr
    assert "No column is named 'telefon'. people.csv has id, first, last, born, town, mail, who." in message
    assert "no column is named 'key'" in refi("resolve", file, *MAPS[:2], "--id", "key", "--out", out, check=1).stderr


def test_a_file_that_is_read_is_not_overwritten(refi, write):
    file = write("people.csv", HEADER, *lines(people(10)))
    before = file.read_bytes()

    assert "one of the files to be read" in refi("resolve", file, *MAPS, "--out", file, check=1).stderr
    assert file.read_bytes() == before
    assert "is named twice" in refi("resolve", file, file, *MAPS, "--out", "x.csv", check=1).stderr


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ("given=first", "cannot be 'given'"),
        ("given_name", "is not KIND=COLUMN"),
        ("given_name=", "is not KIND=COLUMN"),
        ("date_of_birth=by++bd", "is not KIND=COLUMN"),
        ("surname=town", "surname is mapped twice"),
    ],
)
def test_a_map_that_is_not_valid_is_a_usage_error(refi, write, out, mapping, problem):
    file = write("people.csv", HEADER, *lines(people(10)))

    message = refi("resolve", file, *MAPS, "--map", mapping, "--out", out, check=2).stderr

    assert problem in message.replace("│ ", "").replace(" │", "")


def test_a_missing_map_id_or_file_is_a_usage_error(refi, write, out):
    file = write("people.csv", HEADER)

    refi("resolve", file, "--id", "id", "--out", out, check=2)
    refi("resolve", file, *MAPS[:2], "--out", out, check=2)
    refi("resolve", "absent.csv", *MAPS, "--out", out, check=2)
    refi("resolve", file, *MAPS, "--out", out, "--threshold", "2", check=2)


def test_200_000_records_of_one_name_are_an_error(refi, write, out):
    file = write("people.csv", "id,name", *(f"{number},John Smith" for number in range(200_000)))

    message = refi("resolve", file, "--map", "full_name=name", "--id", "id", "--out", out, check=1).stderr

    assert "nothing to compare: none of full_name contains two different values" in message


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("John Smith", 20_000),
        pytest.param("John Smith", 200_000, marks=pytest.mark.long),
        pytest.param("John John", 200_000, marks=pytest.mark.long),
    ],
)
def test_many_records_of_one_name_are_distinguished_by_another_column(refi, write, out, name, size):
    born = [date.fromordinal(700_000 + number * 7 % 25_000) for number in range(size)]
    records = [f"{n},{name},{born[n]},user{n // 2 if n < 2_000 else n}@example.com" for n in range(size)]
    records += [f"x{n},Jane Doe,{born[n]},jane{n}@example.com" for n in range(10)]
    file = write("people.csv", "id,name,born,mail", *records)
    maps = ("--map", "full_name=name", "--map", "date_of_birth=born", "--map", "email=mail", "--id", "id")

    refi("resolve", file, *maps, "--out", out)

    # Two records with one address have dates a week apart: they may be one person or two, but no others may be joined.
    assert all(
        len(group) == 1 or {int(id_) // 2 for id_ in group} == {int(min(group, key=int)) // 2}
        for group in groups(rows(out))
    )


def test_a_missing_package_is_an_error_and_other_commands_work_without_it(tmp_path):
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
