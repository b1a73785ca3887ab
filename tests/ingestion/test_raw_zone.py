"""The raw zone: ingested and refused files, and the snapshot of a day."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from refi_assets.errors import LakeError, SourceError
from refi_assets.ingestion.raw_zone import find_snapshot, ingest_folder, load_dates_of
from refi_assets.lake import FolderStore
from refi_assets.specs.contracts import load_contracts
from tests.support.sources import Sources, market_csv

FRIDAY, SATURDAY, SUNDAY = date(2026, 2, 20), date(2026, 2, 21), date(2026, 2, 22)
GOOD = market_csv("P1,5,70,10")
OTHER = market_csv("P1,5,70,11")


@pytest.fixture
def lake(sources: Sources) -> FolderStore:
    return sources.lake


def ingest(sources: Sources, files: dict[str, bytes], day: date = FRIDAY, *, replace: bool = False) -> list[str]:
    return ingest_folder(sources.lake, sources.new_folder(files), day, load_contracts(), replace=replace).keys


def keys(lake: FolderStore) -> list[str]:
    return [info.key for info in lake.objects("raw")]


def put(lake: FolderStore, folder: str, *names: str) -> None:
    """Write files as another program does: directly into a folder of market_equity."""
    for name in names:
        path = lake.root / "raw" / "market_equity" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(GOOD)


def snapshot_names(lake: FolderStore, as_of: date, *, before: bool = False) -> tuple[date, list[str]] | None:
    snapshot = find_snapshot(lake, "market_equity", as_of, before=before)
    if snapshot is None:
        return None
    return snapshot.load_date, [info.key.rsplit("/", 1)[-1] for info in snapshot.objects]


def test_files_are_put_unchanged_under_their_source_and_load_date(sources: Sources, lake: FolderStore) -> None:
    put_keys = ingest(sources, {"market_equity.csv": GOOD, "loan_information.csv.gz": b"zip", "notes.txt": b"mine"})
    assert (
        put_keys
        == keys(lake)
        == [
            "raw/loan_information/load_date=2026-02-20/loan_information.csv.gz",
            "raw/market_equity/load_date=2026-02-20/market_equity.csv",
        ]
    )
    assert (lake.root / keys(lake)[1]).read_bytes() == GOOD


def test_a_source_may_be_a_folder_of_files(sources: Sources, lake: FolderStore) -> None:
    ingest(sources, {"market_equity/b.csv": GOOD, "market_equity/a.parquet": b"x", "market_equity/c.csv.gz": b"y"})
    assert snapshot_names(lake, FRIDAY) == (FRIDAY, ["a.parquet", "b.csv", "c.csv.gz"])


def test_hidden_files_are_not_ingested(sources: Sources, lake: FolderStore) -> None:
    ingest(sources, {"market_equity/a.csv": GOOD, "market_equity/.DS_Store": b"", "market_equity/_SUCCESS": b""})
    assert keys(lake) == ["raw/market_equity/load_date=2026-02-20/a.csv"]


@pytest.mark.parametrize("second", ["market_equity.csv.gz", "market_equity.parquet", "market_equity/part.csv"])
def test_a_source_in_two_forms_is_refused(sources: Sources, lake: FolderStore, second: str) -> None:
    with pytest.raises(SourceError, match=r"'market_equity' is in the folder more than once .*; keep one of them"):
        ingest(sources, {"market_equity.csv": GOOD, second: GOOD, "loan_information.csv": GOOD})
    assert keys(lake) == []


def test_an_empty_folder_is_not_a_second_form(sources: Sources, lake: FolderStore) -> None:
    ingest(sources, {"market_equity.csv": GOOD, "market_equity/.gitkeep": b""})
    assert len(keys(lake)) == 1


@pytest.mark.parametrize("name", ["part.xlsx", "part.csv.zip", "part"])
def test_a_kind_of_file_that_cannot_be_read_is_refused(sources: Sources, lake: FolderStore, name: str) -> None:
    with pytest.raises(SourceError, match=r"not a kind of file that can be read; expected \.csv, \.csv\.gz, \.parquet"):
        ingest(sources, {"market_equity/a.csv": GOOD, f"market_equity/{name}": GOOD})
    assert keys(lake) == []


def test_a_folder_without_a_source_is_refused_with_the_names_found(sources: Sources) -> None:
    with pytest.raises(SourceError, match=r"no source file; found: b.txt, equity.csv; expected <source>.csv"):
        ingest(sources, {"equity.csv": GOOD, "b.txt": b""})


def test_a_missing_folder_is_refused(lake: FolderStore, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such folder"):
        ingest_folder(lake, tmp_path / "nowhere", FRIDAY, load_contracts())


def test_the_same_content_again_changes_nothing(sources: Sources, lake: FolderStore) -> None:
    files = {"market_equity.csv": GOOD, "loan_information/a.csv": GOOD, "loan_information/b.csv": OTHER}
    assert len(ingest(sources, files)) == 3
    written = [(lake.root / key).stat().st_mtime_ns for key in keys(lake)]
    assert ingest(sources, files) == []
    assert ingest(sources, files, replace=True) == []
    assert [(lake.root / key).stat().st_mtime_ns for key in keys(lake)] == written


@pytest.mark.parametrize(
    "files",
    [
        {"market_equity.csv": OTHER},
        {"market_equity.csv": OTHER[:-1] + b"0"},
        {"market_equity.csv.gz": GOOD},
        {"market_equity/market_equity.csv": GOOD, "market_equity/further.csv": OTHER},
        {"market_equity/renamed.csv": GOOD},
    ],
    ids=["other cells", "other cells of the same size", "another form", "a further file", "another name"],
)
def test_other_content_for_a_load_date_is_refused_unless_it_replaces(
    sources: Sources, lake: FolderStore, files: dict[str, bytes]
) -> None:
    ingest(sources, {"market_equity.csv": GOOD})
    before = hashlib.sha256((lake.root / keys(lake)[0]).read_bytes()).hexdigest()
    with pytest.raises(LakeError, match=r"already has other content \(market_equity.csv\).* or --replace"):
        ingest(sources, {**files, "loan_information.csv": GOOD})
    assert keys(lake) == ["raw/market_equity/load_date=2026-02-20/market_equity.csv"], "nothing was put for any source"
    assert hashlib.sha256((lake.root / keys(lake)[0]).read_bytes()).hexdigest() == before
    ingest(sources, files, replace=True)
    assert [key.rsplit("/", 1)[-1] for key in keys(lake)] == sorted(name.rsplit("/", 1)[-1] for name in files)


def test_replacing_a_load_date_leaves_other_days_and_sources_alone(sources: Sources, lake: FolderStore) -> None:
    ingest(sources, {"market_equity.csv": GOOD, "loan_information.csv": GOOD}, FRIDAY)
    ingest(sources, {"market_equity.csv": GOOD}, SATURDAY)
    ingest(sources, {"market_equity.csv.gz": GOOD}, SATURDAY, replace=True)
    assert [key.removeprefix("raw/") for key in keys(lake)] == [
        "loan_information/load_date=2026-02-20/loan_information.csv",
        "market_equity/load_date=2026-02-20/market_equity.csv",
        "market_equity/load_date=2026-02-21/market_equity.csv.gz",
    ]


def test_other_content_may_come_on_another_day(sources: Sources, lake: FolderStore) -> None:
    ingest(sources, {"market_equity.csv": GOOD}, FRIDAY)
    ingest(sources, {"market_equity.csv": OTHER}, SATURDAY)
    assert load_dates_of(lake, "market_equity") == [FRIDAY, SATURDAY]


def test_a_day_sees_the_newest_load_date_on_or_before_it(lake: FolderStore) -> None:
    put(lake, "load_date=2026-02-20", "friday.csv")
    put(lake, "load_date=2026-02-22", "sunday.csv")
    assert snapshot_names(lake, date(2026, 2, 19)) is None
    assert snapshot_names(lake, FRIDAY) == (FRIDAY, ["friday.csv"])
    assert snapshot_names(lake, SATURDAY) == (FRIDAY, ["friday.csv"])
    assert snapshot_names(lake, SUNDAY) == (SUNDAY, ["sunday.csv"])
    assert snapshot_names(lake, date(2030, 1, 1)) == (SUNDAY, ["sunday.csv"])


def test_the_snapshot_before_a_day_is_never_that_days_own(lake: FolderStore) -> None:
    put(lake, "load_date=2026-02-20", "friday.csv")
    put(lake, "load_date=2026-02-22", "sunday.csv")
    assert snapshot_names(lake, SUNDAY, before=True) == (FRIDAY, ["friday.csv"])
    assert snapshot_names(lake, FRIDAY, before=True) is None


def test_load_dates_are_in_order_across_years(lake: FolderStore) -> None:
    put(lake, "load_date=2025-12-31", "a.csv")
    put(lake, "load_date=2026-01-02", "a.csv")
    put(lake, "load_date=2026-01-10", "a.csv")
    assert load_dates_of(lake, "market_equity") == [date(2025, 12, 31), date(2026, 1, 2), date(2026, 1, 10)]


def test_a_source_without_a_folder_has_no_snapshot(lake: FolderStore) -> None:
    assert load_dates_of(lake, "market_equity") == []
    assert snapshot_names(lake, FRIDAY) is None


@pytest.mark.parametrize(
    "folder",
    [
        *("2026-02-20", "load_date=2026-2-20", "load_date=20260220", "load_date=2026-02-30", "load_date=today"),
        *("load_date=2026-02-20 copy", "load_date=2026-02-20T00", "xload_date=2026-02-20", "LOAD_DATE=2026-02-20"),
        *("load_date=", "load_date=2026-W08-5", "load_date=٢٠٢٦-٠٢-٢٠"),
    ],
)
def test_a_folder_with_another_name_is_not_a_load_date(lake: FolderStore, folder: str) -> None:
    put(lake, folder, "a.csv")
    assert load_dates_of(lake, "market_equity") == []
    assert snapshot_names(lake, date(2030, 1, 1)) is None


def test_a_load_date_that_begins_another_folders_name_has_only_its_own_files(lake: FolderStore) -> None:
    put(lake, "load_date=2026-02-20", "mine.csv")
    put(lake, "load_date=2026-02-20 copy", "not_mine.csv")
    assert snapshot_names(lake, FRIDAY) == (FRIDAY, ["mine.csv"])


def test_hidden_files_and_markers_are_ignored(lake: FolderStore) -> None:
    put(lake, "load_date=2026-02-20", "a.csv", ".DS_Store", "_SUCCESS", "_old.csv", ".a.csv.swp")
    assert snapshot_names(lake, FRIDAY) == (FRIDAY, ["a.csv"])


@pytest.mark.parametrize("folder", ["_temporary/0", ".ipynb_checkpoints"])
def test_files_in_hidden_folders_are_ignored(lake: FolderStore, folder: str) -> None:
    """Spark's unfinished parts and a notebook's copies would double every row."""
    put(lake, "load_date=2026-02-20", "a.csv", f"{folder}/a.csv")
    assert snapshot_names(lake, FRIDAY) == (FRIDAY, ["a.csv"])


def test_a_load_date_with_only_markers_does_not_count(lake: FolderStore) -> None:
    put(lake, "load_date=2026-02-20", "a.csv")
    put(lake, "load_date=2026-02-21", "_SUCCESS")
    assert snapshot_names(lake, SUNDAY) == (FRIDAY, ["a.csv"])


def test_a_marker_in_the_lake_does_not_count_as_other_content(sources: Sources, lake: FolderStore) -> None:
    """The Finder leaves a .DS_Store; ingesting the same files again must still change nothing."""
    ingest(sources, {"market_equity.csv": GOOD})
    put(lake, "load_date=2026-02-20", ".DS_Store")
    assert ingest(sources, {"market_equity.csv": GOOD}) == []


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv.zip", "a.csv.tmp", "a"])
def test_a_file_of_an_unknown_kind_in_a_snapshot_is_refused_not_lost(lake: FolderStore, name: str) -> None:
    put(lake, "load_date=2026-02-20", "a.csv", name)
    with pytest.raises(SourceError, match=f"raw/market_equity/load_date=2026-02-20/{name}: not a kind of file"):
        snapshot_names(lake, FRIDAY)


NAMES = [
    *("with space.csv", " leading.csv", "Zoë-日本😎.csv", "hash#tag.csv", "100%.csv", "a%20b.csv", "%2e%2e.csv"),
    *("a..b.csv", "o'clock.csv", 'quo"te.csv', "semi;colon.csv", "a&b=c?.csv", "star*.csv", "[a-z].csv", "{a,b}.csv"),
    *("back\\slash.csv", "~home.csv", "a|b.csv", "$HOME.csv", "`id`.csv", "a+b,c.csv"),
    "x'); DROP TABLE judged; --.csv",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_have_any_name(sources: Sources, name: str) -> None:
    """Other files are beside it that its name would match as a pattern; each must be read as itself."""
    beside = {f"{other}.csv": market_csv(f"{other},5,70,1") for other in ("starry", "a", "b", "z", "a&b=cx")}
    staged = sources.stage("market_equity", {name: market_csv("P1,5,70,1"), **beside})
    assert sorted(staged.column("property_id")) == sorted(["P1", "starry", "a", "b", "z", "a&b=cx"])
    assert f"raw/market_equity/load_date=2026-02-20/{name}" in [file.key for file in staged.files]


@pytest.mark.parametrize(
    "name", ["with space", "Zoë", "a#b", "50% off", "a%20b", "a..b", "o'clock", "[a]", "st*r", "wh?t"]
)
def test_the_lake_may_be_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").mkdir()
    lake_folder = tmp_path / "x" / ".." / name / "deeper"
    sources = Sources(lake_folder)
    assert sources.stage("market_equity", GOOD).column("property_id") == ["P1"]
    assert sources.stage("market_equity", {"a.csv.gz": GOOD}).column("property_id") == ["P1"]


def test_a_file_name_that_no_lake_can_hold_is_refused_with_a_message(sources: Sources) -> None:
    with pytest.raises((LakeError, SourceError), match="line"):
        ingest(sources, {"market_equity/line\nbreak.csv": GOOD})


def test_a_lake_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match="cannot be opened"):
        FolderStore(str(tmp_path / "file"))
