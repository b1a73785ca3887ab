"""Where SQL runs: one file an engine, the same names inside each. Engines know nothing of lending."""

from refi_assets.engines.base import Engine
from refi_assets.errors import SettingError
from refi_assets.lake import FolderStore, ObjectStore


def open_engine(kind: str, lake: ObjectStore) -> Engine:
    """The deployment's engine on a lake, other than DuckDB. Raises SettingError where the two do not go together."""
    if isinstance(lake, FolderStore):
        raise SettingError(
            f"REFI_ENGINE: {kind} reads a lake on S3, and this one is the folder {lake}. Set REFI_LAKE_URL to "
            "s3://bucket/prefix, or REFI_ENGINE to duckdb."
        )
    if kind == "athena":
        from refi_assets.engines.athena import open_athena

        return open_athena(lake)
    from refi_assets.engines.trino import open_trino

    return open_trino(lake)
