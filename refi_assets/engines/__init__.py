"""Where SQL runs: one file per engine, with the same names in each. Engines know nothing about lending."""

from refi_assets.engines.base import Engine
from refi_assets.errors import SettingError
from refi_assets.lake import FolderStore, ObjectStore


def open_remote_engine(kind: str, lake: ObjectStore) -> Engine:
    """The deployment's engine, Athena or Trino, on a lake on S3. Raises SettingError for a lake in a folder."""
    if isinstance(lake, FolderStore):
        raise SettingError(
            f"REFI_ENGINE: {kind} reads a lake on S3, but this lake is the folder {lake}. Set REFI_LAKE_URL to "
            "s3://bucket/prefix, or REFI_ENGINE to duckdb."
        )
    if kind == "athena":
        from refi_assets.engines.athena import open_athena

        return open_athena(lake)
    from refi_assets.engines.trino import open_trino

    return open_trino(lake)
