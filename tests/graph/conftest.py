"""A small lender's lake, and no OpenLineage client but the one that the tests configure."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lender import lender, write
from tests.support.running import ingest


@pytest.fixture(scope="module", autouse=True)
def nothing_configured() -> Iterator[None]:
    """Take away what the environment says to the OpenLineage client."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
            patch.delenv(name)
        yield


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake into which the small lender's files were put."""
    ingest(tmp_path / "lake", write(lender(), tmp_path / "source"))
    return tmp_path / "lake"
