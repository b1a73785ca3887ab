"""The rooms of the house: a domain has one name in all of them, and the shared ones know no lending."""

import re
from pathlib import Path

import pytest

from refi_assets.definitions import defs
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.names import STAGES
from refi_assets.specs.sql_models import load_sql_models

PACKAGE = PROJECT_DIR / "refi_assets"
SHARED = ("engines", "lake", "ingestion", "staging", "publishing")
DOMAINS = {"refi", "identity", "activation"}


def folders(path: Path) -> set[str]:
    return {folder.name for folder in path.iterdir() if any(folder.glob("*.*"))} - {"__pycache__"}


def test_shared_rooms_know_no_lending() -> None:
    files = [path for room in SHARED for path in (PACKAGE / room).rglob("*") if path.is_file()]
    texts = {path.name: path.read_text("utf-8") for path in files if path.suffix != ".pyc"}
    assert len(texts) > 20
    assert [name for name, text in texts.items() if re.search("borrower|loan|market_equity", text, re.IGNORECASE)] == []


def test_definitions_are_of_these_domains() -> None:
    assert folders(PACKAGE / "defs") == DOMAINS


@pytest.mark.parametrize("place", ["contracts", "policies", "sql", "tests"])
def test_a_domain_has_one_name(place: str) -> None:
    rooms = folders(PACKAGE)
    shared = rooms - DOMAINS if place == "tests" else set()
    others = {"acceptance", "bench", "duckdb", "fakes", "golden", "infra", "support"} if place == "tests" else set()
    names = {path.name for path in (PROJECT_DIR / place).iterdir() if path.is_dir()} - {"__pycache__"}
    assert names - shared - others <= DOMAINS


def test_every_group_but_the_stages_is_of_the_domain_of_its_name() -> None:
    groups = {key.path[0] for key in defs().resolve_asset_graph().get_all_asset_keys()}
    assert groups - set(STAGES) == DOMAINS
    assert {key.split("/")[0] for key in load_sql_models()} == DOMAINS
    assert {contract.domain for contract in load_contracts().values()} <= DOMAINS
