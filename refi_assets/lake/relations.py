"""Relations that runs leave in the lake: runs/<run_id>/<group>/<name>.json, with their data beside them.

A relation is written once and never changed. Its record says what it is made of, down to the run of every
input, so that whoever holds one record can find everything behind it. Where SQL runs belongs to engines/.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from refi_assets.errors import LakeError
from refi_assets.lake.objects import ObjectStore

Cadence = Literal["daily", "weekly", "hourly", "none"]


class Recorded(BaseModel):
    """A part of a record. Fields of another version's record are kept; a field that nobody set is not written."""

    model_config = ConfigDict(extra="allow", frozen=True, validate_by_name=True, serialize_by_alias=True)

    @model_serializer(mode="wrap")
    def _without_unset(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        unset = {field.alias or name for name, field in fields.items() if name not in self.model_fields_set}
        return {name: value for name, value in handler(self).items() if name not in unset}


class QueryCost(Recorded):
    """What one query took, as its engine reports it: bytes, milliseconds, and US dollars if it has a price."""

    id: str
    bytes_scanned: int = 0
    cost_usd: float | None = None
    queue_ms: int = 0
    run_ms: int = 0


class Details(Recorded):
    """What was measured while a relation was made. A kind of record that measures more has a class of its own.

    `queries` is what the engine reports of the SQL that made and measured it; DuckDB reports nothing.
    """

    queries: tuple[QueryCost, ...] = ()


NO_DETAILS = Details()
AnyDetails = TypeVar("AnyDetails", bound=Details)


class Relation(BaseModel):
    """The record of one relation of one run.

    `columns` maps names to SQL types. A table lies in `parquet` (a key); a view is its `sql`, in the
    project's dialect, and may have rows in `parquet` as well, to be read instead: of all columns, or of those in
    `kept`. `deletes` (a key) lists rows that are in the Parquet file and not in the table, by `position` from 0, as
    Iceberg's position deletes do; `additions` (a key) has those that are only in the table, each with its position.
    `constants` are columns that the first file lacks, since all its rows have the same value there, as text. `grain`:
    columns of which it is known that no two rows have them in common. `inputs` maps the keys of the relations it was
    made from to the runs that made them. `counts` and `details` hold what was measured while it was made; no person's
    data is in them. `cadence` says how often it is made, `fingerprint` of what: a relation of the same fingerprint is
    equal (see memo.py). `made_by` is the run that made its data, if that was an earlier one.
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
        """Object keys of its data; one that ends in / is a folder."""
        named = set(re.findall(r'"((?:runs|output|athena)/[^"]+)"', self.model_dump_json(include={"details"})))
        if self.parquet and (self.rows or not self.parquet.endswith("/")):  # some engines write no file without a row
            named.add(self.parquet)
        return sorted(named | {key for key in (self.deletes, self.additions) if key})

    @property
    def name(self) -> str:
        """The relation's name within its group; SQL says group.relation."""
        return self.key.rsplit("/", 1)[-1]

    def details_as(self, kind: type[AnyDetails]) -> AnyDetails:
        """The details of this kind of record. Raises LakeError if the record is of another kind."""
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

    def relations(self) -> list[Relation]:
        """All relations of this run, by key."""
        prefix = f"runs/{self.run_id}/"
        keys = [info.key.removeprefix(prefix) for info in self.lake.objects(prefix.rstrip("/"))]
        names = [key.removesuffix(".json") for key in keys if key.endswith(".json") and key.count("/") == 1]
        return [relation for relation in map(self.find, names) if relation is not None]

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
    """These relations, and what views among them read that have no rows, or not all columns, of their own."""
    views = [one for one in relations if one.sql is not None and (one.parquet is None or one.kept)]
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
