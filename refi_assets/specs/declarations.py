"""The promises that declarations make about a relation's rows, as SQL that finds rows that break them.

A SQL file declares its grain (`-- grain: a, b`) and the columns that are never null (`-- not null: a, b`) in its head,
a contract declares the columns of its key and the required ones. Comparing stored columns with declared ones belongs
to orchestration/asset_checks.py.
"""

from collections.abc import Sequence

from sqlglot import exp

from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.names import group_and_name, table_of
from refi_assets.specs.python_relations import python_relations
from refi_assets.specs.sql_models import DIALECT, SqlModel, load_sql_models


def grain_of(key: str) -> list[str]:
    """The columns that tell a relation's rows apart."""
    group, name = group_and_name(key)
    if group == "staging":
        return [column.name for column in load_contracts()[name].columns if column.is_key]
    return load_sql_models()[key].grain


def declared_in(key: str) -> str:
    """The file that declares a relation."""
    group, name = group_and_name(key)
    if group == "staging":
        return f"contracts/{load_contracts()[name].domain}/{name}.yaml"
    return load_sql_models()[key].file if key in load_sql_models() else f"sql/{key}.sql"


def declared_columns(key: str) -> dict[str, str | None]:
    """The columns of a relation in order, with their SQL types; None if no type is declared."""
    group, name = group_and_name(key)
    if group == "staging":
        return dict(load_contracts()[name].sql_types)
    if (declared := python_relations().get(key)) is not None:
        return dict(declared.sql_types)
    return dict.fromkeys(load_sql_models()[key].tree.named_selects)


def declared_rules(key: str) -> list[SqlModel]:
    """The SQL of the checks keys_unique and not_null of a relation; empty if nothing declares it.

    Staging has no keys_unique here: it counts its keys while it reads files.
    """
    group, name = group_and_name(key)
    if group == "staging" and (contract := load_contracts().get(name)):
        required = [column.name for column in contract.columns if column.present and column.not_null]
        return [_not_null(key, required)] if required else []
    model = load_sql_models().get(key)
    if model is None:
        return []
    return [_keys_unique(key, model.grain), *([_not_null(key, model.not_null)] if model.not_null else [])]


def _keys_unique(key: str, grain: Sequence[str]) -> SqlModel:
    rows = exp.select(grain[0]).from_(table_of(key)).group_by(*grain).having("COUNT(*) > 1")
    return _check(key, "keys_unique", f"Rows with the same {' and '.join(grain)} as another row.", rows)


def _not_null(key: str, columns: Sequence[str]) -> SqlModel:
    rows = exp.select(*grain_of(key)).from_(table_of(key)).where(exp.or_(*(f"{name} IS NULL" for name in columns)))
    return _check(key, "not_null", f"Rows that lack {' or '.join(columns)}.", rows)


def _check(key: str, name: str, description: str, rows: exp.Select) -> SqlModel:
    group, relation = group_and_name(key)
    return SqlModel(f"{group}/checks/{relation}/{name}", f"-- {description}\n{rows.sql(DIALECT, pretty=True)}\n")
