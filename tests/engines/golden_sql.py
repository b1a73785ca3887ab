"""Golden SQL: every file below sql/ as DuckDB, Trino, Athena and Spark receive it, so that a diff shows every change.

    python -m tests.engines.golden_sql

rewrites tests/golden/sql (`make golden`), one file per statement. Engines with the same text share a section. Limits
are those of the shipped policy; ids and the as-of day are examples. Relations have their own names, not those of an
engine's tables.
"""

from collections.abc import Mapping
from datetime import date
from itertools import groupby
from pathlib import Path

from refi_assets.engines.spark_sql import to_spark
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.policies import parameters_in_force
from refi_assets.specs.sql_models import AS_OF, Bindable, SqlModel, load_sql_models

FOLDER = PROJECT_DIR / "tests" / "golden" / "sql"
DIALECTS = ("duckdb", "trino", "athena")
EXAMPLES: dict[str, Bindable] = {
    **{"customer_id": "C1", "borrower_id": "B1", "borrower_id_1": "B1", "borrower_id_2": "B2", "person_id": "B1"},
    **{"otherwise": "policy", "source": "loan_information", AS_OF: date(2026, 2, 20)},
}


def parameters() -> dict[str, Bindable]:
    """A value for every parameter below sql/: from the shipped policies, or an example."""
    return {**parameters_in_force(), **EXAMPLES}


def golden_text(model: SqlModel, values: Mapping[str, Bindable]) -> str:
    """A statement in every dialect, in sections headed by the engines' names."""
    bound = model.bind(values)
    texts = [(dialect, bound.sql(dialect, pretty=True, comments=False)) for dialect in DIALECTS]
    texts.append(("spark", to_spark(bound)))
    sections = [
        f"-- {', '.join(dialect for dialect, _ in group)}\n{text};\n"
        for text, group in groupby(texts, key=lambda pair: pair[1])
    ]
    return "\n".join(sections)


def golden_files() -> dict[str, str]:
    """The text of each golden file, by its path below FOLDER."""
    values = parameters()
    return {f"{key}.sql": golden_text(model, values) for key, model in load_sql_models().items()}


def written_files() -> dict[str, str]:
    """The golden files on disk, by path."""
    return {path.relative_to(FOLDER).as_posix(): path.read_text("utf-8") for path in sorted(FOLDER.rglob("*.sql"))}


def rewrite() -> None:
    """Write all golden files, and remove those of deleted statements."""
    files = golden_files()
    for name in written_files().keys() - files.keys():
        (FOLDER / name).unlink()
    for name, text in files.items():
        path = FOLDER / Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    rewrite()
