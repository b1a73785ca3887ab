"""Golden SQL: every file below sql/ as DuckDB, Trino and Athena are given it, so that a diff shows what changed.

    python -m tests.engines.golden_sql

rewrites tests/golden/sql (`make golden`), one file a statement. Engines whose text is the same share a section. Limits
are those of the shipped policy; ids are examples. Relations go by their names: where they are, the engine says.
"""

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.policies import parameters_in_force
from refi_assets.specs.sql_models import Bindable, SqlModel, load_sql_models

FOLDER = PROJECT_DIR / "tests" / "golden" / "sql"
DIALECTS = ("duckdb", "trino", "athena")
EXAMPLES = {
    **{"borrower_id": "B1", "borrower_id_1": "B1", "borrower_id_2": "B2", "person_id": "B1"},
    **{"otherwise": "policy", "source": "loan_information"},
}


def parameters() -> dict[str, Bindable]:
    """A value for every parameter below sql/: the shipped policies', and ids."""
    return {**parameters_in_force(), **EXAMPLES}


def golden_text(model: SqlModel, values: Mapping[str, Bindable]) -> str:
    """A statement in every dialect, in sections headed by the names of their engines."""
    bound = model.bind(values)
    texts = [(dialect, bound.sql(dialect, pretty=True, comments=False)) for dialect in DIALECTS]
    sections = [
        f"-- {', '.join(dialect for dialect, _ in same)}\n{text};\n"
        for text, same in groupby(texts, key=lambda pair: pair[1])
    ]
    return "\n".join(sections)


def golden_files() -> dict[str, str]:
    """Text of each golden file, by its path below FOLDER."""
    values = parameters()
    return {f"{key}.sql": golden_text(model, values) for key, model in load_sql_models().items()}


def written_files() -> dict[str, str]:
    """The files as they were written last."""
    return {path.relative_to(FOLDER).as_posix(): path.read_text("utf-8") for path in sorted(FOLDER.rglob("*.sql"))}


def rewrite() -> None:
    """Write all files anew, and remove those of statements that are gone."""
    files = golden_files()
    for name in written_files().keys() - files.keys():
        (FOLDER / name).unlink()
    for name, text in files.items():
        path = FOLDER / Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    rewrite()
