"""What the records of a source hold: of its raw files, of its table in the catalog, and of its typed rows."""

from refi_assets.ingestion.snapshots import ScannedSnapshot
from refi_assets.lake import Details


class SnapshotDetails(Details):
    """Of raw/<source>: the snapshot, the one before it, and what else in the raw zone seems to be the source's."""

    snapshot: ScannedSnapshot
    previous: ScannedSnapshot | None
    others: tuple[str, ...] = ()


class CatalogDetails(Details):
    """Of catalog/<source>: the table, its database if the engine has a catalog, and the types a crawler would infer."""

    table: str
    inferred: dict[str, str]
    inferred_before: dict[str, str] | None
    database: str | None = None


class StagedDetails(Details):
    """Of staging/<source>: the object with its quarantine, and what Staged counted."""

    quarantine: str
    quarantined: dict[str, int]
    nulled: dict[str, int]
    keys: int
    quarantined_keys: tuple[str, ...] = ()  # of some of the rows in quarantine
