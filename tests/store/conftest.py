"""A store of one program, and offers to put into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from refi_assets.store.sqlite_store import SqliteOfferStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteOfferStore]:
    """An empty store."""
    with SqliteOfferStore(tmp_path, "cards") as opened:
        yield opened
