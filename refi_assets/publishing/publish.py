"""Publishing: a relation's rows as a CSV file, its manifest, and a commit of the publication.

DuckDB writes the CSV whichever engine computed the rows, so that its bytes are the same everywhere. A file is
computed from one version of each relation. The SQL model of the file decides its rows; a domain decides what it adds
to the manifest, such as its counts.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import LakeError
from refi_assets.ingestion.acceptances import acceptances
from refi_assets.ingestion.details import SnapshotDetails, StagedDetails
from refi_assets.lake import Details, ObjectStore, Relation
from refi_assets.lake.relations import require_one_version
from refi_assets.project import SHIPPED
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.retention import runs_behind
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.policies import Policy
from refi_assets.specs.sql_models import SqlModel, load_sql_models

SOURCE_FIELDS = ("key", "size", "sha256", "rows")  # of a file, in a manifest


class PublishedDetails(Details):
    """The object keys of a publication. `held_back`: why the pointer was not moved, or None if it was."""

    file: str = Field(alias="audience")
    manifest: str
    sha256: str
    held_back: str | None


class Published(NamedTuple):
    """The result of publish_file(): object keys, number of rows, and columns with their SQL types."""

    details: PublishedDetails
    rows: int
    columns: dict[str, str]


def publish_file(
    publication: Publication,
    model: SqlModel,
    lake: ObjectStore,
    engine: DuckDBEngine,
    run_id: str,
    as_of: date,
    relations: Sequence[Relation],
    policy: Policy,
    *,
    more: Mapping[str, Any] | None = None,
    policy_overridden: bool = False,
    force_latest: bool = False,
) -> Published:
    """Publish the rows of a model on `relations` (which include everything behind them), and move the pointer to them.

    Unless force_latest, the pointer stays where it is if it names a later day, or if the policy is overridden.
    `more` is added to the manifest. Raises LakeError or EngineError; nothing is published then.
    """
    require_one_version(relations)
    file_key = publication.file_key(run_id)
    with engine.session(relations) as session:
        draft = session.scratch / "published.csv"
        rows, columns = session.write_csv(model.tree, draft), session.columns(model.tree)
        with draft.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        lake.create_file(file_key, draft)
    run = {"run_id": run_id, "as_of": as_of.isoformat()}
    manifest = {
        **run,
        publication.contents: {"key": file_key, "rows": rows, "sha256": sha256},
        "policy": {
            "overridden": policy_overridden,
            "sha256": policy.sha256,
            "values": policy.model_dump(mode="json"),
        },
        **code_behind(),
        **_inputs_behind(lake, relations),
        **(more or {}),
    }
    manifest_key = publication.manifest_key(run_id)
    if not lake.create_json(manifest_key, manifest):
        raise LakeError(f"{manifest_key} is already in the lake {lake}, with another content.")
    commit = {**run, publication.contents: file_key, "manifest": manifest_key, "sha256": sha256}
    held_back = publication.commit(lake, commit, policy_overridden=policy_overridden, force_latest=force_latest)
    details = PublishedDetails(file=file_key, manifest=manifest_key, sha256=sha256, held_back=held_back)
    return Published(details, rows, columns)


def code_behind() -> dict[str, dict[str, str]]:
    """The part of a manifest that identifies the code: hashes of SQL, contracts and Python, and package versions.

    With the inputs and the policy, it decides the bytes of a publication.
    """
    package = Path(__file__).parent.parent
    paths = sorted(path for path in package.rglob("*") if not path.is_relative_to(SHIPPED))  # not the copies of sql/
    files = [path for path in paths if path.suffix in (".py", ".sql", ".txt")]
    code = "\n".join(f"{path.relative_to(package)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    return {
        "sql_sha256": {key: model.sha256 for key, model in load_sql_models().items()},
        "contract_sha256": {source: contract.sha256 for source, contract in load_contracts().items()},
        "versions": {name: version(name) for name in ("refi-assets", "dagster", "duckdb", "sqlglot")},
        "code_sha256": {"refi_assets": hashlib.sha256(code.encode()).hexdigest()},
    }


def source_counts(relations: Sequence[Relation]) -> dict[str, dict[str, Any]]:
    """Staging's counts of each source: rows, accepted, quarantined by reason, nulled, emptied and invisible."""
    return {
        relation.name: {
            "rows": relation.counts["source_rows"],
            "accepted": relation.rows,
            "quarantined": staged.quarantined,
            "nulled": staged.nulled,
            "emptied": staged.emptied,
            "invisible": staged.invisible,
        }
        for relation, staged in sorted(_staged(relations), key=lambda pair: pair[0].key)
    }


def _inputs_behind(lake: ObjectStore, relations: Sequence[Relation]) -> dict[str, Any]:
    """The part of a manifest that identifies the files, relations and runs behind a publication.

    The next snapshot of a source is compared with its `profiles`.
    """
    raw = [relation for relation in relations if relation.key.startswith("raw/")]
    snapshots = [relation.details_as(SnapshotDetails).snapshot for relation in raw]
    return {
        "inputs": [
            {
                "source": snapshot.source,
                "load_date": snapshot.load_date.isoformat(),
                **{name: getattr(file, name) for name in SOURCE_FIELDS},
            }
            for snapshot in snapshots
            for file in snapshot.files
        ],
        "relations": {relation.key: {"run_id": relation.run_id, "rows": relation.rows} for relation in relations},
        "runs": runs_behind(relations),
        "profiles": {
            relation.name: {name: profile.model_dump(mode="json") for name, profile in staged.profiles.items()}
            for relation, staged in _staged(relations)
        },
        "accepted": [
            {**acceptance, "load_date": snapshot.load_date.isoformat()}
            for snapshot in snapshots
            for acceptance in acceptances(lake, snapshot)
        ],
    }


def _staged(relations: Sequence[Relation]) -> list[tuple[Relation, StagedDetails]]:
    """The typed relations of sources among these, with their details."""
    sources = {f"staging/{source}" for source in load_contracts()}
    return [(relation, relation.details_as(StagedDetails)) for relation in relations if relation.key in sources]
