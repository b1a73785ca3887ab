"""refi replay and refi offers replay: compute a published file again from what its manifest records; compare the bytes.

The whole graph runs, checks included, on a lake in a temporary folder and a Dagster instance in memory. The lake and
the model registry are only read. The recorded policy overrides the deployment's, so the file is held back there: a
program stores nothing and moves no catalog.
"""

import copy
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import yaml

from refi_assets.cli.run import run_domain
from refi_assets.cli.terminal import Terminal, say
from refi_assets.errors import LakeError, ModelError, RefiError, writing
from refi_assets.identity import PERSONS
from refi_assets.identity.decisions import DECISIONS
from refi_assets.ingestion.acceptances import restore_acceptance
from refi_assets.lake import ObjectStore, RunFolder, open_lake
from refi_assets.offers.declared import PERSON
from refi_assets.orchestration.resources import IdentityResource
from refi_assets.publishing.publication import FIRST
from refi_assets.publishing.publish import code_behind
from refi_assets.publishing.published import PublishedRun
from refi_assets.settings import overridden


@dataclass(frozen=True)
class Replay:
    """A recomputed file beside the published one."""

    run_id: str
    rows: int
    sha256: str
    published_rows: int
    published_sha256: str
    other_code: list[str]  # differences between the code that published and this code

    @property
    def is_same(self) -> bool:
        """Whether both have the same bytes."""
        return self.sha256 == self.published_sha256

    def show(self, *, as_json: bool) -> None:
        """Print the result."""
        if as_json:
            print(json.dumps({"same": self.is_same, **asdict(self)}))
        elif self.is_same:
            say(f"The same bytes: {self.rows} rows, SHA-256 {self.sha256}.")
        else:
            say(f"Published: {self.published_rows} rows, SHA-256 {self.published_sha256}.")
            say(f"Now:       {self.rows} rows, SHA-256 {self.sha256}.")
            say("\n".join(f"Other code: {difference}" for difference in self.other_code))


def replay_run(run: PublishedRun, *, any_code: bool, out: Path | None, console: Terminal) -> Replay:
    """Compute a published file again; with `out`, write it there.

    Raises LakeError if an input has changed, ModelError if a model has, and RefiError if the code has (unless any_code)
    or if the run fails.
    """
    publication = run.publication
    other_code = _other_code(run.manifest)
    if other_code and not any_code:
        raise RefiError(
            f"Run {run.run_id} was published by other code: {'; '.join(other_code)}. Install that version to "
            "replay it, or add --any-code to run this version on the same inputs."
        )
    with TemporaryDirectory(prefix="refi-replay-") as folder:
        lake = open_lake(f"{folder}/lake")
        _copy_inputs(run, lake)
        policy = Path(folder) / "policy.yaml"
        policy.write_text(yaml.safe_dump(_with_pinned_models(run.manifest)), encoding="utf-8")
        store = overridden("REFI_STORE_DIR", f"{folder}/store")  # the live one is neither read nor written
        with dg.DagsterInstance.ephemeral() as instance, store:
            replayed = run_domain(
                publication.name,
                run.as_of,
                lake_url=lake.name,
                policy_file=policy,
                console=console,
                instance=instance,
                engine="duckdb",  # all engines give the same bytes, and this one needs only a folder
                identity=_copy_identity(run, lake),
            )
        recomputed = lake.get_json(publication.manifest_key(replayed.run_id))[publication.contents]
        if out is not None:
            with writing(out):
                out.write_bytes(lake.open(recomputed["key"]).read())
    published = run.manifest[publication.contents]
    return Replay(
        run_id=run.run_id,
        rows=recomputed["rows"],
        sha256=recomputed["sha256"],
        published_rows=published["rows"],
        published_sha256=published["sha256"],
        other_code=other_code,
    )


def _with_pinned_models(manifest: dict[str, Any]) -> dict[str, Any]:
    """The policy of a manifest, with the versions of the models that the run used in place of aliases.

    Raises ModelError if the registry does not have a version any more, or has other files of it.
    """
    values: dict[str, Any] = copy.deepcopy(manifest["policy"]["values"])
    pinned = {model["model_id"]: model for model in manifest.get("models", [])}
    for use in values["program"]["scoringModels"] if pinned else ():
        model = pinned[use["modelId"]]
        name, version = model["name"], model["version"]
        if version is None:
            raise ModelError(
                f"Run {manifest['run_id']} scored with the endpoint {model['endpoint']}, whose model it could not "
                "record; it cannot be replayed."
            )
        from refi_assets.ml.registry import open_registry

        try:
            sha256 = open_registry().load(name, version).sha256
        except ModelError as error:
            raise ModelError(f"Run {manifest['run_id']} cannot be replayed. {error}") from None
        if sha256 != model["sha256"]:
            raise ModelError(
                f"Run {manifest['run_id']} cannot be replayed. {name}, version {version}, has the SHA-256 {sha256}; "
                f"the run used {model['sha256']}. Restore the registry of the run."
            )
        use["endpoint"] = f"mlflow://{name}@{version}"
    return values


def _copy_inputs(run: PublishedRun, lake: ObjectStore) -> None:
    for source_file in run.manifest["inputs"]:
        key = source_file["key"]
        if run.lake.find(key) is None:
            raise LakeError(f"{key}, an input of run {run.run_id}, is not in the lake any more; it cannot be replayed.")
        with run.lake.open(key) as stream, lake.new_file(key) as path, path.open("wb") as copy:
            shutil.copyfileobj(stream, copy)
        if lake.sha256(key) != source_file["sha256"]:
            raise LakeError(
                f"{key} has changed since run {run.run_id} read it: its SHA-256 was {source_file['sha256']}. "
                "The run cannot be replayed; restore the file."
            )
    for acceptance in run.manifest["accepted"]:
        source, load_date = acceptance["source"], date.fromisoformat(acceptance["load_date"])
        hashes = [file["sha256"] for file in run.manifest["inputs"] if file["source"] == source]
        restore_acceptance(lake, source, load_date, hashes, acceptance["check"], acceptance["reason"])


def _copy_identity(run: PublishedRun, lake: ObjectStore) -> IdentityResource:
    """Copy the persons and decisions that the run started from. Raises LakeError if they are not kept any more."""
    identity = run.manifest["identity"]
    if identity["engine"] == "aws":
        raise LakeError(f"Run {run.run_id} matched records with AWS Entity Resolution; that cannot be repeated here.")
    before = identity["person_ids_of"]
    keys = {DECISIONS: identity["decisions"]} if identity["decisions"] else {}
    if before:
        key = PERSONS if run.publication.name == FIRST else PERSON
        persons = RunFolder(run.lake, before).find(key)
        if persons is None or persons.parquet is None:
            raise LakeError(
                f"Run {run.run_id} kept the persons' ids of run {before}, which is not in the lake any more."
            )
        rows = f"{persons.parquet}data.parquet"
        record = RunFolder(run.lake, before).key(key, ".json")
        keys |= {rows: rows, record: record}
    for here, there in keys.items():
        with run.lake.open(there) as stream:
            lake.put(here, stream.read())
    return IdentityResource(kind=identity["engine"], person_ids_of=before or "")


def _other_code(manifest: dict[str, Any]) -> list[str]:
    """The differences between the code that published and this code, as text."""
    return [
        f"{part} {name}: {then.get(name, 'none')[:12]} then, {now.get(name, 'none')[:12]} now"
        for part, now in code_behind().items()
        for then in [manifest[part]]
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]
