"""Cleaning up the lake: deleted and kept objects."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from refi_assets.lake import FolderStore
from refi_assets.publishing.retention import clean_up

DAY = 24 * 3600


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


def put(lake: FolderStore, key: str, days_old: float, value: object = None) -> None:
    lake.put_json(key, value)
    age(lake.root / key, days_old)


def age(path: Path, days: float) -> None:
    """Make a file or folder this old, and the folders of its run as well, unless they contain something younger."""
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    for folder in path.parents:
        if folder.parent.name == "runs" or folder.parent.parent.name == "runs":
            newest = max(inside.stat().st_mtime for inside in folder.rglob("*"))
            os.utime(folder, (newest, newest))


def keys(lake: FolderStore) -> set[str]:
    return {path.relative_to(lake.root).as_posix() for path in lake.root.rglob("*") if path.is_file()}


def test_only_old_objects_that_nobody_published_or_needs_are_deleted(lake):
    for run_id, days_old in {"published": 900, "needed": 900, "killed": 8, "young": 6}.items():
        put(lake, f"runs/{run_id}/staging/loan_information.json", days_old)
        put(lake, f"runs/{run_id}/staging/loan_information.parquet", days_old)
        put(lake, f"output/{run_id}.csv", days_old)
        put(lake, f"memo/of_loans/{run_id}.json", days_old, {"run_id": run_id})
    put(lake, "output/published.manifest.json", 900, {"runs": ["needed", "published"]})
    put(lake, "raw/loan_information/load_date=2020-01-01/a.csv", 2000)
    before = keys(lake)

    removed = clean_up(lake, 400, timedelta(days=7))

    gone = before - keys(lake)
    assert gone == {
        "runs/killed/staging/loan_information.json",
        "runs/killed/staging/loan_information.parquet",
        "output/killed.csv",
        "memo/of_loans/killed.json",
    }
    assert removed == 4
    assert not (lake.root / "runs" / "killed").exists()
    assert clean_up(lake, 400, timedelta(days=7)) == 0


def test_a_run_that_still_writes_is_not_old(lake):
    put(lake, "runs/slow/raw/a.json", 30)
    put(lake, "runs/slow/staging/b.json", 1)
    assert clean_up(lake, 400, timedelta(days=7)) == 0


def test_an_empty_folder_of_a_run_is_deleted_when_it_is_old(lake):
    for run_id, days_old in {"killed": 8, "just begun": 0}.items():
        folder = lake.root / "runs" / run_id / "raw"
        folder.mkdir(parents=True)
        age(folder, days_old)
    assert clean_up(lake, 400, timedelta(days=7)) == 0
    assert lake.folders("runs") == ["just begun"]


def test_files_of_interrupted_puts_are_deleted_and_names_with_a_hash_are_kept(lake):
    put(lake, "raw/loan_information/load_date=2026-02-20/loans #1.csv", 30)
    for days_old, name in ((30, "loans.csv#1"), (1, "loans.csv#2")):
        path = lake.root / "raw/loan_information/load_date=2026-02-20" / name
        path.write_bytes(b"half")
        os.utime(path, (time.time() - days_old * DAY,) * 2)

    assert clean_up(lake, 400, timedelta(days=7)) == 1
    assert keys(lake) == {
        "raw/loan_information/load_date=2026-02-20/loans #1.csv",
        "raw/loan_information/load_date=2026-02-20/loans.csv#2",
    }


def published(lake: FolderStore, run_id: str, days_old: float, *runs: str) -> None:
    put(lake, f"runs/{run_id}/refi/refi_audience.json", days_old, {"parquet": f"athena/tables/of_{run_id}/"})
    put(lake, f"athena/tables/of_{run_id}/part_1", days_old)
    put(lake, f"output/{run_id}.csv", days_old)
    put(lake, f"output/{run_id}.manifest.json", days_old, {"runs": [run_id, *runs]})


def test_the_oldest_of_many_runs_lose_their_relations_and_keep_their_audiences(lake):
    published(lake, "latest", 9)
    published(lake, "needed", 8)
    published(lake, "old", 7)
    published(lake, "second", 2, "needed")
    published(lake, "first", 1)
    put(lake, "output/latest.json", 9, {"run_id": "latest"})
    put(lake, "runs/under_way/refi/refi_audience.json", 10)
    before = keys(lake)

    assert clean_up(lake, 5, timedelta(days=30)) == 0
    assert clean_up(lake, 4, timedelta(days=30)) == 0, "the latest and one that is needed"
    assert clean_up(lake, 2, timedelta(days=30)) == 2

    assert before - keys(lake) == {"runs/old/refi/refi_audience.json", "athena/tables/of_old/part_1"}


def test_relations_are_deleted_a_tenth_of_the_runs_at_a_time(lake):
    for number in range(22):
        published(lake, f"run_{number:02}", 30 - number)
    assert clean_up(lake, 20, timedelta(days=30)) == 0
    published(lake, "run_22", 1)
    assert clean_up(lake, 20, timedelta(days=30)) == 6
    assert lake.folders("runs") == [f"run_{number:02}" for number in range(3, 23)]


def test_the_newest_relation_of_an_asset_and_its_inputs_are_kept(lake):
    """A run of staging alone lost its relations."""
    made_from = {"inputs": {"catalog/loan_information": "older"}}
    put(lake, "runs/older/catalog/loan_information.json", 30, {"parquet": None})
    put(lake, "runs/older/staging/loan_information.json", 30, made_from)
    put(lake, "runs/staging_alone/staging/loan_information.json", 20, made_from)
    put(lake, "runs/killed/staging/loan_information.json", 25)
    published(lake, "published", 10)
    before = keys(lake)

    assert clean_up(lake, 400, timedelta(days=7)) == 1
    assert before - keys(lake) == {"runs/killed/staging/loan_information.json"}


def test_each_publication_keeps_its_own_newest_runs(lake):
    for number in range(4):
        published(lake, f"audience_{number}", 30 - number)
        put(lake, f"runs/offers_{number}/offers/offer.json", 30 - number)
        put(lake, f"output/offers/offers_{number}.manifest.json", 30 - number, {"runs": [f"offers_{number}"]})

    clean_up(lake, 3, timedelta(days=365))

    assert lake.folders("runs") == [f"{name}_{number}" for name in ("audience", "offers") for number in (1, 2, 3)]
    assert {key for key in keys(lake) if "manifest" in key} == {
        *(f"output/audience_{number}.manifest.json" for number in range(4)),
        *(f"output/offers/offers_{number}.manifest.json" for number in range(4)),
    }


def test_a_run_that_any_publication_names_is_kept(lake):
    for number in range(3):
        published(lake, f"run_{number}", 30 - number)
    put(lake, "output/weekly/run_2.manifest.json", 1, {"runs": ["run_0", "run_2"]})

    clean_up(lake, 1, timedelta(days=365))

    assert lake.folders("runs") == ["run_0", "run_2"]


def test_data_that_a_current_run_uses_again_is_kept(lake):
    used_again = {"parquet": "resolved/old/persons.parquet", "made_by": "old"}
    put(lake, "runs/old/identity/persons.json", 30, {"parquet": used_again["parquet"]})
    put(lake, used_again["parquet"], 30)
    put(lake, "output/old.manifest.json", 30, {"runs": ["old"]})
    put(lake, "runs/under_way/identity/persons.json", 1, used_again)
    for number in range(3):
        published(lake, f"new_{number}", 0.5)
        put(lake, f"runs/new_{number}/identity/persons.json", 0.5)

    clean_up(lake, 1, timedelta(days=7))

    assert lake.find(used_again["parquet"])
    assert "old" in lake.folders("runs")


def test_a_table_that_a_run_only_uses_again_belongs_to_the_first_run(lake):
    put(lake, "athena/tables/of_first/part_1", 30)
    published(lake, "first", 30)
    put(lake, "runs/second/refi/refi_audience.json", 20, {"parquet": "athena/tables/of_first/", "made_by": "first"})
    put(lake, "output/second.manifest.json", 20, {"runs": ["first", "second"]})
    put(lake, "runs/third/refi/refi_audience.json", 10, {"parquet": "athena/tables/of_first/", "made_by": "first"})
    put(lake, "output/third.manifest.json", 10, {"runs": ["first", "third"]})

    clean_up(lake, 1, timedelta(days=7))

    assert lake.folders("runs") == ["first", "third"]
    assert lake.find("athena/tables/of_first/part_1")
