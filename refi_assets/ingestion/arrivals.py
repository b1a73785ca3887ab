"""Arrivals: whether the raw zone has changed since a run was last asked for, and whether it is time for the next.

By level, not by event: a look lists what lies in the raw zone and compares fingerprints (keys, sizes, ETags), so
that nothing is missed by a look that failed or never took place. Where there are events, they say only which load
dates to list; reading them belongs to arrival_events.py. What a look must remember fits into a cursor.
"""

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict

from refi_assets.ingestion.raw_zone import Place, arrivals_between, load_dates, objects_of
from refi_assets.lake.folder_store import FolderStore
from refi_assets.lake.objects import ObjectInfo, ObjectStore

RECENT_LOAD_DATES = 14  # of each source, the newest; changes in older ones are told, but not apart
SWEEP_FILES = 900  # of older load dates on S3, after which a look lists no more: mostly one request, of 1,000 keys
SOURCES_AT_ONCE = 4  # that are listed: most of a request is waiting for its answer
FINGERPRINT_LIMIT = 1 << 128
SUM_LIMIT = 1 << 63

Fingerprints = dict[date, str]  # by load date


class Sweep(BaseModel):
    """A listing of all load dates of a source, oldest first, over several looks: where it goes on, the sum so far.

    Of the load date where it goes on, files up to the key `after` are in the sum.
    """

    goes_on: date = date.min
    after: str = ""
    total: int = 0


class Seen(BaseModel):
    """What the last look saw, and which snapshot a run was last asked for.

    `recent` holds fingerprints by source and load date: of the recent ones and of the snapshot. `totals` holds one
    sum of the fingerprints of all load dates of a source, and `sweeps` what is still being summed up anew, begun once
    a day (`swept_on`). `requested` is the snapshot of the last request, as 'load date fingerprint' by source. `woken`
    and `receipts` say what events told, and which of their messages can be deleted once this is recorded.
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
    """What a look found. With a `run_key`, a run is to be asked for; `new` maps sources to load dates then."""

    seen: Seen
    message: str
    run_key: str | None = None
    new: dict[str, date] = field(default_factory=dict)


def look(
    lake: ObjectStore,
    due_every_days: Mapping[str, int],
    seen: Seen,
    as_of: date,
    now: datetime,
    quiet: timedelta,
    woken: Collection[Place] | None = None,
) -> Look:
    """Look at the raw zone. `due_every_days` says of each source how often it comes.

    A run is to be asked for when the snapshot as of the day is another than that of the last request, and it is
    complete: every source that is due has arrived, or nothing has arrived for the quiet period. Its key is made of
    the snapshot and of the key before, so that a snapshot that comes back after another gets a run again.

    With `woken`, the raw zone is taken to be as it was seen but for these places, and only they are listed; but a
    day begins, and a run is asked for, with a look at the recent load dates of every source. Older ones are listed
    once a day on S3, some at each look; in a folder at every look.
    """
    begins = isinstance(lake, FolderStore) or seen.swept_on != as_of
    sweeps = {**dict.fromkeys(due_every_days, Sweep()), **seen.sweeps} if begins else seen.sweeps
    only = None if sweeps else woken
    with ThreadPoolExecutor(SOURCES_AT_ONCE) as threads:
        recent = threads.map(
            lambda source: _recent(lake, source, seen.recent.get(source, {}), as_of, only), due_every_days
        )
        found = dict(zip(due_every_days, recent, strict=True))
    changes = [(source, day) for source in due_every_days for day in _changes(found[source], seen.recent.get(source))]
    totals = {source: _carried(seen, source, found[source], changes) for source in seen.totals}
    sweeps, swept = _sweep(lake, sweeps, found)
    older = [s for s, total in swept.items() if seen.recent.get(s) and totals.get(s, total) != total]
    told = [f"{source} {day}" for source, day in changes]
    told += [f"{source} before {min(seen.recent[source])}" for source in older]

    now_seen = seen.model_copy(
        update={
            "recent": found,
            "totals": totals | swept,
            "sweeps": sweeps,
            "swept_on": as_of,
            "changed_at": now if told or seen.changed_at is None else seen.changed_at,
        }
    )
    also = "" if seen.changed_at is None or not told else f" Changed since the last look: {', '.join(told)}."
    snapshot = {source: max((day for day in days if day <= as_of), default=None) for source, days in found.items()}
    current = {source: f"{day} {found[source][day]}" for source, day in snapshot.items() if day is not None}
    new = {s: day for s, day in snapshot.items() if day is not None and current[s] != seen.requested.get(s)}
    if never := [source for source, day in snapshot.items() if day is None]:
        return Look(now_seen, f"Waiting for the first files of {', '.join(never)}.{also}")
    if not new:
        return Look(now_seen, f"The snapshot as of {as_of} is the one that was run last.{also}")
    due = [s for s, day in snapshot.items() if day is not None and (as_of - day).days >= due_every_days[s]]
    quiet_from = (now_seen.changed_at or now) + quiet
    if due and now < quiet_from:
        return Look(now_seen, f"Waiting for {', '.join(due)}, or until {quiet_from:%H:%M:%S} if nothing comes.{also}")
    if only is not None:  # an event may have been lost, and what is said to be new must be what the run will read
        return look(lake, due_every_days, seen, as_of, now, quiet)
    run_key = hashlib.sha256("\n".join([seen.run_key, *sorted(current.values())]).encode()).hexdigest()[:32]
    named = ", ".join(f"{source} {day}" for source, day in new.items())
    return Look(
        now_seen.model_copy(update={"requested": current, "run_key": run_key}), f"New: {named}.{also}", run_key, new
    )


def _recent(
    lake: ObjectStore, source: str, known: Fingerprints, as_of: date, woken: Collection[Place] | None
) -> Fingerprints:
    """Fingerprints of the newest load dates of a source, and of its snapshot as of the day if that is older."""
    held: Fingerprints = {}
    if woken is not None:
        days = [day for name, day in woken if name == source and not _is_overtaken(day, known, as_of)]
        held = known | {day: _fingerprint(objects_of(lake, source, day)) for day in days}
        held = {day: fingerprint for day, fingerprint in held.items() if fingerprint}
        if not days or any(day <= as_of for day in held):
            return _kept(held, as_of)
        held = {}  # the snapshot is gone, and the one before it is not known
    for first in _starts(lake, source, known, as_of):
        files_of: dict[date, list[ObjectInfo]] = {}
        for day, files in arrivals_between(lake, source, first, date.max):
            files_of.setdefault(day, []).extend(files)
        held = {day: _fingerprint(files) for day, files in files_of.items() if files}
        if _is_enough(held, as_of):
            break
    return _kept(held, as_of)


def _starts(lake: ObjectStore, source: str, known: Fingerprints, as_of: date) -> Iterator[date]:
    """Load dates to list from until enough is found, each further back, as any of them may turn out to be empty."""
    if _is_enough(known, as_of):
        yield min(known)
    days = load_dates(lake, source)
    past = [day for day in days if day <= as_of]
    count, first = 1, None
    while days and first != days[0]:
        first = min(days[-RECENT_LOAD_DATES * count :] + past[-count:])
        yield first
        count *= 2


def _is_enough(held: Fingerprints, as_of: date) -> bool:
    """Whether older load dates are neither recent nor in the snapshot."""
    return len(held) >= RECENT_LOAD_DATES and min(held) <= as_of


def _kept(held: Fingerprints, as_of: date) -> Fingerprints:
    """Those of the recent load dates, and of the snapshot."""
    kept = {*sorted(held)[-RECENT_LOAD_DATES:], max((day for day in held if day <= as_of), default=None)}
    return {day: held[day] for day in sorted(held) if day in kept}


def _is_overtaken(day: date, known: Fingerprints, as_of: date) -> bool:
    """Whether whatever happens in a load date, it is neither recent nor in the snapshot."""
    newer = [other for other in known if other > day]
    return day not in known and len(newer) >= RECENT_LOAD_DATES and min(newer) <= as_of


def _fingerprint(files: list[ObjectInfo]) -> str:
    """The fingerprint of a load date's files; empty if there are none. It is the sum of those of its parts."""
    hashes = (hashlib.sha256(f"{info.key}\0{info.size}\0{info.etag}".encode()).digest() for info in files)
    total = sum(int.from_bytes(sha256[:16], "big") for sha256 in hashes)
    return f"{total % FINGERPRINT_LIMIT:032x}" if files else ""


def _changes(found: Fingerprints, known: Fingerprints | None) -> Iterator[date]:
    """Load dates that are not as they were seen. One that newer ones have pushed out is none of them."""
    oldest = min(found, default=date.min)
    for day in sorted(found.keys() | (known or {}).keys()):
        is_pushed_out = day < oldest and len(found) >= RECENT_LOAD_DATES
        if not is_pushed_out and found.get(day) != (known or {}).get(day):
            yield day


def _carried(seen: Seen, source: str, found: Fingerprints, changes: list[Place]) -> int:
    """The sum of a source's fingerprints as it must be after the changes, if nothing else has changed."""
    known = seen.recent.get(source, {})
    days = [day for name, day in changes if name == source and day >= min(known, default=date.min)]
    return (seen.totals[source] + sum(_term(found.get(day)) - _term(known.get(day)) for day in days)) % SUM_LIMIT


def _term(fingerprint: str | None) -> int:
    return int(fingerprint or "0", 16) % SUM_LIMIT


def _sweep(
    lake: ObjectStore, sweeps: Mapping[str, Sweep], recent: Mapping[str, Fingerprints]
) -> tuple[dict[str, Sweep], dict[str, int]]:
    """Take the sweeps further: those that go on at the next look, and the sums of those that came to their end."""
    left: dict[str, Sweep] = {}
    done: dict[str, int] = {}
    room: float = math.inf if isinstance(lake, FolderStore) else SWEEP_FILES
    for source, sweep in sweeps.items():
        if room <= 0:
            left[source] = sweep
            continue
        total, until, after = sweep.total, None, ""
        for day, files in _older(lake, source, sweep, recent[source]):
            total += _term(_fingerprint(files))
            room -= len(files)
            if room <= 0:
                until, after = day, files[-1].key
                break
        passed = (day for day in recent[source] if sweep.goes_on <= day and (until is None or day < until))
        total = (total + sum(_term(recent[source][day]) for day in passed)) % SUM_LIMIT
        if until is None:
            done[source] = total
        else:
            left[source] = Sweep(goes_on=until, after=after, total=total)
    return left, done


def _older(
    lake: ObjectStore, source: str, sweep: Sweep, recent: Fingerprints
) -> Iterator[tuple[date, list[ObjectInfo]]]:
    """Load dates that are not among the recent ones, from where a sweep goes on, with files as they are listed."""
    if len(recent) >= RECENT_LOAD_DATES:  # else there are no others
        for day, files in arrivals_between(
            lake, source, sweep.goes_on, sorted(recent)[-RECENT_LOAD_DATES], sweep.after
        ):
            if day not in recent:
                yield day, files
