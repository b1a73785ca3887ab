"""Left-overs: what runs that published nothing, and puts that were cut short, left in the lake; and old relations.

What a published audience is made of is never a left-over. Of very many published runs the relations of the oldest go,
too; their audiences, manifests and inputs stay, so that they can be made again.
"""

import re
import time
from collections.abc import Iterable
from datetime import timedelta

from refi_assets.lake.objects import ObjectStore
from refi_assets.lake.relations import Relation
from refi_assets.publishing.manifests import manifest_key, published_run_ids, unpublished_run_ids


def runs_behind(relations: Iterable[Relation]) -> list[str]:
    """The runs in whose folders these relations' records and data lie, sorted."""
    found = {relation.run_id for relation in relations}
    for relation in relations:
        found.update(re.findall(r'"runs/([^/"]+)/', relation.model_dump_json()))
    return sorted(found)


def remove_left_overs(lake: ObjectStore, older_than: timedelta) -> int:
    """Delete left-overs to which nothing was added for so long; returns how many objects and unfinished ones.

    A run that is under way is no different from one that was killed, but for its age.
    """
    before = time.time() - older_than.total_seconds()
    abandoned = {run_id for run_id in unpublished_run_ids(lake) if lake.last_change(f"runs/{run_id}") < before}
    if abandoned:
        for run_id in published_run_ids(lake):
            abandoned -= set(lake.get_json(manifest_key(run_id))["runs"])
    keys = [key for run_id in abandoned if lake.find(key := f"output/{run_id}.csv")]
    keys += _pointing_into(lake, abandoned)
    lake.delete(keys)
    removed = len(keys) + lake.delete_unfinished(before)
    return removed + sum(_remove_run(lake, run_id) for run_id in abandoned)


def remove_old_relations(lake: ObjectStore, keep: int, latest_run_id: str) -> int:
    """Delete the relations of all published runs but the newest `keep` and the latest; returns how many objects.

    It is done for a tenth of them at once, as it takes a look at every run.
    """
    there = set(published_run_ids(lake)).intersection(lake.folders("runs"))
    if len(there) <= keep + keep // 10:
        return 0
    newest_first = sorted(there, key=lambda run_id: lake.last_change(f"runs/{run_id}"), reverse=True)
    kept = {latest_run_id, *newest_first[:keep]}
    old = there - kept
    for run_id in kept:
        old -= set(lake.get_json(manifest_key(run_id))["runs"])
    return sum(_remove_run(lake, run_id) for run_id in old)


def _remove_run(lake: ObjectStore, run_id: str) -> int:
    """Delete a run's folder, and tables of its that an engine has put elsewhere; returns how many objects."""
    found = [info.key for info in lake.objects(f"runs/{run_id}")]
    tables = [(lake.get_json(key) or {}).get("parquet") for key in found if key.endswith(".json")]
    elsewhere = [table.rstrip("/") for table in tables if table and not table.startswith("runs/")]
    found += [info.key for table in elsewhere for info in lake.objects(table)]
    for folder in (*elsewhere, f"runs/{run_id}"):
        lake.delete_folder(folder)
    return len(found)


def _pointing_into(lake: ObjectStore, run_ids: set[str]) -> list[str]:
    """What is known of scanned and staged sources, where that is that one of these runs did it."""
    pointers = [info.key for zone in ("scans", "staged") for info in lake.objects(zone)] if run_ids else []
    return [key for key in pointers if any(run_id in str(lake.get_json(key)) for run_id in run_ids)]
