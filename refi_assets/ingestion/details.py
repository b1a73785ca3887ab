"""The records of a source: of its raw files, of its table in the catalog, and of its typed rows."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from refi_assets.ingestion.snapshots import ScannedSnapshot
from refi_assets.lake import Details
from refi_assets.specs.outcomes import Cause


class Profile(BaseModel):
    """A numeric column: rows of the source, cells that are numbers, quartiles (None without a number).

    `zeros` counts numbers equal to 0, `whole` those without decimals.
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
    """The most frequent value of a column: in `rows` of the `of` accepted rows."""

    model_config = ConfigDict(frozen=True)

    value: str
    rows: int
    of: int


class Baseline(BaseModel):
    """The newest published snapshot of an earlier load date, with which a new one is compared."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    load_date: date
    rows: int
    profiles: dict[str, Profile]


class SnapshotDetails(Details):
    """For raw/<source>: the snapshot, the previous one in the raw zone, and the last published one.

    `others`: other files and folders in the raw zone that seem to be the source's.
    """

    snapshot: ScannedSnapshot
    previous: ScannedSnapshot | None
    baseline: Baseline | None = None
    others: tuple[str, ...] = ()


class CatalogDetails(Details):
    """For catalog/<source>: the table, its database if the engine has a catalog, and the types a crawler infers."""

    table: str
    inferred: dict[str, str]
    inferred_before: dict[str, str] | None
    database: str | None = None


class StagedCounts(Details):
    """Counts of a staged source.

    Of the accepted rows: `nulled` cells by column, `emptied` cells by column and word (also those in key columns, which
    cost the row), `invisible` characters removed, in cells by column, number of distinct `keys`, and `shared`, the most
    frequent value of some columns. Of all well-formed rows: `profiles` of the numeric columns, `file_medians` in each
    of several files. `quarantined` has rows by reason, `quarantined_keys` the keys of up to ten of them, `causes` the
    causes, the most frequent first.
    """

    quarantined: dict[str, int]
    nulled: dict[str, int]
    keys: int
    quarantined_keys: tuple[str, ...]
    emptied: dict[str, dict[str, int]]
    invisible: dict[str, int]
    profiles: dict[str, Profile]
    file_medians: dict[str, dict[str, Decimal]]
    shared: dict[str, SharedValue]
    causes: tuple[Cause, ...]


class StagedDetails(StagedCounts):
    """For staging/<source>: the counts, and the key of the object with the quarantine."""

    quarantine: str
