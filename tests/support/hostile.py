"""A market file as another program drops it into the raw zone, and how it is read or refused."""

from pathlib import Path

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import SourceError
from refi_assets.ingestion.snapshots import ScannedSnapshot, scan_source
from refi_assets.lake import FolderStore, RunFolder
from refi_assets.specs.contracts import load_contracts
from tests.support.sources import DAY, market_csv

RAW = f"raw/market_equity/load_date={DAY}"
GOOD = market_csv("P1,5,70,10")
PROJECT = Path(__file__).parents[2]


def put(lake: FolderStore, name: str, data: bytes) -> Path:
    """A file as another program drops it, straight into the raw zone."""
    path = Path(lake.target(f"{RAW}/{name}"))
    path.write_bytes(data)
    return path


def scan(lake: FolderStore, max_file_gb: float = 100) -> ScannedSnapshot:
    contract = load_contracts()["market_equity"]
    return scan_source(lake, DuckDBEngine(lake), contract, DAY, RunFolder(lake, "run"), max_file_gb)[0]


def refusal(lake: FolderStore, max_file_gb: float = 100) -> str:
    with pytest.raises(SourceError) as refused:
        scan(lake, max_file_gb)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")
    assert left_behind(lake) == []
    return str(refused.value)


def left_behind(lake: FolderStore) -> list[str]:
    paths = [path for folder in ("runs", "memo") for path in (lake.root / folder).rglob("*") if path.is_file()]
    return [path.name for path in paths if path.parent.name != "hashes"]  # whose record is of the file, read or not
