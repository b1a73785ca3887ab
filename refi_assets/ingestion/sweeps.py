"""Sweeps: listing all load dates of a source in parts, over several looks, to notice changes in old ones.

A sweep sums up the fingerprints of all load dates. On S3, a look lists a limited number of files; in a folder, all.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date

from pydantic import BaseModel

from refi_assets.ingestion.fingerprints import SUM_LIMIT, Fingerprints, fingerprint_of, first_newest, summand_of
from refi_assets.ingestion.raw_zone import arrivals_between
from refi_assets.lake.folder_store import FolderStore
from refi_assets.lake.objects import ObjectInfo, ObjectStore

SWEEP_FILES = 900  # of older load dates in one look on S3: usually one request, of 1,000 keys


class Sweep(BaseModel):
    """The state of a sweep from the oldest load date to the newest: the next load date, and the sum so far.

    Of the load date `goes_on`, the files up to the key `after` are already in the `total`.
    """

    goes_on: date = date.min
    after: str = ""
    total: int = 0


def continue_sweeps(
    lake: ObjectStore, sweeps: Mapping[str, Sweep], recent: Mapping[str, Fingerprints]
) -> tuple[dict[str, Sweep], dict[str, int]]:
    """Continue the sweeps of all sources; returns the unfinished ones, and the totals of the finished ones."""
    unfinished: dict[str, Sweep] = {}
    totals: dict[str, int] = {}
    budget: float = math.inf if isinstance(lake, FolderStore) else SWEEP_FILES
    for source, sweep in sweeps.items():
        if budget <= 0:
            unfinished[source] = sweep
            continue
        total, file_count, stop = _sum_older(lake, source, sweep, recent[source], budget)
        budget -= file_count
        days = [day for day in recent[source] if day >= sweep.goes_on and (stop is None or day < stop.goes_on)]
        total = (total + sum(summand_of(recent[source][day]) for day in days)) % SUM_LIMIT
        if stop is None:
            totals[source] = total
        else:
            unfinished[source] = stop.model_copy(update={"total": total})
    return unfinished, totals


def _sum_older(
    lake: ObjectStore, source: str, sweep: Sweep, recent: Fingerprints, budget: float
) -> tuple[int, int, Sweep | None]:
    """Sum up older load dates: the total, the number of files listed, where to continue if the budget is spent."""
    total, file_count = sweep.total, 0
    for day, files in _older_load_dates(lake, source, sweep, recent):
        total += summand_of(fingerprint_of(files))
        file_count += len(files)
        if file_count >= budget:
            return total, file_count, Sweep(goes_on=day, after=files[-1].key)
    return total, file_count, None


def _older_load_dates(
    lake: ObjectStore, source: str, sweep: Sweep, recent: Fingerprints
) -> Iterator[tuple[date, list[ObjectInfo]]]:
    """Load dates that are not recent, from where the sweep continues, with their files as they are listed."""
    last = first_newest(recent)
    if last is not None:
        for day, files in arrivals_between(lake, source, sweep.goes_on, last, sweep.after):
            if day not in recent:
                yield day, files
