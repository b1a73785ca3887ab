"""Arrivals: whether the raw zone has changed since the last run was requested, and whether it is time for the next.

By level, not by event: a look lists the raw zone and compares fingerprints, so that nothing is missed if a look failed
or did not take place. Events only say which load dates to list; reading them belongs to arrival_events.py. Everything
that a look must remember fits into a cursor.
"""

import hashlib
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict

from refi_assets.ingestion.fingerprints import (
    SUM_LIMIT,
    Fingerprints,
    changed_load_dates,
    recent_fingerprints,
    summand_of,
)
from refi_assets.ingestion.raw_zone import Place
from refi_assets.ingestion.sweeps import Sweep, continue_sweeps
from refi_assets.lake.folder_store import FolderStore
from refi_assets.lake.objects import ObjectStore

SOURCES_AT_ONCE = 4  # listed in parallel, since a request spends most of its time waiting


class Seen(BaseModel):
    """The state of the raw zone at the last look, and the snapshot for which a run was last requested.

    `recent` has fingerprints by source and load date. `totals` has the sum of the fingerprints of all load dates of a
    source; `sweeps` are sums that are being computed again, once a day (`swept_on`). `requested` is the snapshot of the
    last request, as 'load date fingerprint' by source. `woken` and `receipts` are the places that events named, and
    the messages to delete once this is recorded.
    """

    model_config = ConfigDict(frozen=True)

    recent: dict[str, Fingerprints] = {}
    totals: dict[str, int] = {}
    sweeps: dict[str, Sweep] = {}
    swept_on: date | None = None
    changed_at: datetime | None = None
    requested: dict[str, str] = {}
    run_key: str = ""
    woken: list[Place] = []
    receipts: list[str] = []


@dataclass(frozen=True)
class Look:
    """The result of a look. With a `run_key`, a run is to be requested; `new` then maps sources to load dates."""

    seen: Seen
    message: str
    run_key: str | None = None
    new: dict[str, date] = field(default_factory=dict)


def look_for_arrivals(
    lake: ObjectStore,
    due_every_days: Mapping[str, int],
    seen: Seen,
    as_of: date,
    now: datetime,
    quiet: timedelta,
    woken: Collection[Place] | None = None,
) -> Look:
    """Look at the raw zone. `due_every_days` maps each source to its cadence.

    A run is to be requested when the snapshot as of the day differs from that of the last request and is complete:
    every source that is due has arrived, or nothing has arrived for the quiet period.

    With `woken`, only these places are listed, and the rest of the raw zone is taken to be unchanged. The first look of
    a day, and one that requests a run, list the recent load dates of every source. Older ones are listed once a day on
    S3, some at each look; in a folder at every look.
    """
    begins_sweep = isinstance(lake, FolderStore) or seen.swept_on != as_of
    sweeps = {**dict.fromkeys(due_every_days, Sweep()), **seen.sweeps} if begins_sweep else seen.sweeps
    places = None if sweeps else woken

    def recent_of(source: str) -> Fingerprints:
        return recent_fingerprints(lake, source, seen.recent.get(source, {}), as_of, places)

    with ThreadPoolExecutor(SOURCES_AT_ONCE) as threads:
        recent = dict(zip(due_every_days, threads.map(recent_of, due_every_days), strict=True))
    unfinished, totals = continue_sweeps(lake, sweeps, recent)
    changes, expected_totals = _changes(seen, recent, totals)
    now_seen = seen.model_copy(
        update={
            "recent": recent,
            "totals": expected_totals | totals,
            "sweeps": unfinished,
            "swept_on": as_of,
            "changed_at": now if changes or seen.changed_at is None else seen.changed_at,
        }
    )
    look = _decide(now_seen, due_every_days, as_of, now, quiet)
    if look.run_key and places is not None:  # an event may be lost, and `new` must be what the run will read
        return look_for_arrivals(lake, due_every_days, seen, as_of, now, quiet)
    if changes and seen.changed_at is not None:
        look = replace(look, message=f"{look.message} Changed since the last look: {', '.join(changes)}.")
    return look


def _changes(
    seen: Seen, recent: Mapping[str, Fingerprints], totals: Mapping[str, int]
) -> tuple[list[str], dict[str, int]]:
    """The changed places, and the totals as they are after the changes in recent load dates.

    If a finished sweep has another total, something changed in an older load date.
    """
    changes, older_changes, expected_totals = [], [], {}
    for source, fingerprints in recent.items():
        last_seen = seen.recent.get(source, {})
        days = changed_load_dates(fingerprints, last_seen)
        changes += [f"{source} {day}" for day in days]
        if source in seen.totals:
            counted = [day for day in days if day >= min(last_seen, default=date.min)]
            change = sum(summand_of(fingerprints.get(day)) - summand_of(last_seen.get(day)) for day in counted)
            expected_totals[source] = (seen.totals[source] + change) % SUM_LIMIT
            if last_seen and totals.get(source, expected_totals[source]) != expected_totals[source]:
                older_changes.append(f"{source} before {min(last_seen)}")
    return changes + older_changes, expected_totals


def _decide(seen: Seen, due_every_days: Mapping[str, int], as_of: date, now: datetime, quiet: timedelta) -> Look:
    """Whether to request a run.

    The run key is derived from the snapshot and the last key, so a snapshot that comes back after another is run again.
    """
    snapshot = {
        source: max((day for day in fingerprints if day <= as_of), default=None)
        for source, fingerprints in seen.recent.items()
    }
    if missing := [source for source, day in snapshot.items() if day is None]:
        return Look(seen, f"Waiting for the first files of {', '.join(missing)}.")
    load_date_of = {source: day for source, day in snapshot.items() if day is not None}
    current = {source: f"{day} {seen.recent[source][day]}" for source, day in load_date_of.items()}
    new = {source: day for source, day in load_date_of.items() if current[source] != seen.requested.get(source)}
    if not new:
        return Look(seen, f"The snapshot as of {as_of} is the one that was run last.")
    due = [source for source, day in load_date_of.items() if (as_of - day).days >= due_every_days[source]]
    quiet_from = (seen.changed_at or now) + quiet
    if due and now < quiet_from:
        return Look(seen, f"Waiting for {', '.join(due)}, or until {quiet_from:%H:%M:%S} if nothing comes.")
    run_key = hashlib.sha256("\n".join([seen.run_key, *sorted(current.values())]).encode()).hexdigest()[:32]
    shown = ", ".join(f"{source} {day}" for source, day in new.items())
    requested = seen.model_copy(update={"requested": current, "run_key": run_key})
    return Look(requested, f"New: {shown}.", run_key, new)
