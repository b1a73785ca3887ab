"""Files in the registry that are not a model of ours, or were changed: each is refused by name, and nothing runs.

The attacker may write to the registry, so that hashes fit; each attack is shown to work on a reader that trusts it.
"""

import copy
import hashlib
import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import skops.io
from sklearn.feature_extraction.text import CountVectorizer

from refi_assets.errors import ModelError
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.registered_files import write_registered_files
from refi_assets.ml.registry import Registry
from refi_assets.ml.trees import Trees
from tests.support.registries import record_of


class Attacks:
    """Registers doctored files of a model, under one name, and tries to load them."""

    def __init__(self, registry: Registry, name: str, forest: FittedModel, folder: Path) -> None:
        self.registry, self.name, self.model, self._folder = registry, name, forest, folder
        self.marker = folder / "attacked"

    def plant(
        self,
        doctor: Callable[[Path], object],
        *,
        forged: Literal["hashes and tag", "tag", "nothing"] = "hashes and tag",
        location: Path | None = None,
    ) -> int:
        """A version with the files of the forest after `doctor` has changed them; returns its number."""
        from mlflow import MlflowClient

        files = self._folder / "files"
        files.mkdir()
        sha256 = write_registered_files(files, self.model, record_of())
        doctor(files)
        manifest = files / "manifest.json"
        if forged == "hashes and tag":
            listed = json.loads(manifest.read_text())
            paths = {file: files / file for file in listed if (files / file).is_file()}
            listed |= {file: hashlib.sha256(path.read_bytes()).hexdigest() for file, path in paths.items()}
            manifest.write_text(json.dumps(listed))
        if forged != "nothing":
            sha256 = hashlib.sha256(manifest.read_bytes()).hexdigest()
        client = MlflowClient(self.registry.uri, self.registry.uri)
        artifacts = Path(self.registry.uri.removeprefix("sqlite:///")).parent / "artifacts"
        place = str(location or artifacts / self.name)
        run = client.create_run(client.create_experiment(f"attack on {self.name}", artifact_location=place))
        client.log_artifacts(run.info.run_id, str(files))
        if self.name not in self.registry.names():
            client.create_registered_model(self.name)
        tags = {"manifest_sha256": sha256}
        source = run.info.artifact_uri
        version = client.create_model_version(self.name, source, run.info.run_id, tags=tags, await_creation_for=None)
        return int(version.version)

    def refusal(self, version: int) -> str:
        """The message of the refusal, which names the model and the version; no code of the attacker ran."""
        with pytest.raises(ModelError) as refused:
            self.registry.load(self.name, version)
        assert not self.marker.exists()
        message = str(refused.value)
        assert message.startswith(f"{self.name}, version {version}: ")
        assert " It was not loaded. " in message
        assert "\n" not in message
        return message


@pytest.fixture
def attacks(registry: Registry, name: str, forest: FittedModel, tmp_path: Path) -> Attacks:
    return Attacks(registry, name, forest, tmp_path)


class Command:
    """An object whose pickle runs a command."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch '{self.marker}'",)


class Restored:
    """An object that runs code when it is restored."""

    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __setstate__(self, state: dict[str, str]) -> None:
        Path(state["marker"]).touch()


def test_untouched_files_are_loaded(attacks):
    assert attacks.registry.load(attacks.name, attacks.plant(lambda files: None)).model.kind == "random_forest"


def test_a_pickle_in_place_of_the_estimator_is_refused_and_does_not_run(attacks):
    content = pickle.dumps(Command(attacks.marker))
    version = attacks.plant(lambda files: (files / "model/estimator.skops").write_bytes(content))
    assert "estimator.skops" in attacks.refusal(version)
    pickle.loads(content)
    assert attacks.marker.exists(), "the attack works on a reader that trusts it"


def test_a_type_that_is_not_on_our_list_is_named_and_does_not_run(attacks):
    content = skops.io.dumps(Restored(attacks.marker))
    version = attacks.plant(lambda files: (files / "model/estimator.skops").write_bytes(content))
    message = attacks.refusal(version)
    assert "estimator.skops" in message
    assert "test_hostile_artifacts.Restored" in message
    skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))
    assert attacks.marker.exists(), "the attack works on a reader that trusts the file's own list"


def test_a_hostile_type_inside_of_a_forest_is_refused(attacks, forest):
    trees = forest.predictor.ensemble
    trees.estimators_.append(Restored(attacks.marker))
    try:
        content = skops.io.dumps(trees)
    finally:
        trees.estimators_.pop()
    version = attacks.plant(lambda files: (files / "model/estimator.skops").write_bytes(content))
    assert "Restored" in attacks.refusal(version)


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 0), ("right_child", 10**6), ("left_child", -5), ("feature", 10**7), ("feature", -2)],
)
def test_a_forest_that_would_have_compiled_code_read_foreign_memory_is_refused(attacks, forest, field, value):
    def nodes_of(ensemble: Any) -> Any:
        return ensemble.estimators_[0].tree_.__getstate__()["nodes"]

    def set_nodes(ensemble: Any, nodes: Any) -> None:
        tree = ensemble.estimators_[0].tree_
        tree.__setstate__(tree.__getstate__() | {"nodes": nodes})

    content = _doctored(forest, nodes_of, set_nodes, field, value)
    version = attacks.plant(lambda files: (files / "model/estimator.skops").write_bytes(content))
    assert "estimator.skops cannot be loaded" in attacks.refusal(version)


@pytest.mark.parametrize(
    ("field", "value"),
    [("left", 0), ("right", 10**6), ("feature_idx", 10**7), ("feature_idx", -1), ("is_categorical", 1)],
)
def test_boosting_that_would_do_the_same_is_refused(attacks, boosting, field, value):
    def nodes_of(ensemble: Any) -> Any:
        return ensemble._predictors[0][0].nodes

    def set_nodes(ensemble: Any, nodes: Any) -> None:
        ensemble._predictors[0][0].nodes = nodes

    attacks.model = boosting
    assert attacks.registry.register(attacks.name, boosting, record_of()) == 1
    assert attacks.registry.load(attacks.name, 1).model.kind == "gradient_boosting"
    content = _doctored(boosting, nodes_of, set_nodes, field, value)
    version = attacks.plant(lambda files: (files / "model/estimator.skops").write_bytes(content))
    assert "estimator.skops cannot be loaded" in attacks.refusal(version)


def _doctored(model: FittedModel, nodes_of: Any, set_nodes: Any, field: str, value: int) -> bytes:
    """The estimator's file with a number of its first tree's root changed. It cannot be run: that ends the process."""
    assert isinstance(model.predictor, Trees)
    ensemble = copy.deepcopy(model.predictor.ensemble)
    nodes = nodes_of(ensemble).copy()
    nodes[field][0] = value
    set_nodes(ensemble, nodes)
    return skops.io.dumps(ensemble)


def test_a_step_that_would_transform_the_rows_first_is_refused(attacks, boosting):
    ensemble = copy.deepcopy(boosting.predictor.ensemble)
    ensemble._preprocessor = CountVectorizer(input="filename")  # skops trusts it, and it reads files
    attacks.model, content = boosting, skops.io.dumps(ensemble)
    version = attacks.plant(lambda files: (files / "model/estimator.skops").write_bytes(content))
    assert "estimator.skops cannot be loaded" in attacks.refusal(version)


def test_trees_of_another_number_of_inputs_are_refused(attacks):
    def add_input(files: Path) -> None:
        for file in ("model/model.json", "record.json"):
            content = json.loads((files / file).read_text())
            if file == "record.json":
                content["signature"]["age"] = "number"
            else:
                content["inputs"].append(content["inputs"][0] | {"name": "age"})
            (files / file).write_text(json.dumps(content))

    assert "estimator.skops cannot be loaded" in attacks.refusal(attacks.plant(add_input))


def test_a_module_that_the_file_names_is_not_imported(attacks, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "module_of_an_attacker.py").write_text(
        f"import pathlib\npathlib.Path({str(attacks.marker)!r}).touch()\nclass Trap: pass\n"
    )
    content = _with_schema(
        skops.io.dumps(Restored(attacks.marker)), __module__="module_of_an_attacker", __class__="Trap"
    )
    version = attacks.plant(lambda files: (files / "model/estimator.skops").write_bytes(content))
    assert "module_of_an_attacker.Trap" in attacks.refusal(version)
    skops.io.loads(content, trusted=["module_of_an_attacker.Trap"])
    assert attacks.marker.exists(), "the attack works on a reader that trusts it"


def _with_schema(content: bytes, **changes: str) -> bytes:
    """A skops file whose root names something else."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.namelist():
            data = old.read(entry)
            new.writestr(entry, json.dumps(json.loads(data) | changes) if entry == "schema.json" else data)
    return changed.getvalue()


def test_an_ml_model_file_with_a_loader_is_refused(attacks):
    def add_loader(files: Path) -> None:
        (files / "model/MLmodel").write_text("flavors: {python_function: {loader_module: module_of_an_attacker}}\n")
        manifest = json.loads((files / "manifest.json").read_text())
        (files / "manifest.json").write_text(json.dumps(manifest | {"model/MLmodel": "0" * 64}))

    assert "'model/MLmodel': a registered model has no such file" in attacks.refusal(attacks.plant(add_loader))


def test_an_ml_model_file_beside_the_model_is_not_even_read(attacks):
    loader = "flavors: {python_function: {loader_module: module_of_an_attacker}}\n"
    version = attacks.plant(lambda files: (files / "model/MLmodel").write_text(loader))
    assert attacks.registry.load(attacks.name, version).model.kind == "random_forest"


@pytest.mark.parametrize(
    "file", ["../../../../etc/passwd", "/etc/passwd", "model/../record.json", "plots/../x.svg", ""]
)
def test_a_manifest_that_leads_out_of_the_folder_is_refused(attacks, file):
    def add(files: Path) -> None:
        manifest = json.loads((files / "manifest.json").read_text())
        (files / "manifest.json").write_text(json.dumps(manifest | {file: "0" * 64}))

    assert f"{file!r}: a registered model has no such file" in attacks.refusal(attacks.plant(add))


FILES = [
    "model/model.json",
    "model/estimator.skops",
    "record.json",
    "card.md",
    "card.html",
    "plots/roc.svg",
    "manifest.json",
]


@pytest.mark.parametrize("file", FILES)
def test_a_changed_byte_is_refused(attacks, file):
    def flip(files: Path) -> None:
        content = bytearray((files / file).read_bytes())
        content[len(content) // 2] ^= 1
        (files / file).write_bytes(content)

    assert f": {file}: its SHA-256 is not " in attacks.refusal(attacks.plant(flip, forged="nothing"))


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(attacks, file):
    version = attacks.plant(lambda files: (files / file).unlink(), forged="nothing")
    assert f": {file}: the file is missing." in attacks.refusal(version)


@pytest.mark.parametrize("file", ["record.json", "card.md", "model/model.json"])
def test_a_manifest_without_a_needed_file_is_refused(attacks, file):
    def forget(files: Path) -> None:
        manifest = json.loads((files / "manifest.json").read_text())
        del manifest[file]
        (files / "manifest.json").write_text(json.dumps(manifest))

    assert f"{file}: it is missing in the manifest" in attacks.refusal(attacks.plant(forget))


def test_a_forest_without_its_estimator_is_refused(attacks):
    def forget(files: Path) -> None:
        manifest = json.loads((files / "manifest.json").read_text())
        del manifest["model/estimator.skops"]
        (files / "manifest.json").write_text(json.dumps(manifest))

    assert "estimator.skops" in attacks.refusal(attacks.plant(forget))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "[" * 100_000,
        '{"format": 2}',
        '{"format": 1, "kind": "os.system", "inputs": ["../../etc/passwd"]}',
        " " * (65 << 20),
    ],
    ids=["empty", "a list", "null", "deep", "another format", "another kind", "65 MB"],
)
def test_a_model_json_that_is_not_one_is_refused(attacks, text):
    version = attacks.plant(lambda files: (files / "model/model.json").write_text(text))
    assert "model.json" in attacks.refusal(version)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("manifest.json", b"[]"),
        ("manifest.json", b'{"card.md": 1}'),
        ("manifest.json", b"\xff\xfe"),
        ("record.json", b"{}"),
        ("record.json", b"not JSON"),
        ("card.md", b"\xff\xfe"),
        ("model/estimator.skops", b""),
        ("model/estimator.skops", b"PK\x05\x06" + bytes(18)),
    ],
)
def test_a_file_of_another_form_is_refused(attacks, file, content):
    forged: Any = "tag" if file == "manifest.json" else "hashes and tag"
    version = attacks.plant(lambda files: (files / file).write_bytes(content), forged=forged)
    assert f": {Path(file).name}" in attacks.refusal(version)


def test_a_signature_that_is_not_the_models_is_refused(attacks):
    def rename(files: Path) -> None:
        text = (files / "record.json").read_text()
        assert '"income"' in text
        (files / "record.json").write_text(text.replace('"income"', '"salary"'))

    assert "record.json: its kind or signature is not that of the model" in attacks.refusal(attacks.plant(rename))


def test_files_outside_of_the_registry_are_not_read(attacks, tmp_path):
    version = attacks.plant(lambda files: None, location=tmp_path / "elsewhere")
    assert f"its files are at {tmp_path}/elsewhere/" in attacks.refusal(version)


def test_a_link_out_of_the_registry_is_not_followed(attacks, registry, tmp_path):
    elsewhere, link = (
        tmp_path / "elsewhere",
        Path(registry.uri.removeprefix("sqlite:///")).parent / "artifacts" / "link",
    )
    elsewhere.mkdir()
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    assert "which is not below" in attacks.refusal(attacks.plant(lambda files: None, location=link))


def test_a_version_whose_run_is_not_there_is_refused(attacks):
    from mlflow import MlflowClient

    client = MlflowClient(attacks.registry.uri, attacks.registry.uri)
    client.create_registered_model(attacks.name)
    version = client.create_model_version(attacks.name, "/nowhere", "0" * 32, await_creation_for=None)
    assert f"its run, {'0' * 32}, is not in the registry" in attacks.refusal(int(version.version))


def test_mlflow_itself_may_not_unpickle_in_our_processes(registry):
    from mlflow.environment_variables import MLFLOW_ALLOW_PICKLE_DESERIALIZATION

    assert MLFLOW_ALLOW_PICKLE_DESERIALIZATION.get() is False
