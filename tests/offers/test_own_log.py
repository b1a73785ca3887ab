"""The source offer_log, as runs put it into the raw zone from the stores of all programs."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from refi_assets.errors import SourceError, StoreError
from refi_assets.ingestion.raw_zone import find_snapshot
from refi_assets.lake import FolderStore, Relation, RunFolder
from refi_assets.offers.own_log import COLUMNS, put_offer_log
from refi_assets.offers.storing import StoredDetails
from refi_assets.publishing.publication import Publication
from refi_assets.settings import overridden
from refi_assets.specs.contracts import load_contracts
from refi_assets.store.protocol import EventKind
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import offer, publish

MONDAY, TUESDAY, NEXT_MONDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 9)
PROGRAM = "loan_offer_targeting"
SENT, DISPLAYED = EventKind.SENT, EventKind.DISPLAYED


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[FolderStore]:
    with overridden("REFI_STORE_DIR", str(tmp_path / "stores")):
        yield FolderStore(str(tmp_path / "lake"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteOfferStore]:
    """The store of the program, with an offer for each of three customers."""
    with SqliteOfferStore(tmp_path / "stores", PROGRAM) as opened:
        publish(opened, "w1", [offer(name, name.upper()) for name in ("a", "b", "c")], as_of=MONDAY)
        yield opened


def record(store: SqliteOfferStore, offer_id: str, kind: EventKind, day: date) -> None:
    store.record_event(offer_id, kind, datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC))


def files(lake: FolderStore) -> dict[str, list[tuple[str, ...]]]:
    """The rows of each file of the log, by load date and place."""
    paths = sorted(Path(lake.name).glob("raw/offer_log/load_date=*/*"), key=lambda path: path.stat().st_mtime_ns)
    return {path.relative_to(Path(lake.name) / "raw/offer_log").as_posix(): rows_in(path) for path in paths}


def rows_in(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert tuple(header) == COLUMNS
    return [tuple(row) for row in rows]


def snapshot_of(lake: FolderStore, day: date) -> list[tuple[str, ...]]:
    """Program, customer, kind and day of the rows that a run as of a day reads."""
    snapshot = find_snapshot(lake, "offer_log", day)
    assert snapshot is not None
    rows = [row for info in snapshot.objects for row in rows_in(Path(lake.name) / info.key)]
    return sorted((program, customer, kind, day) for program, _, customer, _, kind, day in rows)


def test_the_columns_are_those_of_the_contract():
    contract = load_contracts()["offer_log"]
    assert tuple(column.name for column in contract.columns) == COLUMNS
    assert (contract.is_own_record, contract.may_have_no_rows) == (True, True)


def test_before_the_first_store_the_log_is_a_header_alone(lake):
    put_offer_log(lake, MONDAY)
    assert list(files(lake).values()) == [[]]


def test_each_customer_has_the_newest_day_of_sent_and_first_displayed(lake, store):
    for offer_id, kind, day in (
        *(("a", SENT, MONDAY), ("a", DISPLAYED, TUESDAY), ("a", DISPLAYED, NEXT_MONDAY)),
        *(("b", SENT, TUESDAY), ("b", SENT, MONDAY), ("c", EventKind.CLICKED, MONDAY)),
    ):
        record(store, offer_id, kind, day)
    put_offer_log(lake, NEXT_MONDAY)
    assert list(files(lake).values()) == [
        [
            ("loan-offer-targeting", "2", "A", "a", "displayed", "2026-03-03"),
            ("loan-offer-targeting", "4", "B", "b", "sent", "2026-03-03"),
        ]
    ]


def test_an_unchanged_log_puts_nothing_also_on_a_later_day(lake, store):
    record(store, "a", SENT, MONDAY)
    put_offer_log(lake, MONDAY)
    before = files(lake)
    record(store, "a", DISPLAYED, MONDAY)  # nothing that a filter asks
    for day in (MONDAY, TUESDAY, NEXT_MONDAY):
        put_offer_log(lake, day)
    assert files(lake) == before


def test_a_later_run_of_a_day_adds_a_file_and_leaves_those_that_manifests_name(lake, store):
    record(store, "a", SENT, MONDAY)
    put_offer_log(lake, TUESDAY)
    (first,) = Path(lake.name).glob("raw/offer_log/*/*")
    content = first.read_bytes()
    record(store, "a", DISPLAYED, TUESDAY)
    record(store, "b", DISPLAYED, TUESDAY)
    put_offer_log(lake, TUESDAY)
    assert first.read_bytes() == content
    assert list(files(lake).values())[1] == [
        ("loan-offer-targeting", "2", "A", "a", "displayed", "2026-03-03"),
        ("loan-offer-targeting", "3", "B", "b", "displayed", "2026-03-03"),
    ]


def test_the_first_file_of_a_new_day_has_everything(lake, store):
    record(store, "a", SENT, MONDAY)
    put_offer_log(lake, MONDAY)
    record(store, "b", SENT, TUESDAY)
    put_offer_log(lake, MONDAY)
    record(store, "a", SENT, TUESDAY)
    put_offer_log(lake, TUESDAY)
    assert snapshot_of(lake, TUESDAY) == [
        ("loan-offer-targeting", "A", "sent", "2026-03-03"),
        ("loan-offer-targeting", "B", "sent", "2026-03-03"),
    ]


def test_the_log_of_every_program_counts_also_of_one_that_the_project_no_longer_has(lake, store, tmp_path):
    """An id with a comma and a quote stays one cell."""
    with SqliteOfferStore(tmp_path / "stores", "student_loans") as other:
        publish(other, "w1", [offer("x", 'C,"1')], as_of=MONDAY)
        record(other, "x", SENT, MONDAY)
    record(store, "a", SENT, TUESDAY)
    (tmp_path / "stores" / "lost+found").mkdir()
    (tmp_path / "stores" / "keys").write_bytes(b"")
    put_offer_log(lake, TUESDAY)
    assert snapshot_of(lake, TUESDAY) == [
        ("loan-offer-targeting", "A", "sent", "2026-03-03"),
        ("student-loans", 'C,"1', "sent", "2026-03-02"),
    ]


def test_what_the_lake_knows_outlives_a_store_that_a_backup_replaced(lake, store, tmp_path):
    """Numbers of events are then given twice."""
    record(store, "a", SENT, MONDAY)
    record(store, "b", SENT, MONDAY)
    put_offer_log(lake, MONDAY)
    store.close()
    for path in store.folder.iterdir():
        path.unlink()
    publish(store, "w1", [offer("c", "C")], as_of=MONDAY)
    record(store, "c", SENT, MONDAY)
    put_offer_log(lake, TUESDAY)
    assert [customer for _, customer, *_ in snapshot_of(lake, TUESDAY)] == ["A", "B", "C"]


@pytest.mark.parametrize(
    "content", [b"customer_id,program_id,offered_on\nA,x,2026-03-02\n", b"", b"PAR1\xff\xfe", b"program_id\n"]
)
def test_a_file_that_is_not_ours_is_refused(lake, store, content):
    lake.put("raw/offer_log/load_date=2026-03-02/mine.csv", content)
    with pytest.raises(SourceError, match=r"load_date=2026-03-02/mine\.csv is not a file of the offer log, which only"):
        put_offer_log(lake, MONDAY)


def note_that_a_run_stored(lake: FolderStore, *, not_stored: str | None = None) -> None:
    """What a run leaves in the lake that published offers, and stored them unless `not_stored`."""
    details = StoredDetails(not_stored=not_stored)
    RunFolder(lake, "r1").save(
        Relation(key=f"{PROGRAM}/stored", run_id="r1", as_of=MONDAY, kind="files", details=details)
    )
    commit = {"run_id": "r1", "as_of": str(MONDAY)}
    Publication(PROGRAM, "offers").commit(lake, commit, policy_overridden=False, force_latest=False)


def test_a_store_that_is_away_is_no_empty_log(lake, tmp_path):
    """A disk that is not mounted looked like a program that has never made an offer."""
    note_that_a_run_stored(lake)
    with pytest.raises(StoreError) as error:
        put_offer_log(lake, NEXT_MONDAY)
    folder = tmp_path / "stores" / PROGRAM
    assert str(error.value).startswith(f"{folder}: the store is not there, but run r1 has stored offers. It is not")
    assert "Mount or restore it, or correct REFI_STORE_DIR." in str(error.value)
    assert not (Path(lake.name) / "raw").exists()
    folder.mkdir(parents=True)  # as the message says, if it is lost for good
    put_offer_log(lake, NEXT_MONDAY)
    assert snapshot_of(lake, NEXT_MONDAY) == []


def test_a_lake_whose_runs_stored_nothing_yet_needs_no_store(lake):
    note_that_a_run_stored(lake, not_stored="the run used another policy than the deployment's")
    put_offer_log(lake, MONDAY)
    assert snapshot_of(lake, MONDAY) == []
