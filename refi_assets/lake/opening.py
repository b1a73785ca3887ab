"""Opening a lake by its URL."""

from refi_assets.lake.folder_store import FolderStore
from refi_assets.lake.objects import ObjectStore
from refi_assets.lake.settings import LakeSettings
from refi_assets.settings import settings_of


def open_lake(url: str, *, create: bool = True) -> ObjectStore:
    """The lake in a folder, or below s3://bucket/prefix. With `create`, a missing folder is created.

    Raises LakeError, or SettingError if a setting that S3 needs is missing.
    """
    if not url.startswith("s3://"):
        return FolderStore(url, create=create)
    from refi_assets.lake.s3_store import S3Store

    return S3Store(url, settings_of(LakeSettings).kms_key_id)
