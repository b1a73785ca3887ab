"""Findings that people let pass: a check of one snapshot, with their reason.

An acceptance is an object in the lake, under the snapshot's own hash, so that it holds for these bytes alone, whoever
runs them.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Any

from refi_assets.errors import SourceError
from refi_assets.ingestion.raw_zone import find_snapshot
from refi_assets.ingestion.snapshots import ScannedSnapshot
from refi_assets.lake import ObjectStore

# The checks that look at a snapshot as a whole, and may be wrong about it.
ACCEPTABLE = ("rows_not_fallen", "medians_plausible", "profile_steady", "ids_not_shared")


def accept(lake: ObjectStore, source: str, as_of: date, check: str, reason: str) -> None:
    """Let a check of a source's snapshot as of a day pass. The first reason stays. Raises SourceError."""
    snapshot = find_snapshot(lake, source, as_of)
    if snapshot is None:
        raise SourceError(f"{source}: no file with a load date on or before {as_of} whose check could be accepted.")
    names_and_hashes = [f"{info.key} {lake.sha256(info.key)}" for info in snapshot.objects]
    restore(lake, source, names_and_hashes, check, reason)


def restore(lake: ObjectStore, source: str, names_and_hashes: Iterable[str], check: str, reason: str) -> None:
    """Let a check of a known snapshot pass, as a manifest has it."""
    acceptance = {"source": source, "check": check, "reason": reason}
    lake.create_json(f"{_folder(source, names_and_hashes)}/{check}.json", acceptance)


def acceptances(lake: ObjectStore, snapshot: ScannedSnapshot) -> list[dict[str, Any]]:
    """What was accepted of a snapshot: source, check, reason."""
    return [lake.get_json(info.key) for info in lake.objects(_folder(snapshot.source, snapshot.names_and_hashes))]


def reason_to_accept(lake: ObjectStore, snapshot: ScannedSnapshot, check: str) -> str | None:
    """Why a check of a snapshot was accepted; None if it was not."""
    folder = _folder(snapshot.source, snapshot.names_and_hashes)
    acceptance: dict[str, str] | None = lake.get_json(f"{folder}/{check}.json")
    return acceptance["reason"] if acceptance else None


def _folder(source: str, names_and_hashes: Iterable[str]) -> str:
    snapshot = hashlib.sha256("\n".join(names_and_hashes).encode()).hexdigest()
    return f"accepted/{source}/{snapshot}"
