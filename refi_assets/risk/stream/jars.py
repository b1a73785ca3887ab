"""The jars that the stream needs: of our own broker, of Spark's Kafka source, and of AWS.

Each set has a Maven project beside this module. `refi risk jars` downloads them by Maven, from the repositories that
Maven is configured for; nothing else does. A set's folder carries the hash of its project, so that a new version of
this package never starts with an old one's jars.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Literal, get_args

from refi_assets.errors import RefiError, SettingError, writing
from refi_assets.lake.settings import LakeSettings, is_s3
from refi_assets.risk.stream.settings import KafkaSettings, StreamSettings
from refi_assets.settings import settings_of

JarSet = Literal["kafka", "spark", "aws"]
JAR_SETS: tuple[JarSet, ...] = get_args(JarSet)

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


def jar_files(name: JarSet) -> list[Path]:
    """The jars of a set, by name. Raises SettingError if they have not been downloaded."""
    folder = _folder(name)
    if not folder.is_dir():
        raise SettingError(
            f"The jars of {name} are not in {folder.parent}. Download them with: refi risk jars; or set "
            "REFI_STREAM_JARS to the folder in which they are."
        )
    return sorted(folder.glob("*.jar"))


def query_jars() -> list[Path]:
    """The jars that the query needs by its settings. Raises SettingError if they have not been downloaded."""
    kafka, stream = settings_of(KafkaSettings), settings_of(StreamSettings)
    needs_aws = is_s3(stream.checkpoint) or is_s3(settings_of(LakeSettings).lake_url) or kafka.uses_msk_iam
    return jar_files("spark") + (jar_files("aws") if needs_aws else [])


def download_jars(name: JarSet) -> Path:
    """The folder of a set's jars, downloaded by Maven if need be. Raises SettingError without Maven, or RefiError.

    The folder appears whole or not at all: an interrupted download leaves a folder `.new-…`, which nobody reads.
    """
    folder = _folder(name)
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise SettingError(
            "Maven (mvn) is not on PATH. Install it, or copy the folder of REFI_STREAM_JARS from elsewhere."
        )
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        _run_maven(maven, name, unfinished)
        with writing(folder):
            unfinished.chmod(0o755)
            _rename_unless_there(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _run_maven(maven: str, name: JarSet, target: Path) -> None:
    options = ["--batch-mode", "--quiet", "--strict-checksums", "--file", str(_project(name))]
    command = [maven, *options, _PLUGIN, f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode or not any(target.glob("*.jar")):
        lines = (result.stdout + result.stderr).splitlines()
        reason = next((line for line in lines if line.startswith("[ERROR]")), "it gave no reason")
        raise RefiError(f"Maven could not download the jars of {name}: {reason.removeprefix('[ERROR]').strip()}")


def _rename_unless_there(unfinished: Path, folder: Path) -> None:
    try:
        os.rename(unfinished, folder)
    except OSError:  # another process was first
        if not folder.is_dir():
            raise


def _folder(name: JarSet) -> Path:
    digest = hashlib.sha256(_project(name).read_bytes()).hexdigest()[:12]
    return settings_of(StreamSettings).stream_jars / f"{name}-{digest}"


def _project(name: JarSet) -> Path:
    return Path(__file__).with_name(f"{name}-pom.xml")
