"""SQL steps: each file is one statement of DuckDB's that says what one row is, and that Python runs by its name."""

from pathlib import Path

import duckdb
import pytest

from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.sql_models import load_sql_models
from refi_assets.specs.sql_steps import load_steps, steps_sha256

STEPS = load_steps("identity")


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_one_statement_with_a_comment_and_is_run_by_its_name(name: str) -> None:
    assert STEPS[name].startswith("-- ")
    assert len(duckdb.extract_statements(STEPS[name])) == 1
    modules = (PROJECT_DIR / "refi_assets" / "identity").glob("*.py")
    assert any(f'load_steps("identity")["{name}"]' in module.read_text("utf-8") for module in modules)


def test_steps_are_not_models() -> None:
    assert not [key for key in load_sql_models() if "/steps/" in key]


def test_a_domain_has_another_hash_if_a_step_changes(tmp_path: Path) -> None:
    folder = tmp_path / "toy" / "steps"
    folder.mkdir(parents=True)
    (folder / "one.sql").write_text("SELECT 1")
    before = steps_sha256("toy", tmp_path)
    load_steps.cache_clear()
    (folder / "one.sql").write_text("SELECT 2")
    assert before != steps_sha256("toy", tmp_path)
    assert steps_sha256("other", tmp_path) is None
