"""Hostile names and files: links out of the folder, pipes, devices, names that lead elsewhere.

Each is refused with one clear message, or read correctly.
"""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from refi_assets.errors import LakeError, SourceError
from refi_assets.ingestion.raw_zone import find_snapshot, ingest_folder
from refi_assets.lake import FolderStore, RunFolder
from refi_assets.specs.contracts import load_contracts
from tests.support.hostile import GOOD, RAW, put, scan
from tests.support.sources import DAY, Sources


@pytest.fixture
def lake(sources: Sources) -> FolderStore:
    return sources.lake


# --- Not a regular file of the folder --------------------------------------------------------------------------------


def pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may have about a hundred bytes only
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


NOT_FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a link out": (link_to("/etc/passwd"), "leads out of .* by a link"),
    "a link up and out": (link_to("../" * 40 + "etc/passwd"), "leads out of .* by a link"),
    "a link to a device": (link_to("/dev/zero"), "leads out of .* by a link"),
    "a link to nothing": (link_to("gone.csv"), "leads to nothing by a link"),
    "a link to itself": (link_to("market_equity.csv"), "leads to nothing by a link|is not a regular file"),
    "a link to its folder": (link_to("."), "is not a regular file"),
    "a pipe": (pipe, "is not a regular file"),
    "a socket": (a_socket, "is not a regular file"),
}


@pytest.mark.parametrize("name", NOT_FILES)
def test_anything_but_a_regular_file_of_the_source_folder_is_not_ingested(sources: Sources, name: str) -> None:
    make, message = NOT_FILES[name]
    for place in ("market_equity.csv", "market_equity/market_equity.csv"):
        folder = sources.new_folder({"loan_information.csv": b"x", "market_equity/.keep": b""})
        make(folder / place)
        with pytest.raises(SourceError, match=f"{folder / place} ({message})"):
            ingest_folder(sources.lake, folder, DAY, load_contracts())
        assert list(sources.lake.objects("raw")) == [], "nothing was put for any source"


@pytest.mark.parametrize("name", NOT_FILES)
def test_anything_but_a_regular_file_of_the_lake_is_not_read(lake: FolderStore, name: str) -> None:
    make, message = NOT_FILES[name]
    put(lake, "good.csv", GOOD)
    make(lake.root / RAW / "market_equity.csv")
    with pytest.raises(SourceError, match=f"{RAW}/market_equity.csv ({message})"):
        find_snapshot(lake, "market_equity", DAY)


def test_a_linked_folder_does_not_lead_out_of_the_source_folder_or_the_lake(sources: Sources, tmp_path: Path) -> None:
    outside = sources.new_folder({"a.csv": GOOD})
    folder = sources.new_folder({"loan_information.csv": b"x"})
    (folder / "market_equity").symlink_to(outside)
    with pytest.raises(SourceError, match="leads out of"):
        ingest_folder(sources.lake, folder, DAY, load_contracts())
    for link in (f"{RAW}/more", RAW, "raw/market_equity"):
        path = Path(sources.lake.target(link))
        path.symlink_to(outside if "load_date" in link else folder_of_a_day(outside, tmp_path))
        with pytest.raises(SourceError, match="leads out of"):
            find_snapshot(sources.lake, "market_equity", DAY)
        path.unlink()
        shutil.rmtree(sources.lake.root / "raw")


def folder_of_a_day(outside: Path, folder: Path) -> Path:
    (folder / f"load_date={DAY}").symlink_to(outside)
    return folder


def test_a_link_to_a_file_beside_it_is_that_file(sources: Sources, lake: FolderStore) -> None:
    folder = sources.new_folder({"data/v2.csv": GOOD})
    (folder / "market_equity.csv").symlink_to("data/v2.csv")
    ingest_folder(lake, folder, DAY, load_contracts())
    assert (lake.root / RAW / "market_equity.csv").read_bytes() == GOOD
    assert not (lake.root / RAW / "market_equity.csv").is_symlink()
    (lake.root / RAW).rename(lake.root / "elsewhere")
    (lake.root / RAW).symlink_to("../../elsewhere")
    assert scan(lake).rows == 1


def test_a_source_folder_may_itself_be_a_link(sources: Sources, lake: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "today").symlink_to(sources.new_folder({"market_equity.csv": GOOD}))
    assert len(ingest_folder(lake, tmp_path / "today", DAY, load_contracts()).keys) == 1


def test_hidden_links_are_ignored(lake: FolderStore) -> None:
    put(lake, "good.csv", GOOD)
    (lake.root / RAW / ".passwd").symlink_to("/etc/passwd")
    assert scan(lake).rows == 1


def test_a_folder_that_cannot_be_listed_gives_one_message(lake: FolderStore) -> None:
    put(lake, "good.csv", GOOD)
    (lake.root / "raw" / "loop").symlink_to(".")
    with pytest.raises(LakeError, match=r"^raw in the lake .*raw/loop points to an ancestor"):
        list(lake.objects("raw"))


# --- Names and keys -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["..csv", "...csv", "a..b.csv", "..a.csv", "é" * 100 + ".csv", "x" * 236 + ".csv"])
def test_a_name_may_have_dots_or_be_very_long(sources: Sources, name: str) -> None:
    if name.startswith("."):  # hidden
        name = "a" + name
    assert sources.stage("market_equity", {name: GOOD}).column("property_id") == ["P1"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (b"line\nbreak.csv", r"line\\nbreak.csv': its name contains a control character"),
        (b"tab\t.csv", "control character"),
        (b"bell\x07.csv", "control character"),
        (b"delete\x7f.csv", "control character"),
        (b"latin-\xe9.csv", r"latin-\\udce9.csv': .* an invalid one"),
        (b"x" * 251 + b".csv", "longer than 240 bytes"),
    ],
)
def test_a_name_that_not_every_lake_can_hold_is_refused(
    sources: Sources, lake: FolderStore, name: bytes, message: str
) -> None:
    folder = sources.new_folder({"market_equity/good.csv": GOOD})
    (folder / "market_equity" / os.fsdecode(name)).write_bytes(GOOD)
    with pytest.raises(SourceError, match=message):
        ingest_folder(lake, folder, DAY, load_contracts())
    assert list(lake.objects("raw")) == []
    put(lake, "good.csv", GOOD)
    put(lake, os.fsdecode(name), GOOD)
    with pytest.raises(SourceError, match=message):
        find_snapshot(lake, "market_equity", DAY)


@pytest.mark.parametrize("key", ["../x", "raw/../../x", "raw/..", "/etc/passwd"])
def test_no_key_leads_out_of_the_lake(lake: FolderStore, key: str) -> None:
    uses: list[Callable[[str], object]] = [lake.url, lake.open, lake.target, lake.sha256]
    for use in uses if key.startswith("/") else [*uses, lake.find, lake.get_json]:
        with pytest.raises(LakeError, match="is not a valid name for every lake"):
            use(key)


@pytest.mark.parametrize(
    "run_id", ["../../etc/x", "..", ".", "", "a/b", "a.b", "/etc/passwd", "a\n", "a\0b", "%2e%2e", "-x", "x" * 101, "é"]
)
def test_an_invalid_run_id_is_refused(lake: FolderStore, run_id: str) -> None:
    with pytest.raises(LakeError, match="is not a valid run id"):
        RunFolder(lake, run_id)
