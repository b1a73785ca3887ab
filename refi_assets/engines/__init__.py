"""Where SQL runs: one file per engine, with the same names in each. Engines know nothing about lending."""

from functools import lru_cache
from typing import TYPE_CHECKING

from refi_assets.engines.base import Engine
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import SettingError
from refi_assets.lake import FolderStore, ObjectStore
from refi_assets.settings import settings_of

if TYPE_CHECKING:
    from refi_assets.engines.athena import AthenaEngine
    from refi_assets.engines.trino import TrinoEngine

WITH_CATALOG = ("athena", "trino")


@lru_cache(maxsize=4)
def open_remote_engine(kind: str, lake: ObjectStore) -> Engine:
    """The deployment's Athena or Trino on a lake on S3, or Spark, shared by all steps of a run in one process.

    Raises SettingError for a lake in a folder, which only Spark can read.
    """
    if kind == "spark":
        from refi_assets.engines.spark import SparkEngine

        return SparkEngine(lake)
    if isinstance(lake, FolderStore):
        raise SettingError(
            f"REFI_ENGINE: {kind} reads a lake on S3, but this lake is the folder {lake}. Set REFI_LAKE_URL to "
            "s3://bucket/prefix, or REFI_ENGINE to duckdb or spark."
        )
    return _remote_engine(kind, lake, settings_of(EngineSettings))


def open_analysts_catalog(kind: str, lake: ObjectStore) -> Engine | None:
    """The deployment's engine with a catalog of its own for analysts, <database>_analysts, which is created if need be.

    None for an engine without a catalog. Raises SettingError or EngineError.
    """
    if kind not in WITH_CATALOG:
        return None
    settings = settings_of(EngineSettings)
    database = f"{settings.glue_database}_analysts"
    own = settings.model_copy(
        update={"glue_database": database, "trino_url": f"{settings.trino_url.rstrip('/')}_analysts"}
    )
    engine = _remote_engine(kind, lake, own)
    engine.create_database()
    return engine


def _remote_engine(kind: str, lake: ObjectStore, settings: EngineSettings) -> "AthenaEngine | TrinoEngine":
    if kind == "athena":
        from refi_assets.engines.athena import AthenaEngine

        return AthenaEngine(lake, settings)
    from refi_assets.engines.trino import TrinoEngine

    return TrinoEngine(lake, settings.trino_url)
