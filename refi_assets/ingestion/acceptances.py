"""Accepted findings: a failed check of one snapshot, with the reason to accept it.

An acceptance is an object in the lake, under the snapshot's own hash, so that it is valid for these bytes only, in any
run.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Any

from refi_assets.errors import SourceError
from refi_assets.ingestion.raw_zone import find_snapshot
from refi_assets.ingestion.snapshots import ScannedSnapshot
from refi_assets.lake import ObjectStore
from refi_assets.lake.hashes import Hashes

# The checks on a snapshot as a whole, which may be wrong about it.
ACCEPTABLE = ("rows_not_fallen", "medians_plausible", "profile_steady", "ids_not_shared")


def accept_check(lake: ObjectStore, source: str, as_of: date, check: str, reason: str) -> str:
    """Accept a failed check of a source's snapshot as of a day; returns the reason in force, which is the first one.

    Raises SourceError if there is no snapshot.
    """
    snapshot = find_snapshot(lake, source, as_of)
    if snapshot is None:
        raise SourceError(f"{source}: no file with a load date on or before {as_of}, so there is no check to accept.")
    hashes = [Hashes(lake).of_object(info) for info in snapshot.objects]
    return restore_acceptance(lake, source, snapshot.load_date, hashes, check, reason)


def restore_acceptance(
    lake: ObjectStore, source: str, load_date: date, hashes: Iterable[str], check: str, reason: str
) -> str:
    """Accept a check of the snapshot whose files have these hashes, as in a manifest. Returns as accept_check()."""
    key = f"{_folder(source, load_date, hashes)}/{check}.json"
    lake.create_json(key, {"source": source, "check": check, "reason": reason})
    return str(lake.get_json(key)["reason"])


def acceptances(lake: ObjectStore, snapshot: ScannedSnapshot) -> list[dict[str, Any]]:
    """The accepted checks of a snapshot: source, check, reason."""
    return [lake.get_json(info.key) for info in lake.objects(_folder_of(snapshot))]


def reason_to_accept(lake: ObjectStore, snapshot: ScannedSnapshot, check: str) -> str | None:
    """The reason for which a check of a snapshot was accepted; None if it was not."""
    acceptance: dict[str, str] | None = lake.get_json(f"{_folder_of(snapshot)}/{check}.json")
    return acceptance["reason"] if acceptance else None


def _folder_of(snapshot: ScannedSnapshot) -> str:
    return _folder(snapshot.source, snapshot.load_date, (file.sha256 for file in snapshot.files))


def _folder(source: str, load_date: date, hashes: Iterable[str]) -> str:
    """A folder by the set of hashes, so that a copy of a file changes nothing."""
    content = hashlib.sha256("\n".join(sorted(set(hashes))).encode()).hexdigest()
    return f"accepted/{source}/{load_date}/{content}"
