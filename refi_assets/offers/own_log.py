"""The source offer_log: the offers that customers have heard of from us, put into the raw zone by the runs themselves.

A run puts what the stores of all programs have and the newest snapshot lacks, before it reads the sources; from there
on, it is a source like any other. A snapshot has the newest day on which a customer heard of an offer of a program,
and nothing that was in the one before is lost. No file is ever replaced, so that a manifest that names it can be
replayed: the first file of a load date has everything, each later one what has happened since.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from refi_assets.errors import SourceError, StoreError
from refi_assets.ingestion.raw_zone import Snapshot, find_snapshot
from refi_assets.lake import ObjectStore, RunFolder
from refi_assets.offers.manifest import CONTENTS
from refi_assets.offers.storing import StoredDetails
from refi_assets.publishing.publication import Publication
from refi_assets.specs.programs import programs_of
from refi_assets.store.failures import in_words
from refi_assets.store.offer_log import UNKNOWN, HeardOffer, offers_heard_of
from refi_assets.store.sqlite_store import store_root

OFFER_LOG = "offer_log"
COLUMNS = ("program_id", *HeardOffer._fields)

_KEY = re.compile("[a-z0-9_]+")  # of a program: other names are not its stores

Heard = dict[tuple[str, str], HeardOffer]  # by program_id and customer_id, the newest day


def put_offer_log(lake: ObjectStore, as_of: date) -> None:
    """Put into the raw zone what the newest snapshot as of a day lacks; nothing if it lacks nothing.

    Raises StoreError if a store cannot be read, or has gone, and SourceError if the snapshot is not ours.
    """
    root = store_root(lake.name)
    _require_stores(lake, root)
    snapshot = find_snapshot(lake, OFFER_LOG, as_of)
    before = _newest_of(lake, snapshot)
    last: dict[str, HeardOffer] = {}
    for (program_id, _), heard in before.items():
        last[program_id] = max(last.get(program_id, heard), heard)
    new: Heard = {}
    for folder in _folders(root):
        program_id = folder.name.replace("_", "-")
        for heard in offers_heard_of(folder, last.get(program_id)):
            _keep_newest(new, (program_id, heard.customer_id), heard)
    new = {key: heard for key, heard in new.items() if key not in before or heard.offered_on > before[key].offered_on}
    if snapshot is None or (new and snapshot.load_date != as_of):
        _put(lake, as_of, before | new)
    elif new:
        _put(lake, as_of, new)


def _require_stores(lake: ObjectStore, root: Path) -> None:
    """Raise StoreError if runs of this lake stored offers of a program whose store is not there.

    Without it, a disk that is not mounted would look like a program that has never made an offer.
    """
    for program in programs_of("offers"):
        folder = root / program.key
        with in_words(folder, UNKNOWN):
            if folder.is_dir():
                continue
        for commit in reversed(Publication(program.key, CONTENTS).commits(lake)):
            stored = RunFolder(lake, commit["run_id"]).find(f"{program.key}/stored")
            if stored is not None and stored.details_as(StoredDetails).not_stored is None:
                raise StoreError(
                    f"{folder}: the store is not there, but run {stored.run_id} has stored offers. {UNKNOWN}. Mount or "
                    "restore it, or correct REFI_STORE_DIR. Only if it is lost for good, create the empty folder: "
                    f"then what has happened since that run is forgotten."
                )


def _folders(root: Path) -> list[Path]:
    """The stores of all programs, also of those that the project no longer has."""
    with in_words(root, UNKNOWN):
        folders = [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []
    return sorted(folder for folder in folders if _KEY.fullmatch(folder.name))


def _newest_of(lake: ObjectStore, snapshot: Snapshot | None) -> Heard:
    """The rows of a snapshot. Raises SourceError if a file is not one that this module has put."""
    newest: Heard = {}
    for info in snapshot.objects if snapshot else ():
        try:
            with lake.open(info.key) as stream:
                rows = csv.reader(io.TextIOWrapper(stream, "utf-8", newline=""))
                if tuple(next(rows)) != COLUMNS:
                    raise ValueError("another header")
                for program_id, sequence, *cells in rows:
                    heard = HeardOffer(int(sequence), *cells)
                    _keep_newest(newest, (program_id, heard.customer_id), heard)
        except (ValueError, TypeError, StopIteration, csv.Error):
            raise SourceError(
                f"{info.key} is not a file of the offer log, which only the platform writes. Remove it, then run again."
            ) from None
    return newest


def _keep_newest(newest: Heard, key: tuple[str, str], heard: HeardOffer) -> None:
    if key not in newest or heard.offered_on >= newest[key].offered_on:
        newest[key] = heard


def _put(lake: ObjectStore, as_of: date, heard: Heard) -> None:
    """Put rows as a file whose name is that of its contents, so that two runs at once do no harm."""
    data = _as_csv(sorted((program_id, *offer) for (program_id, _), offer in heard.items()))
    name = f"{OFFER_LOG}-{hashlib.sha256(data).hexdigest()[:16]}.csv"
    lake.put(f"raw/{OFFER_LOG}/load_date={as_of}/{name}", data)


def _as_csv(rows: Iterable[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()
