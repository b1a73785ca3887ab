"""Generated people with duplicates: a comparison of their records confirms the truth."""

import csv
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from refi_assets.errors import SettingError
from refi_assets.sample.case_model import SOURCES
from refi_assets.sample.cases import CASES
from refi_assets.sample.generate import PERSONS_FILE, TRUTH_FILE, generate_files
from refi_assets.sample.person_names import NICKNAMES
from refi_assets.sample.truth import truth
from refi_assets.specs.contracts import load_contracts
from tests.support.plain_rules import outcome
from tests.support.sources import Sources

ROWS, SEED, PERCENT = 40_000, 3, 10
KINDS = {
    *("nickname", "typo_in_first_name", "typo_in_last_name", "typo_in_street", "swapped_names", "accents_dropped"),
    *("other_case", "moved", "other_phone", "phone_format", "other_email", "day_and_month_swapped"),
    *("wrong_digit_in_date_of_birth", "missing_phone", "missing_email", "missing_date_of_birth"),
}
CASED = ("first_name", "last_name", "street")
ALIASES = {pair for formal, short in NICKNAMES.items() for name in short for pair in ((formal, name), (name, formal))}

Record = dict[str, Any]


class Generated(NamedTuple):
    """Generated files: the truth, accepted records by borrower, and each borrower's person."""

    truth: dict[str, Any]
    records: dict[str, Record]
    person: dict[str, str]

    def by_person(self) -> dict[str, list[Record]]:
        """The accepted records of each person, the first one first."""
        by_person: dict[str, list[Record]] = defaultdict(list)
        for borrower, record in self.records.items():
            by_person[self.person[borrower]].append(record)
        for person, records in by_person.items():
            borrowers = [record["borrower_id"] for record in records]
            first = borrowers.index("B" + person.removeprefix("person-")) if len(records) > 1 else 0
            records.insert(0, records.pop(first))
        return by_person

    def pairs(self) -> Iterator[tuple[Record, Record]]:
        """Each duplicate with the first record of the person."""
        for first, *duplicates in self.by_person().values():
            yield from ((first, duplicate) for duplicate in duplicates)


def persons_of(folder: Path) -> list[tuple[str, str]]:
    with (folder / PERSONS_FILE).open(newline="", encoding="utf-8") as stream:
        return [(row["borrower_id"], row["person"]) for row in csv.DictReader(stream)]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    folder = tmp_path_factory.mktemp("generated")
    document = generate_files(ROWS, SEED, folder, duplicates=PERCENT)
    lake = tmp_path_factory.mktemp("lake")
    accepted = Sources(lake).stage_folder("borrower_information", folder).accepted
    return Generated(document, {row["borrower_id"]: row for row in accepted}, dict(persons_of(folder)))


def plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)[-10:]


def one_typo_apart(a: str, b: str) -> bool:
    """Whether the texts differ by one letter added, left out or replaced, or by two letters transposed."""
    same = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[same:], b[same:]
    return a != b and (
        rest_a[1:] == rest_b[1:]
        or rest_a[1:] == rest_b
        or rest_a == rest_b[1:]
        or (rest_a[:2] == rest_b[:2][::-1] and rest_a[2:] == rest_b[2:])
    )


def changes_between(first: Record, again: Record) -> Iterator[str]:
    """The kinds of change from one record to another; nothing is known of a cell that the first lacks."""
    if again["first_name"] in (again["first_name"].upper(), again["first_name"].lower()):
        yield "other_case"
        first, again = (record | {name: record[name].lower() for name in CASED} for record in (first, again))
    if (first["first_name"], first["last_name"]) == (again["last_name"], again["first_name"]):
        yield "swapped_names"
    else:
        for name in ("first_name", "last_name"):
            if first[name] == again[name]:
                continue
            if (first[name], again[name]) in ALIASES:
                yield "nickname"
            elif plain(first[name]) == again[name]:
                if name == "last_name":  # most first names have no accents; those that have lose them as well
                    yield "accents_dropped"
            elif one_typo_apart(first[name], again[name]):
                yield f"typo_in_{name}"
            else:
                yield f"unexplained {name}: {first[name]}, {again[name]}"
    if one_typo_apart(first["street"], again["street"]):
        yield "typo_in_street"
    elif first["street"] != again["street"]:
        yield "moved"
    if again["phone"] is None:
        yield "missing_phone"
    else:
        if not re.fullmatch(r"\d{3}-\d{3}-\d{4}", again["phone"]):
            yield "phone_format"
        if first["phone"] is not None and digits(first["phone"]) != digits(again["phone"]):
            yield "other_phone"
    if again["email"] is None:
        yield "missing_email"
    elif first["email"] not in (None, again["email"]):
        yield "other_email"
    born, born_again = first["date_of_birth"], again["date_of_birth"]
    if born_again is None:
        yield "missing_date_of_birth"
    elif born is not None and born != born_again:
        year, month, day = born.split("-")
        if born_again == f"{year}-{day}-{month}":
            yield "day_and_month_swapped"
        elif sum(x != y for x, y in zip(born, born_again, strict=True)) == 1:
            yield "wrong_digit_in_date_of_birth"
        else:
            yield "unexplained date of birth"


def test_the_records_show_every_change_as_often_as_the_truth_says(generated: Generated):
    seen = Counter(kind for first, again in generated.pairs() for kind in changes_between(first, again))
    expected = generated.truth["persons"]["changes"]
    assert set(expected) == KINDS
    exact = {kind for kind in KINDS if "name" in kind or "street" in kind}
    exact |= {"accents_dropped", "other_case", "moved", "phone_format"}
    assert {kind: seen[kind] for kind in exact} == {kind: expected[kind] for kind in exact}
    # A change cannot be seen if the first record lacks the cell, and either record may lack it by chance.
    for kind, share in {"other_phone": 0.9, "other_email": 0.85, "day_and_month_swapped": 0.97}.items():
        assert expected[kind] * (share - 0.06) < seen[kind] <= expected[kind], kind
    assert expected["wrong_digit_in_date_of_birth"] * 0.9 < seen["wrong_digit_in_date_of_birth"]
    for kind in ("missing_phone", "missing_email", "missing_date_of_birth"):
        assert seen[kind] >= expected[kind]
    assert set(seen) <= KINDS


def test_persons_and_pairs_are_as_the_truth_says(generated: Generated):
    sizes = Counter(Counter(generated.person.values()).values())
    persons = generated.truth["persons"]
    assert set(sizes) == {1, 2, 3}
    assert (persons["borrowers"], persons["persons"]) == (len(generated.person), sizes.total())
    assert (persons["with_two_records"], persons["with_three_records"]) == (sizes[2], sizes[3])
    assert persons["pairs"] == sizes[2] + 3 * sizes[3]
    assert sizes[2] + 2 * sizes[3] == ROWS * PERCENT // 100


def test_persons_has_every_borrower_of_the_file_and_no_other(tmp_path: Path):
    generate_files(2_000, 1, tmp_path, duplicates=10)
    borrowers = [borrower for borrower, _ in persons_of(tmp_path)]
    ordered = [borrower for borrower in borrowers if "-" not in borrower]
    assert ordered == sorted(set(ordered), key=lambda borrower: int(borrower[1:]))
    co_borrowers = set(borrowers) - set(ordered)  # one joint loan, and 0.5 % of the borrowers beyond the minimum
    assert len(co_borrowers) == 10
    assert {borrower.removesuffix("-2") for borrower in co_borrowers} <= set(ordered)
    lines = (tmp_path / "borrower_information.csv").read_bytes().decode("utf-8", "replace")
    in_file = set(re.findall(r"^\"?x?\"?[\s\ufeff]*(B\d+(?:-2)?)\s*,", lines, re.M))
    loans = set(re.findall(r",\s*(B\d+(?:-2)?)\s*,", (tmp_path / "loan_information.csv").read_text("utf-8", "replace")))
    assert in_file <= set(borrowers)
    assert len(set(borrowers) - in_file) < 12  # cut off, or without an id
    assert len(loans - set(borrowers)) == 4  # loans without a borrower: one, and 0.2 % of those beyond the minimum


def test_a_person_in_several_records_is_one_row_of_the_audience_by_person(sources: Sources, tmp_path: Path):
    document = generate_files(4_000, 5, tmp_path, duplicates=20)
    person = dict(persons_of(tmp_path))
    staged = {source: sources.stage_folder(source, tmp_path).accepted for source in SOURCES}
    audience = set(outcome(staged).audience)
    assert document["audience_rows"] == len(audience)
    assert document["audience_rows_by_person"] == len({person[borrower] for borrower in audience}) < len(audience)


def test_duplicates_do_not_change_the_number_of_defects():
    with_duplicates, without = truth(10_000, 1, 10), truth(10_000, 1)
    assert with_duplicates["counts"] == without["counts"]
    assert with_duplicates["audience_rows"] == without["audience_rows"]
    assert set(with_duplicates) - set(without) == {"duplicates", "persons", "audience_rows_by_person"}


def test_duplicates_are_borrowers_without_a_defect(generated: Generated):
    accepted = Counter(generated.person[borrower] for borrower in generated.records)
    in_file = Counter(generated.person.values())
    assert {person: size for person, size in in_file.items() if size > 1} == {
        person: size for person, size in accepted.items() if size > 1
    }


def test_the_sample_has_every_kind_of_change_and_a_person_with_two_offers():
    document = truth(250, 1, 8)
    persons = document["persons"]
    assert set(persons["changes"]) == KINDS
    assert persons["with_two_records"] + 2 * persons["with_three_records"] == 20
    assert document["audience_rows_by_person"] < document["audience_rows"]


def test_names_are_as_varied_as_in_a_large_country(generated: Generated):
    firsts = [records[0] for records in generated.by_person().values()]
    given, surnames = (Counter(record[name] for record in firsts) for name in ("first_name", "last_name"))
    assert 2_000 < len(given) < len(surnames)
    assert len(surnames) > 10_000
    assert max(given.values()) < len(firsts) * 0.025
    assert max(surnames.values()) < len(firsts) * 0.01
    assert surnames.most_common(1)[0][0] == "Smith"
    # A few strangers share a full name.
    full = Counter((record["first_name"], record["last_name"]) for record in firsts)
    assert 0.05 < sum(size for size in full.values() if size > 1) / len(firsts) < 0.3


def test_telephones_are_valid_and_most_belong_to_one_household(generated: Generated):
    numbers = [digits(record["phone"]) for record in generated.records.values() if record["phone"]]
    assert all(re.fullmatch(r"[2-9]\d\d[2-9](?!11)\d{6}", number) for number in numbers)
    assert len(set(numbers)) > 0.7 * len(numbers)


def test_an_email_address_does_not_name_the_borrower_and_is_rarely_shared(generated: Generated):
    addresses = Counter(record["email"] for records in generated.by_person().values() for record in records[:1])
    del addresses[None]
    assert all(re.fullmatch(r"[a-z0-9._]+@[a-z]+\.example", address) for address in addresses)
    assert sum(size for size in addresses.values() if size > 1) < 0.001 * addresses.total()
    same = [first["email"] == again["email"] for first, again in generated.pairs() if first["email"] and again["email"]]
    assert 0.4 < sum(same) / len(same) < 0.8


def test_cells_are_missing_in_about_the_intended_shares(generated: Generated):
    for column, share in {"phone": 0.10, "email": 0.15, "date_of_birth": 0.03}.items():
        missing = sum(record[column] is None for record in generated.records.values()) / len(generated.records)
        assert abs(missing - share) < 0.015, column


def test_dates_of_birth_are_valid_and_varied(generated: Generated):
    dates = {
        date.fromisoformat(record["date_of_birth"]) for record in generated.records.values() if record["date_of_birth"]
    }
    assert len([day for day in dates if date(1940, 1, 1) <= day <= date(2003, 12, 31)]) > 15_000


def test_different_people_share_a_home(generated: Generated):
    homes: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for first, *_ in generated.by_person().values():
        homes[first["street"], first["postcode"]].append(first)
    kinds: Counter[str] = Counter()
    for a, b in (pair for records in homes.values() for pair in combinations(records, 2)):
        name, surname, born = (a[key] == b[key] for key in ("first_name", "last_name", "date_of_birth"))
        kinds["family"] += surname and a["phone"] is not None and a["phone"] == b["phone"]
        kinds["two surnames"] += not surname and a["phone"] is not None and a["phone"] == b["phone"]
        kinds["twins"] += surname and born and a["date_of_birth"] is not None and not name
        kinds["father and son"] += (
            surname and name and not born and None not in (a["date_of_birth"], b["date_of_birth"])
        )
    assert kinds["family"] > 2_000
    assert kinds["two surnames"] > 500
    assert kinds["twins"] > 200
    assert kinds["father and son"] > 200


def test_the_case_of_a_duplicate_does_not_follow_from_the_first_record():
    # If both cases were dealt in step, hardly anyone would be eligible in both; by chance it is one in 25.
    document = truth(100_000, 1, 10)
    twice = document["audience_rows"] - document["audience_rows_by_person"]
    assert 350 < twice < 550


def test_the_columns_are_of_the_contract(tmp_path: Path):
    generate_files(len(CASES), 1, tmp_path, duplicates=5)
    header = (tmp_path / "borrower_information.csv").read_text("utf-8", "replace").splitlines()[0]
    assert set(header.split(",")) <= set(load_contracts()["borrower_information"].file_types)


def test_too_many_duplicates_are_refused_and_nothing_is_written(tmp_path: Path):
    with pytest.raises(SettingError, match=r"60 % of 1000 borrowers cannot be duplicates.* Ask for a smaller share"):
        generate_files(1_000, 1, tmp_path / "generated", duplicates=60)
    assert not (tmp_path / "generated").exists()


def test_the_smallest_number_of_rows_and_share_has_one_duplicate(tmp_path: Path):
    document = generate_files(len(CASES), 1, tmp_path, duplicates=1)
    assert document["persons"]["pairs"] == 1
    assert document["persons"]["persons"] == len({person for _, person in persons_of(tmp_path)})
    assert json.loads((tmp_path / TRUTH_FILE).read_text()) == document


def test_without_duplicates_an_old_persons_file_is_removed(tmp_path: Path):
    generate_files(len(CASES), 1, tmp_path, duplicates=1)
    generate_files(len(CASES), 1, tmp_path)
    assert not (tmp_path / PERSONS_FILE).exists()
