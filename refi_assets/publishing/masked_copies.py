"""Copies of published relations for analysts, in which personal columns are masked: masked/ in the lake.

Analysts read this folder and no other, so a copy has every relation that they may see, also those that have nothing to
mask. Sources (staging, quarantine) are not copied, nor is a relation or a column that no lineage describes. The pointer
of a publication names its newest copy and is replaced at the end, whole.

A masked value is a hash by the deployment's key; without a key, it is null. Equal values of one kind have equal hashes,
so relations can still be joined. Of a boolean there would be two hashes, which hide nothing, so it is null.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import LakeError
from refi_assets.lake import ObjectStore, Relation
from refi_assets.publishing.masking_key import MASKED, MaskingKey, add_mask
from refi_assets.publishing.publication import Publication, publications
from refi_assets.publishing.published import PublishedRun
from refi_assets.specs.names import STAGES, group_and_name, table_of
from refi_assets.specs.sql_models import DIALECT

FOLDER = "masked"

KindsOfColumns = Mapping[str, Mapping[str, str]]  # relation key -> column -> kind of personal data, empty if none


@dataclass(frozen=True)
class Masking:
    """How copies are masked: the key, and the kinds of columns.

    `kinds_of` returns them for relation keys; relations and columns that it does not return are not copied. `declared`
    is a hash of all that decides them.
    """

    key: MaskingKey | None
    kinds_of: Callable[[Collection[str]], KindsOfColumns]
    declared: str


class MaskedCopy(BaseModel):
    """The newest copy of a publication, as its pointer records it.

    `key` is the fingerprint of the key, if there is one. The `run_id` of the relations is the copy's id.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    publication: str
    run_id: str
    as_of: date
    key: str | None
    declared: str
    masked: dict[str, dict[str, str]]  # relation key -> masked column -> its kind
    relations: tuple[Relation, ...]

    @classmethod
    def newest(cls, publication: Publication, lake: ObjectStore) -> Self | None:
        """The newest copy of a publication; None if there is none."""
        record = lake.get_json(pointer_key(publication))
        return None if record is None else cls.model_validate(record)


def pointer_key(publication: Publication) -> str:
    """Object key of the pointer to a publication's newest copy."""
    return f"{FOLDER}/{publication.name}/latest.json"


def copy_for_analysts(
    publication: Publication,
    lake: ObjectStore,
    engine: DuckDBEngine,
    masking: Masking,
    show: Callable[[Sequence[Relation]], None],
) -> MaskedCopy | None:
    """Copy the relations behind a publication's latest run, unless its newest copy has them, masked in the same way.

    `show` shows the copied relations in a catalog, before the pointer names them. Returns the newest copy; None if
    nothing was published yet. Raises RefiError; the pointer is unchanged then, and the next call tries again.
    """
    latest = publication.latest(lake)
    if latest is None:
        return None
    key = masking.key
    due = {"run_id": latest["run_id"], "key": key.fingerprint if key else None, "declared": masking.declared}
    before, etag = lake.get_json_and_etag(pointer_key(publication))
    if before is not None and due.items() <= before.items():
        return MaskedCopy.model_validate(before)
    run = PublishedRun.find(publication, lake, engine, latest["run_id"])
    tables = [relation for relation in run.relations if _is_table_of_a_domain(relation)]
    kinds = masking.kinds_of([relation.key for relation in tables])
    readable = [relation for relation in tables if relation.key in kinds]
    copy_id = f"{run.run_id}-{uuid4().hex[:8]}"
    with engine.session(run.relations) as session:
        add_mask(session, key)
        relations = [
            session.create(
                Relation(
                    key=relation.key,
                    run_id=copy_id,
                    as_of=relation.as_of,
                    cadence=relation.cadence,
                    kind="table",
                    parquet=f"{FOLDER}/{publication.name}/{copy_id}/{relation.key}/data.parquet",
                ),
                _masking_query(relation, kinds[relation.key]),
            )
            for relation in readable
        ]
    masked = {
        relation.key: {name: kinds[relation.key][name] for name in relation.columns if kinds[relation.key][name]}
        for relation in relations
    }
    copy = MaskedCopy(
        id=copy_id, publication=publication.name, as_of=run.as_of, masked=masked, relations=tuple(relations), **due
    )
    show(relations)
    lake.replace_json(pointer_key(publication), copy.model_dump(mode="json"), etag)
    return copy


def copies_by_folder(lake: ObjectStore) -> dict[str, str]:
    """Folder -> id of every copy in the lake, also of earlier and of unfinished ones."""
    names = lake.folders(FOLDER)
    return {f"{FOLDER}/{name}/{copy_id}": copy_id for name in names for copy_id in lake.folders(f"{FOLDER}/{name}")}


def delete_old_copies(lake: ObjectStore, before: float) -> int:
    """Delete the copies that are not the newest and have not changed since a time; returns the number of objects."""
    copies = copies_by_folder(lake)
    newest = {copy.id for publication in publications(lake) if (copy := MaskedCopy.newest(publication, lake))}
    folders = [
        folder for folder, copy_id in copies.items() if copy_id not in newest and lake.last_change(folder) < before
    ]
    keys = [info.key for folder in folders for info in lake.objects(folder)]
    for folder in folders:
        lake.delete_folder(folder)
    return len(keys)


def _is_table_of_a_domain(relation: Relation) -> bool:
    return bool(relation.columns) and relation.kind != "files" and group_and_name(relation.key)[0] not in STAGES


def _masking_query(relation: Relation, kinds: Mapping[str, str]) -> exp.Select:
    """The relation's rows, with hashes or nulls in place of personal values, and without columns of no known kind."""
    columns = [
        _mask(name, sql_type, kinds[name]).as_(name, quoted=True) if kinds[name] else exp.column(name, quoted=True)
        for name, sql_type in relation.columns.items()
        if name in kinds
    ]
    return exp.select(*columns).from_(table_of(relation.key))


def _mask(name: str, sql_type: str, kind: str) -> exp.Expr:
    if sql_type == "BOOLEAN":
        return exp.cast(exp.null(), sql_type, dialect=DIALECT)
    text = exp.cast(exp.column(name, quoted=True), "VARCHAR", dialect=DIALECT)
    return exp.func(MASKED, exp.Literal.string(kind), text)


@dataclass(frozen=True)
class AnalystRun(PublishedRun):
    """The latest published run as analysts see it: queries read its masked copy."""

    @classmethod
    def find(cls, publication: Publication, lake: ObjectStore, engine: DuckDBEngine, run_id: str | None = None) -> Self:
        """The newest copy. Raises LakeError if there is none, and for a run id: earlier copies are not kept."""
        if run_id is not None:
            raise LakeError("Analysts read the latest copy only; leave the run out.")
        copy = MaskedCopy.newest(publication, lake)
        if copy is None:
            raise LakeError(f"There is no masked copy of {publication.name} in {lake} yet. Make one with: refi mask")
        return cls(publication, lake, engine, copy.model_dump(mode="json"))

    @cached_property
    def relations(self) -> list[Relation]:
        """The relations of the copy."""
        return [Relation.model_validate(relation) for relation in self.manifest["relations"]]
