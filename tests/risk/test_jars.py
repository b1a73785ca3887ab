"""The jars: downloaded whole by Maven, or not at all. Maven, which loads from the network, is a script here."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from refi_assets.errors import RefiError, SettingError
from refi_assets.risk.stream.jars import download_jars, jar_files
from refi_assets.settings import PROJECT_DIR, forget_settings

FakeMaven = Callable[[str], Path]
DOWNLOAD = 'for word in "$@"; do case $word in -DoutputDirectory=*) folder=${word#*=};; esac; done\n'


@pytest.fixture
def fake_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMaven]:
    """Replaces `mvn` by a shell script, in which $folder is where the jars belong; returns the folder of all sets."""
    jars, programs = tmp_path / "jars", tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("REFI_STREAM_JARS", str(jars))
    forget_settings()

    def replace(script: str) -> Path:
        (programs / "mvn").write_text(f"#!/bin/sh\n{DOWNLOAD}{script}\n")
        (programs / "mvn").chmod(0o755)
        return jars

    yield replace
    forget_settings()


def test_jars_are_downloaded_once(fake_maven: FakeMaven) -> None:
    jars = fake_maven("touch $folder/b.jar $folder/a.jar")
    folder = download_jars("kafka")
    fake_maven("exit 1")
    assert download_jars("kafka") == folder
    assert jar_files("kafka") == [folder / "a.jar", folder / "b.jar"]
    assert [path.name for path in jars.iterdir()] == [folder.name]
    assert folder.name.startswith("kafka-")


def test_jars_that_are_missing_are_not_downloaded_but_named(fake_maven: FakeMaven) -> None:
    jars = fake_maven("touch $folder/a.jar")
    with pytest.raises(SettingError, match=f"The jars of spark are not in {jars}. Download them with: refi risk jars"):
        jar_files("spark")
    assert not jars.exists()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("touch $folder/a.jar; echo '[ERROR] Could not reach the registry'; exit 1", "Could not reach the registry"),
        ("exit 0", "it gave no reason"),
    ],
)
def test_a_failed_download_leaves_nothing_and_says_why(fake_maven: FakeMaven, script: str, reason: str) -> None:
    jars = fake_maven(script)
    with pytest.raises(RefiError, match=f"could not download the jars of kafka: {reason}"):
        download_jars("kafka")
    assert list(jars.iterdir()) == []


def test_without_maven_the_message_says_so(fake_maven: FakeMaven, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_maven("exit 0")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SettingError, match=r"Maven \(mvn\) is not on PATH"):
        download_jars("kafka")


def test_a_killed_download_is_never_taken_for_a_whole_one(fake_maven: FakeMaven) -> None:
    jars = fake_maven("touch $folder/a.jar; echo $$ > $folder/pid; sleep 600")
    code = "from refi_assets.risk.stream.jars import download_jars; download_jars('kafka')"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_DIR)}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True)
    while not any(pid.read_text() for pid in jars.glob(".new-*/pid")):
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(SettingError, match="Download them"):
        jar_files("kafka")
    fake_maven("touch $folder/a.jar $folder/b.jar")
    assert len(list(download_jars("kafka").glob("*.jar"))) == 2
