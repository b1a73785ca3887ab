"""Relations that runs leave in the lake: runs/<run_id>/<group>/<name>.json, with their data beside them.

A relation is written once and never changed. Its record names its inputs and the run of each, so that everything
behind a relation can be found from its record. Running SQL belongs to engines/.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, SerializeAsAny, ValidationError

from refi_assets.errors import LakeError
from refi_assets.lake.objects import ObjectStore

Cadence = Literal["daily", "weekly", "hourly", "none"]


class QueryCost(BaseModel):
    """The cost of one query, as its engine reports it: bytes, milliseconds, and US dollars if it has a price."""

    model_config = ConfigDict(frozen=True)

    id: str
    bytes_scanned: int = 0
    cost_usd: float | None = None
    queue_ms: int = 0
    run_ms: int = 0


class Details(BaseModel):
    """Measurements taken while a relation was made. A kind of record with further ones has a subclass.

    A record is read as Details with the subclass's fields as extra ones; details_as() validates them. `queries` are
    the engine's reports on the SQL that made and measured the relation; DuckDB has none.
    """

    model_config = ConfigDict(extra="allow", frozen=True, validate_by_name=True, serialize_by_alias=True)

    queries: tuple[QueryCost, ...] = ()


NO_DETAILS = Details()
AnyDetails = TypeVar("AnyDetails", bound=Details)


class Relation(BaseModel):
    """The record of one relation of one run.

    `columns` maps names to SQL types. A table is in `parquet` (a key); a view is its `sql`, in the project's dialect,
    and may also have rows in `parquet`, to be read instead, with all columns or those in `kept`. `deletes` (a key)
    lists rows of the Parquet file that are not in the table, by `position` from 0, like Iceberg's position deletes;
    `additions` (a key) has rows that are only in the table, each with its position. `constants` are columns that the
    Parquet file lacks, since they have one value in all its rows, as text. `grain`: columns that are known to be unique
    together. `inputs` maps the keys of the relations it was made from to the runs that made them. `counts` and
    `details` are measurements, without personal data. Relations with the same `fingerprint` are equal (see memo.py).
    `made_by` is the run that made its data, if that was an earlier one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str  # group/name
    run_id: str
    as_of: date
    cadence: Cadence = "daily"
    kind: Literal["files", "table", "view"]
    columns: dict[str, str] = {}
    parquet: str | None = None
    kept: tuple[str, ...] = ()
    deletes: str | None = None
    additions: str | None = None
    constants: dict[str, str | None] = {}
    grain: tuple[str, ...] = ()
    sql: str | None = None
    rows: int = 0
    seconds: float = 0.0
    inputs: dict[str, str] = {}
    counts: dict[str, int] = {}
    details: SerializeAsAny[Details] = NO_DETAILS
    fingerprint: str = ""
    made_by: str = ""

    @property
    def objects(self) -> list[str]:
        """Object keys of its data; a key that ends in / is a folder."""
        keys = set(re.findall(r'"((?:runs|output|athena)/[^"]+)"', self.model_dump_json(include={"details"})))
        if self.parquet and (self.rows or not self.parquet.endswith("/")):  # some engines write no file without a row
            keys.add(self.parquet)
        return sorted(keys | {key for key in (self.deletes, self.additions) if key})

    @property
    def name(self) -> str:
        """The relation's name within its group; SQL says group.relation."""
        return self.key.rsplit("/", 1)[-1]

    def details_as(self, kind: type[AnyDetails]) -> AnyDetails:
        """The details as those of this kind of record. Raises LakeError if the record is of another kind."""
        if isinstance(self.details, kind):
            return self.details
        try:
            return kind.model_validate(self.details.model_dump())
        except ValidationError as error:
            problem = error.errors()[0]
            field = ".".join(map(str, ("details", *problem["loc"])))
            raise LakeError(
                f"The record of {self.key} of run {self.run_id} is not a valid {kind.__name__}: {field}: "
                f"{problem['msg']}."
            ) from None


def require_run_id(run_id: str) -> None:
    """Raise LakeError for an invalid run id, since run ids are parts of object keys."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", run_id):
        raise LakeError(
            f"{run_id!a} is not a valid run id; one looks like 6dc3b57f-0d6c-4f0e-9f8e-3c1f0a5b7d21. See: refi runs"
        )


class RunFolder:
    """The relations of one run in the lake. Raises LakeError for an invalid run id."""

    def __init__(self, lake: ObjectStore, run_id: str) -> None:
        require_run_id(run_id)
        self.lake, self.run_id = lake, run_id

    def key(self, relation: str, suffix: str) -> str:
        """Object key of a file of a relation: runs/<run_id>/<group>/<name><suffix>."""
        return f"runs/{self.run_id}/{relation}{suffix}"

    def save(self, relation: Relation) -> None:
        """Record a relation. A retried step records it again."""
        self.lake.put_immutable(self.key(relation.key, ".json"), relation.model_dump(mode="json"), relation)

    def find(self, relation: str) -> Relation | None:
        """A relation of this run, or None if the run did not make it."""
        return self.lake.get_immutable(self.key(relation, ".json"), Relation.model_validate)

    def relations(self) -> list[Relation]:
        """All relations of this run, by key."""
        prefix = f"runs/{self.run_id}/"
        keys = [info.key.removeprefix(prefix) for info in self.lake.objects(prefix.rstrip("/"))]
        names = [key.removesuffix(".json") for key in keys if key.endswith(".json") and key.count("/") == 1]
        return [relation for relation in map(self.find, names) if relation is not None]

    def load(self, relation: str) -> Relation:
        """A relation of this run. Raises LakeError if the run did not make it."""
        record = self.find(relation)
        if record is None:
            raise LakeError(f"Run {self.run_id} left no relation {relation} in the lake {self.lake}.")
        return record


def with_inputs(lake: ObjectStore, relations: Sequence[Relation]) -> list[Relation]:
    """These relations and everything behind them, inputs first; every version once."""
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
    """These relations, and the inputs of those views among them that have no rows, or not all columns, of their own."""
    views = [view for view in relations if view.sql is not None and (view.parquet is None or view.kept)]
    behind = {relation.key: relation for relation in with_inputs(lake, views)}
    return list((behind | {relation.key: relation for relation in relations}).values())


def require_one_version(relations: Iterable[Relation]) -> None:
    """Raise LakeError if the relations include two versions of one."""
    run_ids: dict[str, str] = {}
    for relation in relations:
        run_id = run_ids.setdefault(relation.key, relation.run_id)
        if run_id != relation.run_id:
            raise LakeError(
                f"{relation.key} is used here in two versions, of run {run_id} and of run {relation.run_id}. "
                "Materialize everything downstream of it again, in one run."
            )
