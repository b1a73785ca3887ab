"""The lake: zones, objects, and the relations that runs leave in it."""

from refi_assets.lake.folder_store import FolderStore
from refi_assets.lake.objects import ObjectInfo, ObjectStore
from refi_assets.lake.opening import open_lake
from refi_assets.lake.raw_zone import Snapshot, SourceFile, find_snapshot, ingest_folder, load_dates
from refi_assets.lake.relations import Relation, RunFolder

__all__ = [
    "FolderStore",
    "ObjectInfo",
    "ObjectStore",
    "Relation",
    "RunFolder",
    "Snapshot",
    "SourceFile",
    "find_snapshot",
    "ingest_folder",
    "load_dates",
    "open_lake",
]
