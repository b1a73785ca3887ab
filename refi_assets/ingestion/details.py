"""What the records of a source hold: of its raw files, of its table in the catalog, and of its typed rows."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from refi_assets.ingestion.snapshots import ScannedSnapshot
from refi_assets.lake import Details
from refi_assets.specs.outcomes import Cause


class Profile(BaseModel):
    """The numbers of a column: rows of the source, cells that are numbers, quartiles (None without a number).

    `zeros` and `whole` count numbers that are 0, and that have no decimals.
    """

    model_config = ConfigDict(frozen=True)

    rows: int
    numbers: int
    quartile_1: Decimal | None
    median: Decimal | None
    quartile_3: Decimal | None
    zeros: int
    whole: int

    @property
    def nulls(self) -> int:
        """Rows without a number."""
        return self.rows - self.numbers


class SharedValue(BaseModel):
    """The value of a column that most accepted rows have, and of how many rows these are."""

    model_config = ConfigDict(frozen=True)

    value: str
    rows: int
    of: int


class Baseline(BaseModel):
    """The newest published snapshot of an earlier load date: what this one is compared with."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    load_date: date
    rows: int
    profiles: dict[str, Profile] = {}


class SnapshotDetails(Details):
    """Of raw/<source>: the snapshot, the one before it in the raw zone, and the one published before.

    `others`: what else in the raw zone seems to be the source's.
    """

    snapshot: ScannedSnapshot
    previous: ScannedSnapshot | None
    baseline: Baseline | None = None
    others: tuple[str, ...] = ()


class CatalogDetails(Details):
    """Of catalog/<source>: the table, its database if the engine has a catalog, and the types a crawler would infer."""

    table: str
    inferred: dict[str, str]
    inferred_before: dict[str, str] | None
    database: str | None = None


class StagedDetails(Details):
    """Of staging/<source>: the object with its quarantine, and what Staged counted. Old records have less."""

    quarantine: str
    quarantined: dict[str, int]
    nulled: dict[str, int]
    keys: int
    quarantined_keys: tuple[str, ...] = ()  # of some of the rows in quarantine
    emptied: dict[str, dict[str, int]] = Field(default_factory=dict)
    invisible: dict[str, int] = Field(default_factory=dict)
    profiles: dict[str, Profile] = Field(default_factory=dict)
    file_medians: dict[str, dict[str, Decimal]] = Field(default_factory=dict)
    shared: dict[str, SharedValue] = Field(default_factory=dict)
    causes: tuple[Cause, ...] = ()  # of the rows in quarantine, the most frequent first
