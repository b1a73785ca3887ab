"""Publishing an audience: output/<run_id>.csv, its manifest, a commit, and the pointer output/latest.json.

Commits are numbered, and of several runs that want a number one gets it: their order is the order of
publication, whoever is slow or dies. The pointer repeats the last commit; it is the one object in the lake that
readers need and that ever changes, and it is put last, whole. The CSV is written by DuckDB whatever engine made
the audience, so that its bytes are the same everywhere. What is in it is decided by
sql/activation/audience_file.sql.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Any

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import LakeError
from refi_assets.lake import ObjectStore, Relation
from refi_assets.lake.relations import with_inputs
from refi_assets.publishing.manifests import LATEST, manifest_key
from refi_assets.publishing.retention import runs_behind
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.policies import RefiPolicy
from refi_assets.specs.sql_models import load_sql_models

COMMITS = "output/commits"
MODEL = "activation/audience_file"


@dataclass(frozen=True)
class Published:
    """One published audience. `held_back` says why the pointer was not moved, if it was not."""

    audience: str
    manifest: str
    sha256: str
    rows: int
    held_back: str | None


def publish_audience(
    lake: ObjectStore,
    engine: DuckDBEngine,
    run_id: str,
    as_of: date,
    inputs: list[Relation],
    policy: RefiPolicy,
    *,
    policy_overridden: bool = False,
    force_latest: bool = False,
) -> Published:
    """Publish refi/refi_audience (one of `inputs`) and move the pointer to it.

    The pointer stays where it is for a day before the one it points to, and for an overridden policy, unless
    force_latest. Raises LakeError, EngineError; nothing is published then.
    """
    relations = with_inputs(lake, inputs)
    audience_key = f"output/{run_id}.csv"
    with engine.session(relations) as session:
        draft = session.scratch / "audience.csv"
        rows = session.write_csv(load_sql_models()[MODEL].tree, draft)
        with draft.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        lake.create_file(audience_key, draft)
    manifest = {
        "run_id": run_id,
        "as_of": as_of.isoformat(),
        "audience": {"key": audience_key, "rows": rows, "sha256": sha256},
        "inputs": _source_objects(relations),
        "policy": {
            "overridden": policy_overridden,
            "sha256": policy.sha256,
            "values": policy.model_dump(mode="json"),
        },
        **code_behind(),
        "relations": {r.key: {"run_id": r.run_id, "rows": r.rows} for r in relations},
        "identity": _identity(relations),
        "runs": runs_behind(relations),
        "counts": counts(relations),
    }
    if not lake.create_json(manifest_key(run_id), manifest):
        raise LakeError(f"{manifest_key(run_id)} is in the lake {lake} already, and says something else.")
    commit = {
        "run_id": run_id,
        "as_of": as_of.isoformat(),
        "audience": audience_key,
        "manifest": manifest_key(run_id),
        "sha256": sha256,
    }
    held_back = _commit(lake, commit, policy_overridden=policy_overridden, force=force_latest)
    return Published(audience_key, manifest_key(run_id), sha256, rows, held_back)


def code_behind() -> dict[str, dict[str, str]]:
    """What decides the bytes of an audience besides its inputs and the policy, as a manifest names it."""
    package = Path(__file__).parent.parent
    files = [path for path in sorted(package.rglob("*")) if path.suffix in (".py", ".sql")]
    code = "\n".join(f"{path.relative_to(package)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    return {
        "sql_sha256": {key: model.sha256 for key, model in load_sql_models().items()},
        "contract_sha256": {source: contract.sha256 for source, contract in load_contracts().items()},
        "versions": {name: version(name) for name in ("refi-assets", "dagster", "duckdb", "sqlglot")},
        "code_sha256": {"refi_assets": hashlib.sha256(code.encode()).hexdigest()},
    }


def counts(relations: list[Relation]) -> dict[str, Any]:
    """Everything that was counted on the way to an audience, by what it says."""
    by_key = {relation.key: relation for relation in relations}
    sources = {}
    for source in load_contracts():
        staged = by_key[f"staging/{source}"]
        sources[source] = {
            "rows": staged.counts["source_rows"],
            "accepted": staged.rows,
            "quarantined": staged.details["quarantined"],
            "nulled": staged.details["nulled"],
        }
    unmatched, eligibility = dict(by_key["refi/unmatched_borrowers"].counts), by_key["refi/refi_eligibility"].counts
    loans_without_borrower = unmatched.pop("loans_without_borrower")
    return {
        "sources": sources,
        "unified": by_key["refi/unified_refi_dataset"].rows,
        "eligible": eligibility["eligible"],
        "unmatched": unmatched,
        "loans_without_borrower": loans_without_borrower,
        "tiers": _tiers(eligibility),
        "audience_tiers": _tiers(by_key["refi/refi_audience"].counts),
    }


def _identity(relations: list[Relation]) -> dict[str, Any]:
    """How records of one person were found, and what a replay needs to find them so again."""
    by_key = {relation.key: relation for relation in relations}
    pairs, persons = by_key["identity/matched_pairs"], by_key["identity/resolved_borrower"]
    return {
        "engine": pairs.details["engine"],
        "match_threshold": pairs.details["match_threshold"],
        "persons": persons.counts["persons"],
        "person_ids_of": persons.details["previous_run"],
        "decisions": pairs.details.get("decisions"),
    }


def _tiers(measured: dict[str, int]) -> dict[str, int]:
    return {name.removeprefix("tier: "): amount for name, amount in measured.items() if name.startswith("tier: ")}


def _source_objects(relations: list[Relation]) -> list[dict[str, Any]]:
    return [
        {"source": relation.name, "load_date": snapshot["load_date"], **{k: file[k] for k in _OBJECT_FIELDS}}
        for relation in relations
        if relation.key.startswith("raw/")
        for snapshot in [relation.details["snapshot"]]
        for file in snapshot["files"]
    ]


_OBJECT_FIELDS = ("key", "size", "sha256", "rows")


def _commit(lake: ObjectStore, commit: dict[str, str], *, policy_overridden: bool, force: bool) -> str | None:
    """Make an audience the latest, unless that must not be: then returns why."""
    if policy_overridden and not force:
        return "the run used another policy than the deployment's"
    while True:
        number, last = _last_commit(lake)
        if last is not None and last["as_of"] > commit["as_of"] and not force:
            return f"it names the audience of a later day, {last['as_of']}"
        if lake.create_json(f"{COMMITS}/{number + 1:08}.json", commit):
            break
    while True:  # another run may have committed meanwhile
        latest, etag = lake.get_json_and_etag(LATEST)  # before the last commit: never over what is newer than that
        last = _last_commit(lake)[1]
        if latest == last:
            return None
        lake.replace_json(LATEST, last, etag)


def published_commits(lake: ObjectStore) -> list[dict[str, str]]:
    """What was made the latest, in that order."""
    return [lake.get_json(info.key) for info in lake.objects(COMMITS)]


def _last_commit(lake: ObjectStore) -> tuple[int, dict[str, str] | None]:
    keys = [info.key for info in lake.objects(COMMITS)]
    return (int(PurePath(keys[-1]).stem), lake.get_json(keys[-1])) if keys else (0, None)
