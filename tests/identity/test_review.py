"""Pairs that only people may link: father and son, and two people with one birth date and home."""

from typing import Any

import duckdb
import pytest

from refi_assets.identity.features import make_features
from refi_assets.identity.review import add_review_reasons
from refi_assets.specs.sql_models import load_sql_models
from tests.support.people import people

KINDS = ("given_name", "surname", "date_of_birth", "street", "postcode", "phone")
TWO_NAMES = "two given names in one home"
HOME = {
    **{"given_name": "Jon", "surname": "Kelding", "date_of_birth": "1972-08-08", "street": "905 Cedar Street"},
    **{"postcode": "73982", "phone": "231-555-0139"},
}


def review_reason(cells_1: dict[str, Any], cells_2: dict[str, Any], crowd: str | None = None) -> str | None:
    """The reason for two records of one home that differ in these cells, among 200 records of a crowd's given name."""
    rows = [HOME | cells_1, HOME | cells_2]
    rows += [
        HOME | {"given_name": crowd, "street": f"{n} Elm Street", "phone": None} for n in range(200 if crowd else 0)
    ]
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE people (record BIGINT, {', '.join(f'{kind} VARCHAR' for kind in KINDS)})")
        cells = [(at, *(row[kind] for kind in KINDS)) for at, row in enumerate(rows)]
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?)", cells)
        make_features(connection, "people", KINDS)
        connection.execute(
            "CREATE TABLE compared_pair AS SELECT 0::BIGINT AS record_1, 1::BIGINT AS record_2, '{}' AS evidence"
        )
        add_review_reasons(connection)
        ((reason,),) = connection.execute("SELECT review_reason FROM pair").fetchall()
        return reason


@pytest.mark.parametrize(
    ("name_1", "name_2"),
    [
        *(("Jon", "Joan"), ("Mark", "Marc"), ("Ann", "Anna"), ("Tim", "Tom"), ("Kim", "Kam"), ("Eric", "Erin")),
        *(("Daniel", "Danielle"), ("Victor", "Victoria"), ("Joseph", "Josephine"), ("Gabriel", "Gabrielle")),
        *(("Ayşe", "Fatma"), ("Olumide", "Temitope"), ("Peter", "Susan"), ("मीना", "मोना"), ("रीमा", "रोमा")),
    ],
)
def test_two_given_names_with_one_birth_date_and_home_need_people(name_1, name_2):
    assert review_reason({"given_name": name_1}, {"given_name": name_2}) == TWO_NAMES


@pytest.mark.parametrize(
    ("name_1", "name_2"),
    [
        *(("Steve", "Steven"), ("Bill", "William"), ("Liz", "Elizabeth"), ("Barb", "Barbara"), ("Kate", "Katherine")),
        *(("Susan", "Sussan"), ("Jonh", "Jon"), ("Mary Ann", "Ann"), ("J", "Jon"), ("José", "Jose")),
    ],
)
def test_a_nickname_a_typing_error_or_a_part_of_a_name_does_not_need_people(name_1, name_2):
    assert review_reason({"given_name": name_1}, {"given_name": name_2}) is None


def test_a_listed_name_that_is_rare_compared_with_another_is_a_typing_error():
    """Micheal is on the census list, but 200 records have Michael and one has Micheal."""
    assert review_reason({"given_name": "Michael"}, {"given_name": "Micheal"}, crowd="Michael") is None
    assert review_reason({"given_name": "Michael"}, {"given_name": "Micheal"}) == TWO_NAMES


def test_swapped_names_are_one_person():
    swapped = {"given_name": "Jordan", "surname": "Ruth"}, {"given_name": "Ruth", "surname": "Jordan"}
    assert review_reason(*swapped) is None


@pytest.mark.parametrize(
    "apart",
    [{"date_of_birth": "1950-01-31"}, {"street": "12 Fir Street", "phone": None}, {"postcode": "10001", "phone": None}],
)
def test_two_given_names_without_one_birth_date_and_home_are_weighed(apart):
    assert review_reason({"given_name": "Jon"}, {"given_name": "Joan", **apart}) is None


@pytest.mark.parametrize(
    ("surname_1", "surname_2", "reason"),
    [
        ("Kelding Sr.", "Kelding Jr.", "different suffixes"),
        ("Kelding II", "Kelding III", "different suffixes"),
        ("Jr Kelding", "Sr Kelding", "different suffixes"),
        ("Kelding Jnr", "Kelding Snr", "different suffixes"),
        ("Kelding-Jr", "Kelding-Sr", "different suffixes"),
        ("Kelding Jr.", "Kelding jr", None),
        ("Kelding Jr.", "Kelding", None),
    ],
)
def test_two_suffixes_need_people(surname_1, surname_2, reason):
    assert review_reason({"surname": surname_1}, {"surname": surname_2}) == reason


def test_one_suffix_and_births_a_generation_apart_need_people():
    father, son = {"date_of_birth": "1950-02-01"}, {"surname": "Kelding Jr.", "date_of_birth": "1978-05-06"}
    assert review_reason({"surname": "Kelding", **father}, son) == "a suffix and another generation"
    assert review_reason({"surname": "Kelding", **son, "date_of_birth": "1978-05-09"}, son) is None


def test_wrong_surnames_in_the_data_imply_wrong_given_names():
    """FEBRL's errors replace whole names, so two given names do not prove two people."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE people AS SELECT * FROM (VALUES (0, 'Peter', '231-555-0139'), (1, 'Susan', '231-555-0139')) "
            "AS row (record, given_name, phone)"
        )
        make_features(connection, "people", ["given_name", "phone"])
        connection.execute("CREATE TABLE compared_pair AS SELECT 0 AS record_1, 1 AS record_2, '{}' AS evidence")
        add_review_reasons(connection, share_of_wrong_surnames=0.1)
        assert connection.execute("SELECT review_reason FROM pair").fetchall() == [(None,)]


def test_a_pair_that_needs_people_is_in_the_queue_whatever_its_probability():
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA identity")
        connection.execute(
            "CREATE TABLE identity.matched_pairs AS SELECT * FROM (VALUES "
            "('A', 'B', 20.0, 0.9999, '{}', 'different suffixes', NULL), "
            "('A', 'C', 20.0, 0.9999, '{}', NULL, NULL), "
            "('A', 'D', 20.0, 0.9999, '{}', 'different suffixes', 'same'), "
            "('A', 'E', 1.0, 0.7, '{}', NULL, NULL)"
            ") AS pair "
            "(borrower_id_1, borrower_id_2, match_weight, match_probability, evidence, review_reason, decision)"
        )
        thresholds = {"review_probability": "0.5", "match_probability": "0.99"}
        queue = load_sql_models()["identity/review_queue"].bind(thresholds).sql(dialect="duckdb")
        assert [row[1] for row in connection.execute(queue).fetchall()] == ["B", "E"]


PERSONS = people(120)
HEADER = "id,first,last,born,town,mail,phone,street"


def resolved(refi, write, tmp_path, *lines: str) -> tuple[dict[str, str], dict[str, int]]:
    """The person of each record of these lines among many others, and the links that were not followed."""
    crowd = [
        f"{p.id},{p.given},{p.family},{'{:04}-{:02}-{:02}'.format(*p.born)},{p.town},{p.email},"
        f"231-{200 + p.who:03}-0139,{p.who} Cedar Street"
        for p in PERSONS
    ]
    kinds = ("given_name=first", "surname=last", "date_of_birth=born", "city=town", "email=mail", "phone=phone")
    maps = [word for kind in (*kinds, "street=street") for word in ("--map", kind)]
    file, out = write("people.csv", HEADER, *crowd, *lines), tmp_path / "out.csv"
    answer = refi("resolve", file, *maps, "--id", "id", "--out", out, "--json").json
    rows = [line.split(",") for line in out.read_text().splitlines()[1:]]
    return {row[0]: row[2] for row in rows}, answer["splits"]


def test_father_and_son_are_two_and_no_record_without_a_suffix_joins_them(refi, write, tmp_path):
    """Jr and Sr were removed from names and not compared: all three were merged, with a probability of 1."""
    home = "ashford,,312-555-0142,9 Fir Street"
    person, splits = resolved(
        refi,
        write,
        tmp_path,
        f"father,Ugo,Jarvost Sr.,,{home}",
        f"son,Ugo,Jarvost Jr.,,{home}",
        f"either,Ugo,Jarvost,,{home}",
    )
    assert person["father"] != person["son"]
    assert person["either"] in (person["father"], person["son"])
    assert splits["different suffixes"] >= 1


def test_thirty_strangers_with_the_same_placeholders_are_thirty_people(refi, write, tmp_path):
    """30 people with none@none.com, 000-000-0000 and 1900-01-01 were one person."""
    strangers = [person for person in people(200, seed=2) if int(person.id[1:]) % 2 == 0][:30]
    lines = [
        f"s{n},{p.given},{p.family},1900-01-01,{p.town},none@none.com,000-000-0000,{n} Iris Street"
        for n, p in enumerate(strangers)
    ]
    person, _ = resolved(refi, write, tmp_path, *lines)
    assert len({person[f"s{n}"] for n in range(30)}) == 30
