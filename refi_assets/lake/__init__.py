"""The lake: zones, objects, and the relations that runs leave in it."""

from refi_assets.lake.folder_store import FolderStore
from refi_assets.lake.objects import ObjectInfo, ObjectStore
from refi_assets.lake.opening import open_lake
from refi_assets.lake.relations import NO_DETAILS, Details, Relation, RunFolder

__all__ = [
    "NO_DETAILS",
    "Details",
    "FolderStore",
    "ObjectInfo",
    "ObjectStore",
    "Relation",
    "RunFolder",
    "open_lake",
]
