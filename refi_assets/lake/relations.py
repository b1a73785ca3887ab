"""Relations that runs leave in the lake: runs/<run_id>/<group>/<name>.json, with their data beside them.

A relation is written once and never changed. Its record says what it is made of, down to the run of every
input, so that whoever holds one record can find everything behind it. Where SQL runs belongs to engines/.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from refi_assets.errors import LakeError
from refi_assets.lake.objects import ObjectStore

Cadence = Literal["daily", "weekly", "hourly", "none"]


class Relation(BaseModel):
    """The record of one relation of one run.

    `columns` maps names to SQL types. A table lies in `parquet` (a key); a view is its `sql`, in the
    project's dialect, and may have its rows in `parquet` as well, to be read instead. `deletes` (a key) lists
    rows that stand in the Parquet file and are not the table's, by `position` from 0, as Iceberg's position
    deletes do. `inputs` maps the keys of the relations it was made from to the runs that made them. `counts`
    and `details` hold what was measured while it was made; no person's data is in them. `cadence` says how often it
    is made, `fingerprint` of what: a relation of the same fingerprint is equal (see memo.py).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str  # group/name
    run_id: str
    as_of: date
    cadence: Cadence = "daily"
    kind: Literal["files", "table", "view"]
    columns: dict[str, str] = {}
    parquet: str | None = None
    deletes: str | None = None
    sql: str | None = None
    rows: int = 0
    seconds: float = 0.0
    inputs: dict[str, str] = {}
    counts: dict[str, int] = {}
    details: dict[str, Any] = {}
    fingerprint: str = ""

    @property
    def objects(self) -> list[str]:
        """Object keys of its data; one that ends in / is a folder."""
        named = set(re.findall(r'"((?:runs|output|athena)/[^"]+)"', self.model_dump_json(include={"details"})))
        if self.parquet and (self.rows or not self.parquet.endswith("/")):  # some engines write no file without a row
            named.add(self.parquet)
        return sorted(named | ({self.deletes} if self.deletes else set()))

    @property
    def name(self) -> str:
        """The name by which SQL knows the relation."""
        return self.key.rsplit("/", 1)[-1]


def require_run_id(run_id: str) -> None:
    """Raise LakeError for what is no run id: it becomes part of object keys."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", run_id):
        raise LakeError(f"{run_id!a} is no run id; one looks like 6dc3b57f-0d6c-4f0e-9f8e-3c1f0a5b7d21. See: refi runs")


class RunFolder:
    """What one run leaves in the lake. Raises LakeError for what is no run id."""

    def __init__(self, lake: ObjectStore, run_id: str) -> None:
        require_run_id(run_id)
        self.lake, self.run_id = lake, run_id

    def key(self, relation: str, suffix: str) -> str:
        """Object key of a file of a relation: runs/<run_id>/<group>/<name><suffix>."""
        return f"runs/{self.run_id}/{relation}{suffix}"

    def save(self, relation: Relation) -> None:
        """Record a relation. A retried step records it again."""
        key = self.key(relation.key, ".json")
        self.lake.put_json(key, relation.model_dump(mode="json"))
        self.lake.known[key] = relation

    def find(self, relation: str) -> Relation | None:
        """A relation of this run, or None where the run made none."""
        key = self.key(relation, ".json")
        if key not in self.lake.known:
            record = self.lake.get_json(key)
            if record is None:
                return None
            self.lake.known[key] = Relation.model_validate(record)
        found: Relation = self.lake.known[key]
        return found

    def load(self, relation: str) -> Relation:
        """A relation of this run. Raises LakeError where the run made none."""
        found = self.find(relation)
        if found is None:
            raise LakeError(f"Run {self.run_id} left no relation {relation} in the lake {self.lake}.")
        return found


def with_inputs(lake: ObjectStore, relations: Sequence[Relation]) -> list[Relation]:
    """These relations and everything behind them, inputs before what is made from them; every version once."""
    closure: dict[tuple[str, str], Relation] = {}

    def walk(relation: Relation) -> None:
        if (relation.key, relation.run_id) in closure:
            return
        for key, run_id in relation.inputs.items():
            if (key, run_id) not in closure:
                walk(RunFolder(lake, run_id).load(key))
        closure[relation.key, relation.run_id] = relation

    for relation in relations:
        walk(relation)
    return list(closure.values())


def readable(lake: ObjectStore, relations: Sequence[Relation]) -> list[Relation]:
    """These relations, and what views among them read that have no rows of their own."""
    views = [relation for relation in relations if relation.parquet is None and relation.sql is not None]
    behind = {relation.key: relation for relation in with_inputs(lake, views)}
    return list((behind | {relation.key: relation for relation in relations}).values())


def require_one_version(relations: Iterable[Relation]) -> None:
    """Raise LakeError where two runs' versions of one relation meet."""
    run_ids: dict[str, str] = {}
    for relation in relations:
        other = run_ids.setdefault(relation.key, relation.run_id)
        if other != relation.run_id:
            raise LakeError(
                f"{relation.key} is used here as run {other} made it and as run {relation.run_id} made it. "
                "Materialize everything downstream of it again, in one run."
            )
