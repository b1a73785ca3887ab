"""SQL steps: single statements in sql/<domain>/steps/ that the domain's Python runs in DuckDB, in DuckDB's dialect.

They read tables of a session, not relations, so they are not SQL models (sql_models.py). `$name` is a parameter of
DuckDB's.
"""

import hashlib
from functools import cache
from pathlib import Path

from refi_assets.specs.groups import SQL_DIR, STEPS


@cache
def load_steps(domain: str, folder: Path = SQL_DIR) -> dict[str, str]:
    """The text of every step of a domain, by the name of its file."""
    paths = sorted((folder / domain / STEPS).glob("*.sql"))
    return {path.stem: path.read_text("utf-8") for path in paths}


def steps_sha256(domain: str, folder: Path = SQL_DIR) -> str | None:
    """Hash of all steps of a domain, None if it has none."""
    steps = load_steps(domain, folder)
    return hashlib.sha256(repr(steps).encode()).hexdigest() if steps else None
