"""The files of a registered model. A file is read only if it has the SHA-256 that the manifest lists.

The model itself is the folder that FittedModel.save writes. There is no MLmodel file, so MLflow's own loaders, which
import or unpickle what that file names, find nothing to load; the signature is in record.json. Where the files are kept
belongs to registry.py.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from refi_assets.errors import ModelError

if TYPE_CHECKING:  # scikit-learn takes seconds, and a list of versions does without it
    from refi_assets.ml.fitted import FittedModel

MANIFEST = "manifest.json"
_MODEL, _RECORD, _CARD_MD, _CARD_HTML, _PLOTS = "model", "record.json", "card.md", "card.html", "plots"
_NEEDED = {f"{_MODEL}/model.json", _RECORD, _CARD_MD, _CARD_HTML}
_OPTIONAL = re.compile(rf"{_MODEL}/estimator\.skops|{_PLOTS}/[A-Za-z0-9_-]{{1,100}}\.svg")

_Manifest = TypeAdapter(dict[str, str])


class _TrainingRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    parameters: dict[str, str | int | float | bool | None]
    figures: dict[str, float]
    data_sha256: str
    code_version: str
    trained_on: str


class ModelRecord(_TrainingRecord):
    """How a model was trained, and how good it is.

    parameters: those chosen in training. figures: measure -> value on the test part. data_sha256: of the training rows.
    trained_on: the relation or file, and its period. plots: file name, which ends in .svg -> contents.
    """

    card_md: str = Field(repr=False)
    card_html: str = Field(repr=False)
    plots: dict[str, bytes] = Field(default={}, repr=False)


class _StoredRecord(_TrainingRecord):
    """record.json; `signature` has the kind of each input of the model, by name."""

    kind: str
    signature: dict[str, str]


def write_registered_files(folder: Path, model: "FittedModel", record: ModelRecord) -> str:
    """Write all files of a model into an empty folder; returns the SHA-256 of the manifest."""
    (folder / _MODEL).mkdir()
    model.save(folder / _MODEL)
    stored = record.model_dump(exclude={"card_md", "card_html", "plots"})
    stored |= {"kind": model.kind, "signature": _signature(model)}
    (folder / _RECORD).write_text(_StoredRecord(**stored).model_dump_json(indent=1), encoding="utf-8")
    (folder / _CARD_MD).write_text(record.card_md, encoding="utf-8")
    (folder / _CARD_HTML).write_text(record.card_html, encoding="utf-8")
    if record.plots:
        (folder / _PLOTS).mkdir()
    for name, contents in record.plots.items():
        (folder / _PLOTS / name).write_bytes(contents)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}
    (folder / MANIFEST).write_bytes(_Manifest.dump_json(manifest, indent=1))
    read_manifest(folder)  # a plot of another name could not be read again
    return sha256_of(folder / MANIFEST)


def read_manifest(folder: Path) -> Mapping[str, str]:
    """The files of a model, by their paths in the folder -> SHA-256. Raises ModelError naming the file at fault."""
    try:
        manifest = _Manifest.validate_json((folder / MANIFEST).read_bytes())
    except ValidationError:
        raise ModelError(f"{MANIFEST}: it is not a list of files and hashes") from None
    for name in sorted(manifest):
        if name not in _NEEDED and not _OPTIONAL.fullmatch(name):
            raise ModelError(f"{name!a}: a registered model has no such file")
    if missing := sorted(_NEEDED - set(manifest)):
        raise ModelError(f"{missing[0]}: it is missing in the manifest")
    return manifest


def read_record(folder: Path) -> ModelRecord:
    """The record in a folder whose hashes were checked. Raises ModelError naming the file at fault."""
    plots = {path.name: path.read_bytes() for path in sorted((folder / _PLOTS).glob("*"))}
    record = _stored(folder).model_dump(exclude={"kind", "signature"})
    return ModelRecord(**record, card_md=_text(folder / _CARD_MD), card_html=_text(folder / _CARD_HTML), plots=plots)


def read_registered_model(folder: Path) -> "FittedModel":
    """The model in a folder whose hashes were checked. Raises ModelError naming the file at fault."""
    from refi_assets.ml.fitted import load_model

    model, stored = load_model(folder / _MODEL), _stored(folder)
    if (stored.kind, stored.signature) != (model.kind, _signature(model)):
        raise ModelError(f"{_RECORD}: its kind or signature is not that of the model")
    return model


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stored(folder: Path) -> _StoredRecord:
    try:
        return _StoredRecord.model_validate_json((folder / _RECORD).read_bytes())
    except ValidationError:
        raise ModelError(f"{_RECORD}: it is not the record of a model") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ModelError(f"{path.name}: it is not text in UTF-8") from None


def _signature(model: "FittedModel") -> dict[str, str]:
    return {column.name: column.kind for column in model.inputs}
