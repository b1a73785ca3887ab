"""The memo: earlier results by the fingerprint of their inputs, in memo/<fingerprint>/<run_id>.json.

A fingerprint is a hash of everything that decides a result; its parts are chosen by the caller. An entry belongs to the
run that put it, and is deleted with the run's relations. An entry whose objects are gone is a miss.
"""

import hashlib
import json
from collections.abc import Collection
from typing import Any

from refi_assets.lake.objects import ObjectStore
from refi_assets.lake.relations import Relation, RunFolder

ZONE = "memo"


def fingerprint(**parts: Any) -> str:
    """A hash of named parts, as JSON; a value that JSON does not have is represented by its text."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


class Memo:
    """The memo of a lake."""

    def __init__(self, lake: ObjectStore) -> None:
        self._lake = lake

    def put(self, key: str, run_id: str, value: Any) -> None:
        """Remember a JSON value under a fingerprint, as long as the run's relations exist."""
        self._lake.put_json(f"{ZONE}/{key}/{run_id}.json", value)

    def find(self, key: str) -> list[Any]:
        """The values under a fingerprint, one from each run that put one."""
        values = [self._lake.get_json(info.key) for info in self._lake.objects(f"{ZONE}/{key}")]
        return [value for value in values if value is not None]

    def put_relation(self, relation: Relation) -> None:
        """Remember a relation under its own fingerprint."""
        self.put(relation.fingerprint, relation.run_id, {"run_id": relation.run_id, "key": relation.key})

    def find_relation(self, key: str, fingerprint: str) -> Relation | None:
        """A relation with this key and fingerprint, if all its objects still exist."""
        for value in self.find(fingerprint):
            if value["key"] == key:
                relation = RunFolder(self._lake, value["run_id"]).find(key)
                if relation is not None and relation.fingerprint == fingerprint and self.has(relation.objects):
                    return relation
        return None

    def has(self, keys: Collection[str]) -> bool:
        """Whether all these objects exist; a key that ends in / is a folder with at least one object."""
        return all(
            next(self._lake.objects(key.rstrip("/")), None) if key.endswith("/") else self._lake.find(key)
            for key in keys
        )


def entries_of(lake: ObjectStore, run_ids: Collection[str]) -> list[str]:
    """Object keys of the memo entries that these runs put."""
    keys = [info.key for info in lake.objects(ZONE)] if run_ids else []
    return [key for key in keys if key.rpartition("/")[2].removesuffix(".json") in run_ids]
