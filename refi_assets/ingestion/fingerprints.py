"""Fingerprints of the load dates of a source: from the keys, sizes and ETags of their files.

The recent load dates are the newest ones, and always include the snapshot as of the day. Comparing them with those of
the last look belongs to arrivals.py, older ones to sweeps.py.
"""

import hashlib
from collections.abc import Collection, Iterator
from datetime import date

from refi_assets.ingestion.raw_zone import Place, arrivals_between, load_dates_of, objects_of
from refi_assets.lake.objects import ObjectInfo, ObjectStore

RECENT_LOAD_DATES = 14  # of each source; changes in older ones are reported, but not by load date
FINGERPRINT_LIMIT = 1 << 128
SUM_LIMIT = 1 << 63

Fingerprints = dict[date, str]  # by load date


def fingerprint_of(files: list[ObjectInfo]) -> str:
    """The fingerprint of files, or empty if there are none: the sum of the fingerprints of the single files."""
    hashes = (hashlib.sha256(f"{info.key}\0{info.size}\0{info.etag}".encode()).digest() for info in files)
    total = sum(int.from_bytes(sha256[:16], "big") for sha256 in hashes)
    return f"{total % FINGERPRINT_LIMIT:032x}" if files else ""


def summand_of(fingerprint: str | None) -> int:
    """A fingerprint as a part of the sum of all load dates of a source, which is taken modulo SUM_LIMIT."""
    return int(fingerprint or "0", 16) % SUM_LIMIT


def recent_fingerprints(
    lake: ObjectStore, source: str, last_seen: Fingerprints, as_of: date, places: Collection[Place] | None
) -> Fingerprints:
    """Fingerprints of the recent load dates of a source. With `places`, only these are listed, the rest is `last_seen`.

    If the snapshot turns out to be gone, all are listed, since the one before it may not be in `last_seen`.
    """
    if places is not None:
        days = [day for name, day in places if name == source and not _is_outdated(day, last_seen, as_of)]
        listed = {day: fingerprint_of(objects_of(lake, source, day)) for day in days}
        fingerprints = {day: fingerprint for day, fingerprint in (last_seen | listed).items() if fingerprint}
        if not days or any(day <= as_of for day in fingerprints):
            return _recent(fingerprints, as_of)
    fingerprints = {}
    for first in _starting_points(lake, source, last_seen, as_of):
        files_of: dict[date, list[ObjectInfo]] = {}
        for day, files in arrivals_between(lake, source, first, date.max):
            files_of.setdefault(day, []).extend(files)
        fingerprints = {day: fingerprint_of(files) for day, files in files_of.items() if files}
        if _is_enough(fingerprints, as_of):
            break
    return _recent(fingerprints, as_of)


def _starting_points(lake: ObjectStore, source: str, last_seen: Fingerprints, as_of: date) -> Iterator[date]:
    """Load dates from which to list, each further back, since any of the later ones may turn out to be empty."""
    if _is_enough(last_seen, as_of):
        yield min(last_seen)
    days = load_dates_of(lake, source)
    past = [day for day in days if day <= as_of]
    count, first = 1, None
    while days and first != days[0]:
        first = min(days[-RECENT_LOAD_DATES * count :] + past[-count:])
        yield first
        count *= 2


def _is_enough(fingerprints: Fingerprints, as_of: date) -> bool:
    """Whether no older load date can be recent."""
    return len(fingerprints) >= RECENT_LOAD_DATES and min(fingerprints) <= as_of


def _is_outdated(day: date, last_seen: Fingerprints, as_of: date) -> bool:
    """Whether a load date cannot be recent, whatever happens in it."""
    newer = {seen: fingerprint for seen, fingerprint in last_seen.items() if seen > day}
    return day not in last_seen and _is_enough(newer, as_of)


def _recent(fingerprints: Fingerprints, as_of: date) -> Fingerprints:
    snapshot = max((day for day in fingerprints if day <= as_of), default=None)
    days = {*sorted(fingerprints)[-RECENT_LOAD_DATES:], snapshot}
    return {day: fingerprints[day] for day in sorted(fingerprints) if day in days}


def first_newest(recent: Fingerprints) -> date | None:
    """The first of the newest load dates; None if there may be no older ones."""
    return sorted(recent)[-RECENT_LOAD_DATES] if len(recent) >= RECENT_LOAD_DATES else None


def changed_load_dates(recent: Fingerprints, last_seen: Fingerprints) -> list[date]:
    """Load dates whose fingerprints have changed, without those that newer ones have replaced."""
    oldest = min(recent, default=date.min)
    is_full = len(recent) >= RECENT_LOAD_DATES
    days = [day for day in recent.keys() | last_seen.keys() if recent.get(day) != last_seen.get(day)]
    return sorted(day for day in days if day >= oldest or not is_full)
