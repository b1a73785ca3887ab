"""Retention: which relations and leftovers of runs are deleted from the lake, and when.

Published files, manifests and inputs are never deleted, so that a publication can be computed again. A run's relations
are kept while one of the newest manifests of any publication names them, or they are the newest of their asset, or
a kept relation was derived from them. Only its age distinguishes a run under way from one that was killed.
"""

import json
import re
import time
from collections.abc import Iterable
from datetime import timedelta

from refi_assets.lake.memo import entries_of
from refi_assets.lake.objects import ObjectStore
from refi_assets.lake.relations import Relation, RunFolder
from refi_assets.publishing.masked_copies import delete_old_copies
from refi_assets.publishing.publication import Publication, publications, published_run_ids


def runs_behind(relations: Iterable[Relation]) -> list[str]:
    """The runs whose folders contain these relations' records and data, sorted."""
    run_ids: set[str] = set()
    for relation in relations:
        run_ids |= {relation.run_id, relation.made_by or relation.run_id}
        run_ids |= _runs_in(relation.model_dump_json())
    return sorted(run_ids)


def clean_up(lake: ObjectStore, keep_runs: int, older_than: timedelta) -> int:
    """Delete unneeded relations and leftovers; returns the number of objects, including unfinished uploads.

    The newest `keep_runs` manifests of each publication keep the runs they name. Since deleting reads every run,
    it starts only when there are a tenth more. A run that published nothing, and an old copy for analysts, are deleted
    once nothing was added to them for `older_than`.
    """
    before = time.time() - older_than.total_seconds()
    run_ids = set(lake.folders("runs"))
    abandoned = {run_id for run_id in run_ids - published_run_ids(lake) if _last_change(lake, run_id) < before}
    kept_by_name = {publication: _newest(lake, publication, run_ids, keep_runs) for publication in publications(lake)}
    overdue = {
        run_id
        for publication, kept in kept_by_name.items()
        if len(published := run_ids.intersection(publication.run_ids(lake))) > keep_runs + keep_runs // 10
        for run_id in published - kept
    }
    unneeded = abandoned | overdue
    if unneeded:
        unneeded -= _named(lake, kept_by_name)
    if unneeded:
        under_way = run_ids - published_run_ids(lake) - abandoned
        unneeded -= _newest_of_assets(lake, run_ids, under_way)
    keys = [
        key
        for publication in kept_by_name
        for run_id in unneeded & abandoned
        if lake.find(key := publication.file_key(run_id))
    ]
    keys += entries_of(lake, unneeded)
    lake.delete(keys)
    removed = len(keys) + lake.delete_unfinished(before) + delete_old_copies(lake, before)
    return removed + sum(_remove_run(lake, run_id) for run_id in unneeded)


def shown_run_ids(lake: ObjectStore) -> set[str]:
    """The runs whose tables a catalog keeps: the latest of each publication, and all that published nothing."""
    latest = {commit["run_id"] for publication in publications(lake) if (commit := publication.latest(lake))}
    return latest | (set(lake.folders("runs")) - published_run_ids(lake))


def _last_change(lake: ObjectStore, run_id: str) -> float:
    return lake.last_change(f"runs/{run_id}")


def _newest(lake: ObjectStore, publication: Publication, run_ids: set[str], keep: int) -> set[str]:
    """The newest runs of a publication, and its latest."""
    published = run_ids.intersection(publication.run_ids(lake))
    if len(published) > keep:
        published = set(sorted(published, key=lambda run_id: _last_change(lake, run_id), reverse=True)[:keep])
    latest = publication.latest(lake)
    return published | ({latest["run_id"]} if latest else set())


def _named(lake: ObjectStore, kept_by_name: dict[Publication, set[str]]) -> set[str]:
    """The runs that kept manifests name."""
    manifests = (publication.manifest(lake, run_id) for publication, kept in kept_by_name.items() for run_id in kept)
    return {run_id for manifest in filter(None, manifests) for run_id in manifest["runs"]}


def _newest_of_assets(lake: ObjectStore, run_ids: set[str], under_way: set[str]) -> set[str]:
    """The runs behind the newest relation of each asset, and behind every relation of runs that are under way."""
    newest: dict[str, str] = {}
    unfinished: set[tuple[str, str]] = set()
    for run_id in sorted(run_ids, key=lambda run_id: _last_change(lake, run_id), reverse=True):
        for info in lake.objects(f"runs/{run_id}"):
            key = info.key.removeprefix(f"runs/{run_id}/").removesuffix(".json")
            if info.key.endswith(".json") and key.count("/") == 1:
                newest.setdefault(key, run_id)
                if run_id in under_way:
                    unfinished.add((key, run_id))
    kept: set[str] = set()
    seen = unfinished | set(newest.items())
    waiting = list(seen)
    while waiting:
        key, run_id = waiting.pop()
        record = lake.get_json(RunFolder(lake, run_id).key(key, ".json")) or {}
        kept |= {run_id, record.get("made_by") or run_id, *_runs_in(json.dumps(record))}
        inputs = set(record.get("inputs", {}).items()) - seen
        seen |= inputs
        waiting += inputs
    return kept


def _runs_in(text: str) -> set[str]:
    return set(re.findall(r'"runs/([^/"]+)/', text))


def _remove_run(lake: ObjectStore, run_id: str) -> int:
    """Delete a run's folder and the tables it wrote elsewhere; returns the number of objects.

    A table that it reused (`made_by`) belongs to another run and stays.
    """
    keys = [info.key for info in lake.objects(f"runs/{run_id}")]
    records = [lake.get_json(key) or {} for key in keys if key.endswith(".json")]
    tables = [record.get("parquet") for record in records if not record.get("made_by")]
    elsewhere = [table.rstrip("/") for table in tables if table and not table.startswith("runs/")]
    keys += [info.key for table in elsewhere for info in lake.objects(table)]
    for folder in (*elsewhere, f"runs/{run_id}"):
        lake.delete_folder(folder)
    return len(keys)
