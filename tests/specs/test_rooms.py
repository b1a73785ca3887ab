"""The rooms: a domain has the same name in all of them, and shared rooms do not mention lending."""

import re
from pathlib import Path

import pytest

from refi_assets.definitions import defs
from refi_assets.settings import PROJECT_DIR, overridden
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.groups import domain_of_group, folder_groups
from refi_assets.specs.names import STAGES
from refi_assets.specs.programs import program_files
from refi_assets.specs.sql_models import load_sql_models

PACKAGE = PROJECT_DIR / "refi_assets"
SHARED = ("engines", "finance", "lake", "ingestion", "staging", "publishing", "store")
# Folders of tests that are not rooms.
NO_ROOMS = {"acceptance", "bench", "duckdb", "fakes", "golden", "infra", "spark", "support"}


def names(path: Path) -> set[str]:
    """Folders and modules in a folder."""
    return {item.stem for item in path.iterdir() if item.is_dir() or item.suffix == ".py"} - {"__pycache__", "__init__"}


DOMAINS = names(PACKAGE / "defs")  # each has definitions, as a folder or a module


def test_shared_rooms_do_not_mention_lending() -> None:
    files = [path for room in SHARED for path in (PACKAGE / room).rglob("*") if path.is_file()]
    texts = {path.name: path.read_text("utf-8") for path in files if path.suffix != ".pyc"}
    assert len(texts) > 20
    assert [name for name, text in texts.items() if re.search("borrower|loan|market_equity", text, re.IGNORECASE)] == []


def test_the_domains_of_today_have_definitions() -> None:
    assert {"refi", "identity", "activation"} <= DOMAINS


@pytest.mark.parametrize("place", ["contracts", "policies", "sql"])
def test_a_domain_has_one_name(place: str) -> None:
    assert names(PROJECT_DIR / place) <= DOMAINS


def test_each_folder_of_tests_belongs_to_a_domain_or_a_room() -> None:
    assert names(PROJECT_DIR / "tests") - NO_ROOMS - {"conftest"} <= DOMAINS | names(PACKAGE)


def test_every_group_except_the_stages_belongs_to_a_domain() -> None:
    with overridden("REFI_IDENTITY_ENGINE", "splink"):
        groups = {key.path[0] for key in defs().resolve_asset_graph().get_all_asset_keys()}
    assert groups - set(STAGES) == DOMAINS | program_files().keys() | folder_groups().keys()
    assert {key.split("/")[0] for key in load_sql_models()} == groups - set(STAGES)
    assert {domain_of_group(group) for group in groups - set(STAGES)} == DOMAINS
    assert {contract.domain for contract in load_contracts().values()} <= DOMAINS
