"""Declarations of relations that Python computes: their columns, and the columns that each is derived from.

Lineage, Dagster and OpenLineage read them, since there is no SQL to read. A domain lists its own in
refi_assets/<domain>/declared.py. The meaning of columns is in the head of the relation's SQL file.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

Source = tuple[str, str]  # key of a relation, column


@dataclass(frozen=True)
class PythonColumn:
    """One column: its SQL type, how it is computed, as text, and the columns that it is derived from."""

    sql_type: str
    how: str
    made_from: tuple[Source, ...]


@dataclass(frozen=True)
class PythonRelation:
    """One relation; `key` is that of its asset. Columns are in the relation's order."""

    key: str
    columns: dict[str, PythonColumn]

    @property
    def reads(self) -> tuple[str, ...]:
        """Keys of the relations that its columns are derived from, sorted."""
        return tuple(sorted({relation for column in self.columns.values() for relation, _ in column.made_from}))

    @property
    def sql_types(self) -> dict[str, str]:
        """Column name -> SQL type."""
        return {name: column.sql_type for name, column in self.columns.items()}

    @property
    def sources(self) -> dict[str, list[Source]]:
        """Column name -> the (key, column) pairs that it is derived from, sorted."""
        return {name: sorted(column.made_from) for name, column in self.columns.items()}


@cache
def python_relations() -> dict[str, PythonRelation]:
    """The relations that Python computes, by key, from declared_relations() in each domain's declared.py."""
    package = Path(__file__).parent.parent
    modules = [import_module(f"{package.name}.{path.parent.name}.declared") for path in package.glob("*/declared.py")]
    declared = [relation for module in modules for relation in module.declared_relations()]
    return {relation.key: relation for relation in declared}
