"""Every statement equals its reviewed text, on each engine. `make golden` rewrites the texts; read the diff."""

import pytest

from tests.engines.golden_sql import golden_files, written_files

REVIEWED = written_files()


@pytest.fixture(scope="module")
def now() -> dict[str, str]:
    return golden_files()


def test_every_statement_has_a_golden_file_and_every_golden_file_a_statement(now: dict[str, str]) -> None:
    assert now.keys() == REVIEWED.keys(), "run `make golden`"


@pytest.mark.parametrize("name", sorted(REVIEWED))
def test_a_statement_equals_its_reviewed_text(now: dict[str, str], name: str) -> None:
    assert now.get(name) == REVIEWED[name], "if the change is wanted, run `make golden` and review the diff"
