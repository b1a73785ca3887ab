"""A registry with two versions of a model, created once; each test has its own app on it."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from refi_assets.lake import FolderStore
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.registry import CHAMPION, Registry
from tests.support.scored import MODEL, ServedApp, boosting_of_debt, register, scorecard_by_hand


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Version 1 of the model is the scorecard, version 2 gradient boosting."""
    from tests.support.registries import (
        new_registry_file,  # not earlier: pytest rewrites that plug-in before its import
    )

    file = new_registry_file(tmp_path_factory.mktemp("served"), tmp_path_factory.getbasetemp())
    registry = Registry(f"{SQLITE}{file}")
    register(registry, scorecard_by_hand())
    register(registry, boosting_of_debt())
    return registry


@pytest.fixture
def registry(two_versions: Registry) -> Registry:
    """The same, with the scorecard as champion."""
    two_versions.set_alias(MODEL, CHAMPION, 1)
    return two_versions


@pytest.fixture
def served(registry: Registry, tmp_path: Path) -> ServedApp:
    """An app that serves the model, and has not looked at registry and lake yet."""
    return ServedApp(registry, FolderStore(str(tmp_path / "lake")), (MODEL,))


@pytest.fixture
def client(served: ServedApp) -> TestClient:
    """A client of that app, after its first look."""
    served.poll()
    return served.client
