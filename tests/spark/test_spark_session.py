"""The start of Spark: one a process, on a Java that it runs on, with nothing left behind."""

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from refi_assets.engines import spark_session as module
from refi_assets.engines.spark_session import SQL_OPTIONS, java_for_spark, spark_session
from refi_assets.errors import SettingError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_a_process_has_one_session(spark: "SparkSession") -> None:
    assert spark_session() is spark
    assert {name: spark.conf.get(name) for name in SQL_OPTIONS} == SQL_OPTIONS


def java(home: Path, version: str) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch(mode=0o755)
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Java."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(module, "JAVA_FOLDERS", (str(tmp_path / "jvm"),))
    return tmp_path


def test_java_is_that_of_java_home_or_of_the_path_or_any_installed_one(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = java(machine / "jvm" / "b", "17.0.15")
    java(machine / "jvm" / "a", "25.0.3")
    assert java_for_spark() == installed
    on_path = java(machine / "on_path", "21")
    monkeypatch.setenv("PATH", str(on_path / "bin"))
    assert java_for_spark() == on_path
    monkeypatch.setenv("JAVA_HOME", str(java(machine / "chosen", "17.0.1")))
    assert java_for_spark() == machine / "chosen"


def test_without_a_suitable_java_the_message_says_which_there_are(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingError, match="Spark needs Java 17 or 21; there is none"):
        java_for_spark()
    monkeypatch.setenv("JAVA_HOME", str(java(machine / "old", "11.0.2")))
    java(machine / "jvm" / "new", "25")
    with pytest.raises(SettingError, match=r"old has 11, .*new has 25"):
        java_for_spark()


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_own", None)
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(SettingError, match=r"Spark needs the package pyspark.*refi-assets\[spark\]"):
        spark_session()


STATEMENT = """
import sys
from refi_assets.engines.spark_session import spark_session
session = spark_session()
rows = session.sql("SELECT 'started' AS state").collect()
print(rows[0].state, flush=True)
sys.stdin.read() if sys.argv[1:] else None
"""


def process(tmp_path: Path, *arguments: str, master: str = "local[1]") -> "subprocess.Popen[str]":
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "REFI_SPARK_MASTER": master, "HOME": "/"}
    command = [sys.executable, "-c", STATEMENT, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=Path(__file__).parents[2], env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


def java_processes_in(folder: Path) -> int:
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return sum(b"java" in command and str(folder).encode() in command for command in commands)


@pytest.mark.long
@pytest.mark.usefixtures("spark")
def test_an_ended_process_leaves_nothing_behind_and_says_nothing(tmp_path: Path) -> None:
    out, error = process(tmp_path).communicate(timeout=300)
    assert (out, error) == ("started\n", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
@pytest.mark.usefixtures("spark")
def test_a_killed_process_takes_java_with_it(tmp_path: Path) -> None:
    killed = process(tmp_path, "wait")
    assert killed.stdout is not None
    assert killed.stdout.readline() == "started\n"
    assert java_processes_in(tmp_path) == 1
    killed.kill()
    killed.communicate()
    while java_processes_in(tmp_path):
        time.sleep(0.1)


@pytest.mark.long
@pytest.mark.usefixtures("spark")
def test_a_master_that_spark_does_not_know_is_named(tmp_path: Path) -> None:
    _, error = process(tmp_path, master="spork").communicate(timeout=300)
    assert "EngineError: Spark did not start with REFI_SPARK_MASTER=spork: " in error
    assert "Master must either be yarn or start with spark, k8s, or local" in error
