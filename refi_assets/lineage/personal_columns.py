"""Personal columns: which columns of which relations show data of a person, by column lineage.

A column is personal if any column that it is derived from is, through any number of steps, back to the contracts,
unless the head of its SQL file says why it is not (`-- not personal column: reason`). A filter or a join on a personal
column does not make another column personal. Masking belongs to publishing/masked_copies.py.
"""

import hashlib

from refi_assets.lineage.graph import LineageColumn, LineageRelation
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.names import group_and_name
from refi_assets.specs.python_relations import python_relations
from refi_assets.specs.sql_models import load_sql_models

PersonalKinds = dict[str, dict[str, str]]  # relation key -> each of its columns -> its kind, empty if not personal


def personal_kinds(graph: dict[str, LineageRelation]) -> PersonalKinds:
    """The kind of personal data in each column of every relation.

    A kind names the attributes of a person from which a column is derived: those of the contracts, or the names of
    source columns that have no attribute. So a value has the same kind wherever it occurs.
    """
    kinds: dict[str, frozenset[str]] = {}  # id of a column -> attributes
    by_relation: PersonalKinds = {}
    for relation in graph.values():  # each after those that it reads
        model = load_sql_models().get(relation.asset)
        harmless = model.not_personal if model else {}
        for column in relation.columns.values():
            inherited = frozenset().union(*(kinds[source.id] for source in column.made_from))
            kinds[column.id] = frozenset() if column.column in harmless else inherited | _declared_kind(column)
        by_relation[relation.asset] = {
            name: "+".join(sorted(kinds[column.id])) for name, column in relation.columns.items()
        }
    return by_relation


def personal_kinds_sha256() -> str:
    """Hash of all declarations that decide the kinds."""
    declarations = [
        *(contract.sha256 for contract in load_contracts().values()),
        *(model.sha256 for model in load_sql_models().values()),
        repr(python_relations()),
    ]
    return hashlib.sha256("\n".join(declarations).encode()).hexdigest()


def _declared_kind(column: LineageColumn) -> frozenset[str]:
    """The attribute of a column of a source file; empty if it is not personal, or not of a source file."""
    group, source = group_and_name(column.asset)
    if group != "catalog":
        return frozenset()
    declared = next(item for item in load_contracts()[source].columns if item.name == column.column)
    return frozenset({declared.person_attribute or declared.name}) if declared.personal else frozenset()
