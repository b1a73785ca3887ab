"""This process's Spark session: the one that it runs in, or else its own, which starts when it is first asked for.

Settings of SQL are the same in both. Master, memory and jars are set only for a Spark that this process starts; under
spark-submit and in Glue they are the cluster's.
"""

import atexit
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from refi_assets import aws
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import EngineError, SettingError, needs_packages
from refi_assets.lake.settings import LakeSettings, is_s3
from refi_assets.lake.spill import SpillFolder
from refi_assets.settings import settings_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

T = TypeVar("T")

JAVA_VERSIONS = (17, 21)
JAVA_FOLDERS = ("/usr/lib/jvm", "/Library/Java/JavaVirtualMachines")

# The same results on every machine, and Parquet files that every other engine reads.
SQL_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # no time zone in it, as in the project's dialect
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.writeLegacyFormat": "false",
}
_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")  # they write errors, which may quote a cell

_lock = threading.Lock()
_own: "SparkSession | None" = None


def spark_session() -> "SparkSession":
    """The session of this process. Raises SettingError without PySpark or Java, EngineError if Spark does not start."""
    global _own  # noqa: PLW0603 - Spark allows one context a process
    with _lock:  # also of the import: PySpark's modules import one another, and two threads would meet half of them
        if _own is not None:
            return _own
        with needs_packages("Spark", ("pyspark", "py4j"), "spark", "pip install '.[spark]'"):
            from pyspark.logger import PySparkLogger
            from pyspark.sql import SparkSession
        session: SparkSession | None = SparkSession.getActiveSession()
        if session is None and "PYSPARK_GATEWAY_PORT" in os.environ:  # under spark-submit
            session = SparkSession.builder.getOrCreate()
        if session is None:
            session = _own = _start()
        for logger in _LOGGERS:
            PySparkLogger.getLogger(logger).disabled = True
        for name, value in SQL_OPTIONS.items():
            session.conf.set(name, value)
        return session


def run_spark_job(tag: str, action: "Callable[[SparkSession], T]") -> T:
    """The result of an action on the session, whose jobs have a tag, and are cancelled if this process is interrupted.

    The action has a thread of its own: an interrupt would leave this thread's connection to Java in the middle of an
    answer.
    """
    session = spark_session()

    def act() -> T:
        session.sparkContext.addJobTag(tag)
        return action(session)

    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(act)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                session.sparkContext.cancelJobsWithTag(tag)
            raise


def _start() -> "SparkSession":
    """Start Spark in a Java process, which ends with this process, however that ends."""
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    settings = settings_of(EngineSettings)
    spill = SpillFolder()
    atexit.register(spill.close)
    conf = SparkConf(loadDefaults=False).setAll(list(_start_options(settings, spill.path).items()))
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # of the workers
    output = spill.path / "java.log"
    try:
        with _java_home(), output.open("w") as log:
            gateway = launch_gateway(conf, {"stdout": log, "stderr": log})
            with _kept_interrupts():
                session = SparkSession(SparkContext(conf=conf, gateway=gateway))
    except (PySparkException, Py4JError, OSError):
        lines = output.read_text("utf-8", "replace").splitlines()
        reason = next((line for line in lines if re.search("Exception|Error", line)), "it gave no reason")
        raise EngineError(f"Spark did not start with REFI_SPARK_MASTER={settings.spark_master}: {reason}") from None
    atexit.register(session.stop)
    return session


def _start_options(settings: EngineSettings, scratch: Path) -> dict[str, str]:
    java = (
        f"-Djava.io.tmpdir={scratch}",
        f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties')}",
    )
    options = {
        "spark.app.name": "refi_assets",
        "spark.master": settings.spark_master,
        "spark.driver.memory": settings.spark_memory,
        "spark.driver.extraJavaOptions": " ".join(java),
        "spark.sql.shuffle.partitions": str(settings.spark_partitions),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.local.dir": str(scratch),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if settings.spark_master.startswith("local"):
        options |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if settings.spark_jars:
        options["spark.jars"] = settings.spark_jars
    if is_s3(settings_of(LakeSettings).lake_url):
        options |= {f"spark.hadoop.{name}": value for name, value in _s3_options().items()}
    return options


def _s3_options() -> dict[str, str]:
    """Hadoop's options for s3:// by S3A, with the region, endpoint and key of the lake."""
    options = {
        "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "fs.s3a.aws.credentials.provider": "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
        "fs.s3a.endpoint.region": str(aws.session().region_name),
    }
    if endpoint := aws.custom_endpoint("s3"):
        is_tls = str(urlsplit(endpoint).scheme == "https").lower()
        options |= {
            "fs.s3a.endpoint": endpoint,
            "fs.s3a.path.style.access": "true",
            "fs.s3a.connection.ssl.enabled": is_tls,
        }
    if kms_key_id := settings_of(LakeSettings).kms_key_id:
        options |= {"fs.s3a.encryption.algorithm": "SSE-KMS", "fs.s3a.encryption.key": kms_key_id}
    return options


@contextmanager
def _kept_interrupts() -> Iterator[None]:
    """Undo that PySpark handles SIGINT itself: Dagster does so, and the engine stops its statements."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


@contextmanager
def _java_home() -> Iterator[None]:
    """Set JAVA_HOME, while Spark starts, to a Java that Spark runs on."""
    before = os.environ.get("JAVA_HOME")
    os.environ["JAVA_HOME"] = str(java_for_spark())
    try:
        yield
    finally:
        os.environ.pop("JAVA_HOME") if before is None else os.environ.update({"JAVA_HOME": before})


def java_for_spark() -> Path:
    """The folder of the first Java of a version that Spark runs on. Raises SettingError if there is none."""
    versions: dict[Path, int] = {}
    for home in _java_homes():
        versions[home] = _java_version(home)
        if versions[home] in JAVA_VERSIONS:
            return home
    others = ", ".join(f"{home} has {version}" for home, version in versions.items() if version) or "there is none"
    raise SettingError(
        f"JAVA_HOME: Spark needs Java {' or '.join(map(str, JAVA_VERSIONS))}; {others}. Install one, and set JAVA_HOME "
        "to its folder if it is not on PATH."
    )


def _java_homes() -> Iterator[Path]:
    if os.environ.get("JAVA_HOME"):
        yield Path(os.environ["JAVA_HOME"])
    if command := shutil.which("java"):
        yield Path(command).resolve().parents[1]
    for folder in map(Path, JAVA_FOLDERS):
        for home in sorted(folder.glob("*")):
            yield home / "Contents" / "Home" if (home / "Contents").is_dir() else home


def _java_version(home: Path) -> int:
    """The major version of a Java installation; 0 if there is none."""
    release = home / "release"
    if not (home / "bin" / "java").exists() or not release.exists():
        return 0
    version = re.search(r'^JAVA_VERSION="(\d+)', release.read_text("utf-8"), re.MULTILINE)
    return int(version[1]) if version else 0
