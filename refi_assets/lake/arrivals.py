"""Arrivals: whether the raw zone has changed since a run was last asked for, and whether it is time for the next.

By level, not by event: each look lists the raw zone as it is and compares fingerprints (keys, sizes, ETags), so
that nothing is missed by a look that failed or never took place. What a look must remember fits into a cursor.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict

from refi_assets.lake.objects import ObjectStore
from refi_assets.lake.raw_zone import raw_objects

RECENT_LOAD_DATES = 14  # of each source; changes in older ones are told, but not apart

Fingerprints = dict[date, str]  # by load date


class Seen(BaseModel):
    """What the last look saw, and which snapshot a run was last asked for.

    `recent` holds fingerprints by source and load date; `older` one for all load dates before the recent ones.
    `requested` is the snapshot of the last request, as 'load date fingerprint' by source.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recent: dict[str, Fingerprints] = {}
    older: dict[str, str] = {}
    changed_at: datetime | None = None
    requested: dict[str, str] = {}
    run_key: str = ""


@dataclass(frozen=True)
class Look:
    """What a look found. With a `run_key`, a run is to be asked for; `new` maps sources to load dates then."""

    seen: Seen
    message: str
    run_key: str | None = None
    new: dict[str, date] = field(default_factory=dict)


def look(
    lake: ObjectStore, due_every_days: Mapping[str, int], seen: Seen, as_of: date, now: datetime, quiet: timedelta
) -> Look:
    """Look at the raw zone. `due_every_days` says of each source how often it comes.

    A run is to be asked for when the snapshot as of the day is another than that of the last request, and it is
    complete: every source that is due has arrived, or nothing has arrived for the quiet period. Its key is made of
    the snapshot and of the key before, so that a snapshot that comes back after another gets a run again.
    """
    found = {source: _fingerprints(lake, source) for source in due_every_days}
    changes = [change for source in due_every_days for change in _changes(source, found[source], seen)]
    snapshot = {source: max((day for day in days if day <= as_of), default=None) for source, days in found.items()}
    current = {source: f"{day} {found[source][day]}" for source, day in snapshot.items() if day is not None}
    now_seen = seen.model_copy(
        update={
            "recent": {source: dict(sorted(days.items())[-RECENT_LOAD_DATES:]) for source, days in found.items()},
            "older": {s: _rolled(days, sorted(days)[-RECENT_LOAD_DATES:][:1]) for s, days in found.items()},
            "changed_at": now if changes or seen.changed_at is None else seen.changed_at,
        }
    )
    new = {s: day for s, day in snapshot.items() if day is not None and current[s] != seen.requested.get(s)}
    told = "" if seen.changed_at is None or not changes else f" Changed since the last look: {', '.join(changes)}."
    if never := [source for source, day in snapshot.items() if day is None]:
        return Look(now_seen, f"Waiting for the first files of {', '.join(never)}.{told}")
    if not new:
        return Look(now_seen, f"The snapshot as of {as_of} is the one that was run last.{told}")
    due = [s for s, day in snapshot.items() if day is not None and (as_of - day).days >= due_every_days[s]]
    quiet_from = (now_seen.changed_at or now) + quiet
    if due and now < quiet_from:
        return Look(now_seen, f"Waiting for {', '.join(due)}, or until {quiet_from:%H:%M:%S} if nothing comes.{told}")
    run_key = hashlib.sha256("\n".join([seen.run_key, *sorted(current.values())]).encode()).hexdigest()[:32]
    named = ", ".join(f"{source} {day}" for source, day in new.items())
    return Look(
        now_seen.model_copy(update={"requested": current, "run_key": run_key}), f"New: {named}.{told}", run_key, new
    )


def _fingerprints(lake: ObjectStore, source: str) -> Fingerprints:
    digests: dict[date, hashlib._Hash] = {}
    for load_date, info in raw_objects(lake, source):
        line = f"{info.key}\0{info.size}\0{info.etag}\n"
        digests.setdefault(load_date, hashlib.sha256()).update(line.encode())
    return {day: digest.hexdigest()[:32] for day, digest in digests.items()}


def _rolled(days: Fingerprints, first_recent: list[date]) -> str:
    older = sorted(f"{day} {text}" for day, text in days.items() if first_recent and day < first_recent[0])
    return hashlib.sha256("\n".join(older).encode()).hexdigest()[:32] if older else ""


def _changes(source: str, found: Fingerprints, seen: Seen) -> Iterator[str]:
    """Load dates of a source that are not as they were seen, in words."""
    recent = seen.recent.get(source, {})
    first_recent = min(recent, default=date.min)
    for day in sorted(found.keys() | recent.keys()):
        if day >= first_recent and found.get(day) != recent.get(day):
            yield f"{source} {day}"
    if recent and _rolled(found, [first_recent]) != seen.older.get(source, ""):
        yield f"{source} before {first_recent}"
