"""The model registry: every model that was trained, by name and version, with the aliases champion and challenger.

MLflow keeps it. A registration is a run with parameters, figures, tags and files, and a version that names the run.
Nothing from it is executed: the files are downloaded, their hashes checked, and the model is loaded by load_model,
which knows the few types that it may contain. Whether a version may become champion belongs to promotions.py.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from refi_assets.errors import ModelError
from refi_assets.ml.mlflow_client import SQLITE, open_client, registry_errors, shown_uri
from refi_assets.ml.registered_files import (
    MANIFEST,
    ModelRecord,
    read_manifest,
    read_record,
    read_registered_model,
    sha256_of,
    write_registered_files,
)
from refi_assets.ml.settings import MlSettings
from refi_assets.settings import settings_of

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from refi_assets.ml.fitted import FittedModel

CHAMPION, CHALLENGER = "champion", "challenger"
_OURS = "refi_assets"  # the tag of models and versions that this package registered
_MANIFEST_TAG = "manifest_sha256"
_NAME = re.compile("[a-z][a-z0-9_]{0,99}")
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # MLflow's codes of a model, a version, an alias


@dataclass(frozen=True)
class RegisteredModel:
    """A version of a model, loaded. `sha256` is that of the manifest of its files."""

    name: str
    version: int
    model: "FittedModel"
    record: ModelRecord
    sha256: str


@dataclass(frozen=True)
class VersionInfo:
    """What is known of a version without its files. `tags`: those of MLflow that promotions.py keeps, among others."""

    name: str
    version: int
    aliases: tuple[str, ...]
    kind: str
    figures: Mapping[str, float]
    trained_on: str
    registered_at: datetime
    tags: Mapping[str, str]


class Registry:
    """The registry at a URI: sqlite:///FILE, or an MLflow server. Every method raises ModelError if it fails."""

    def __init__(self, uri: str) -> None:
        """Open it; a SQLite registry that does not exist is created."""
        self.uri = uri
        self._client = open_client(uri)
        is_file = uri.startswith(SQLITE)
        self._folder = Path(uri.removeprefix(SQLITE)).resolve().parent / "artifacts" if is_file else None

    def register(self, name: str, model: "FittedModel", record: ModelRecord) -> int:
        """Store a model as a new version; returns its number. A version is complete, or it does not exist."""
        _require_name(name)
        from mlflow.entities import Metric, Param

        with TemporaryDirectory() as folder, self._errors():
            manifest_sha256 = write_registered_files(Path(folder), model, record)
            tags = {
                "kind": model.kind,
                "trained_on": record.trained_on,
                "data_sha256": record.data_sha256,
                "code_version": record.code_version,
            }
            run = self._client.create_run(self._experiment_id(name), tags=tags)
            now = int(time.time() * 1000)
            self._client.log_batch(
                run.info.run_id,
                metrics=[Metric(key, value, now, 0) for key, value in record.figures.items()],
                params=[Param(key, str(value)) for key, value in record.parameters.items()],
            )
            self._client.log_artifacts(run.info.run_id, folder)
            self._client.set_terminated(run.info.run_id)
            self._create(lambda: self._client.create_registered_model(name))
            self._client.set_registered_model_tag(name, _OURS, "1")
            tags |= {_MANIFEST_TAG: manifest_sha256, "figures": json.dumps(record.figures)}
            source, run_id = run.info.artifact_uri, run.info.run_id
            version = self._client.create_model_version(name, source, run_id, tags=tags, await_creation_for=None)
            return int(version.version)

    def load(self, name: str, version: int | str) -> RegisteredModel:
        """A version, by its number or alias. Raises ModelError if a file was changed or is not what it must be."""
        with self._files(name, version) as (number, folder):
            model, record = read_registered_model(folder), read_record(folder)
            return RegisteredModel(name, number, model, record, sha256_of(folder / MANIFEST))

    def record(self, name: str, version: int | str) -> ModelRecord:
        """The record of a version, with its card and plots, without loading the model."""
        with self._files(name, version) as (_, folder):
            return read_record(folder)

    def names(self) -> list[str]:
        """The names of all models that this package registered."""
        with self._errors():
            search = self._client.search_registered_models
            return sorted(model.name for model in _all_pages(search, f"tags.{_OURS} = '1'"))

    def versions(self, name: str) -> list[VersionInfo]:
        """The versions of a model, the oldest first."""
        aliases: dict[int, list[str]] = {}
        for alias, number in sorted(self._model(name).aliases.items()):
            aliases.setdefault(int(number), []).append(alias)
        with self._errors():
            versions = list(_all_pages(self._client.search_model_versions, f"name = '{name}'"))
        infos = [_version_info(version, aliases.get(int(version.version), [])) for version in versions]
        return sorted(infos, key=lambda info: info.version)

    def next_version(self, name: str) -> int:
        """The number that the next version of a model gets, if nobody registers another one before."""
        return max((info.version for info in self.versions(name)), default=0) + 1 if name in self.names() else 1

    def alias_version(self, name: str, alias: str) -> int | None:
        """The number of the version with an alias; None if the model or the alias does not exist. One query."""
        version = self._lookup(lambda: self._client.get_model_version_by_alias(name, alias))
        return None if version is None else int(version.version)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Give a version an alias, which no other version then has. To promote, use promotions.py."""
        self._version(name, version)
        with self._errors():
            self._client.set_registered_model_alias(name, alias, str(version))

    def remove_alias(self, name: str, alias: str) -> None:
        """Remove an alias, if there is one."""
        with self._errors():
            self._client.delete_registered_model_alias(name, alias)

    def model_tags(self, name: str) -> dict[str, str]:
        """The tags of a model."""
        tags: dict[str, str] = self._model(name).tags
        return tags

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag of a model."""
        with self._errors():
            self._client.set_registered_model_tag(name, key, value)

    def set_version_tag(self, name: str, version: int, key: str, value: str) -> None:
        """Set a tag of a version."""
        self._version(name, version)
        with self._errors():
            self._client.set_model_version_tag(name, str(version), key, value)

    @contextmanager
    def _files(self, name: str, version: int | str) -> Iterator[tuple[int, Path]]:
        """A version's number, and a folder with its files, checked. A ModelError then names the version."""
        stored = self._version(name, version)
        with TemporaryDirectory() as folder:
            try:
                self._download(stored, Path(folder))
                yield int(stored.version), Path(folder)
            except ModelError as error:
                reason = str(error).rstrip(".")
                raise ModelError(
                    f"{name}, version {stored.version}: {reason}. It was not loaded. Restore its files in the "
                    "registry, or use another version."
                ) from None

    def _download(self, version: "ModelVersion", folder: Path) -> None:
        run = self._lookup(lambda: self._client.get_run(version.run_id))
        if run is None:
            raise ModelError(f"its run, {version.run_id}, is not in the registry")
        self._require_own(run.info.artifact_uri)
        self._fetch(version.run_id, MANIFEST, version.tags.get(_MANIFEST_TAG), folder)
        for file, sha256 in read_manifest(folder).items():
            self._fetch(version.run_id, file, sha256, folder)

    def _fetch(self, run_id: str, file: str, sha256: str | None, folder: Path) -> None:
        target = folder / file
        target.parent.mkdir(exist_ok=True)
        if self._lookup(lambda: self._client.download_artifacts(run_id, file, str(target.parent))) is None:
            raise ModelError(f"{file}: the file is missing")
        if sha256_of(target) != sha256:
            raise ModelError(f"{file}: its SHA-256 is not {sha256}, with which it was registered")

    def _require_own(self, artifact_uri: str) -> None:
        """Refuse artifacts outside of this registry: a version must not make us read other folders or hosts."""
        parts = urlsplit(artifact_uri)
        if self._folder is None:
            is_own = parts.scheme == "mlflow-artifacts" and not parts.netloc
            place = "its server; start it with --serve-artifacts"
        else:
            is_own = not parts.scheme and self._folder in Path(artifact_uri).resolve().parents
            place = str(self._folder)
        if not is_own:
            raise ModelError(f"its files are at {artifact_uri}, which is not below {place}")

    def _experiment_id(self, name: str) -> str:
        """The experiment with the name of a model, created if there is none."""
        location = None if self._folder is None else str(self._folder / name)
        self._create(lambda: self._client.create_experiment(name, artifact_location=location))
        experiment_id: str = self._client.get_experiment_by_name(name).experiment_id
        return experiment_id

    def _version(self, name: str, version: int | str) -> "ModelVersion":
        """A version by its number or alias."""
        _require_name(name)
        if isinstance(version, int):
            found = self._lookup(lambda: self._client.get_model_version(name, str(version)))
        else:
            found = self._lookup(lambda: self._client.get_model_version_by_alias(name, version))
        if found is None:
            infos = self.versions(name)  # says so if there is no such model
            names = ", ".join("/".join([str(info.version), *info.aliases]) for info in infos)
            what = f"version {version}" if isinstance(version, int) else f"{version}"
            raise ModelError(f"Model {name} has no {what}. Its versions are {names}. Promote or name one of them.")
        return found

    def _model(self, name: str) -> Any:
        _require_name(name)
        model = self._lookup(lambda: self._client.get_registered_model(name))
        if model is None:
            names = ", ".join(self.names()) or "none yet"
            raise ModelError(
                f"There is no model {name!a} in the registry {shown_uri(self.uri)}. Models: {names}. Train it, or "
                "check the setting REFI_MLFLOW_URI."
            )
        return model

    def _lookup(self, ask: Callable[[], Any]) -> Any:
        """The answer, or None if what is asked for does not exist."""
        from mlflow.exceptions import MlflowException

        with self._errors():
            try:
                return ask()
            except MlflowException as error:
                if error.error_code not in _ABSENT:
                    raise
                return None

    def _create(self, create: Callable[[], object]) -> None:
        """Create what may exist already."""
        from mlflow.exceptions import MlflowException

        try:
            create()
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _errors(self) -> Any:
        return registry_errors(self.uri)


def open_registry() -> Registry:
    """The registry that REFI_MLFLOW_URI names. Raises ModelError, or SettingError without the extra `ml`."""
    return Registry(settings_of(MlSettings).mlflow_uri)


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ModelError(f"{name!a} is not a valid name of a model: small letters, digits and _, a letter first.")


def _all_pages(search: Callable[..., Any], filter_string: str) -> Iterator[Any]:
    token = None
    while True:
        page = search(filter_string=filter_string, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _version_info(version: "ModelVersion", aliases: list[str]) -> VersionInfo:
    tags = version.tags
    return VersionInfo(
        name=version.name,
        version=int(version.version),
        aliases=tuple(aliases),
        kind=tags.get("kind", ""),
        figures=_figures(tags.get("figures", "")),
        trained_on=tags.get("trained_on", ""),
        registered_at=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
        tags=tags,
    )


def _figures(text: str) -> dict[str, float]:
    try:
        return {str(name): float(value) for name, value in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):  # a version by other means, or a tag edited by hand
        return {}
