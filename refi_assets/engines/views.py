"""Prunes a view's query to the columns that a statement reads, and to the joins that these columns need.

A LEFT JOIN that matches at most one row neither adds nor drops rows, so it is removed if none of its columns is read.
A statement then pays only for the columns it reads, and counting a view's rows takes no join.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import cast

from sqlglot import exp

from refi_assets.specs.names import key_of
from refi_assets.specs.sql_models import tables_read

ALL = None  # columns
_CLAUSES_NEEDING_ALL = ("distinct", "group", "having", "order", "limit", "offset", "qualify")


def columns_read(statement: exp.Query) -> dict[str, set[str] | None]:
    """Key of each relation that a statement reads -> the columns that it reads of it, in lower case, or ALL.

    A qualified column counts for every relation that has its qualifier anywhere in the statement; a column without a
    qualifier counts for all relations.
    """
    keys: dict[str, set[str]] = {}
    for table in tables_read(statement):
        keys.setdefault(table.alias_or_name.lower(), set()).add(key_of(table))
    all_keys: set[str] = set().union(*keys.values())
    stars = any(isinstance(star.parent, exp.Select) for star in statement.find_all(exp.Star))
    unnamed = any(join.method == "NATURAL" or join.args.get("using") for join in statement.find_all(exp.Join))
    if stars or unnamed or statement.find(exp.Pivot):
        return dict.fromkeys(all_keys, ALL)
    names: dict[str, set[str]] = {key: set() for key in all_keys}
    read_whole: set[str] = set()
    for column in statement.find_all(exp.Column):
        qualifier, name = column.table.lower(), column.name.lower()
        is_row = not qualifier and name in keys  # a whole row, named by its table
        for key in keys.get(qualifier or name, set()) if qualifier or is_row else all_keys:
            names[key].add(name)
            if is_row or isinstance(column.this, exp.Star):
                read_whole.add(key)
    return {key: ALL if key in read_whole else names[key] for key in all_keys}


def prune_query(query: exp.Query, columns: Collection[str], grains: Mapping[str, Sequence[str]]) -> exp.Query:
    """The query with only these columns (in lower case; at least one), and without the joins that they do not need.

    A query whose rows, or whose order, depend on its columns is returned unchanged. `grains`: relation key -> its
    columns that are unique together and never null.
    """
    if isinstance(query, exp.Union):
        return _pruned_union(query, columns)
    if not isinstance(query, exp.Select) or depends_on_columns(query):
        return query
    copy = query.copy()
    kept = [select for select in copy.selects if select.alias_or_name.lower() in columns] or copy.selects[:1]
    copy.set("expressions", kept)
    ctes = {cte.alias: cte.this for cte in copy.ctes}
    for join in reversed(copy.args.get("joins") or []):
        if _is_removable(copy, join, ctes, grains):
            join.pop()
    tables = {table.name for table in copy.find_all(exp.Table)}
    for cte in copy.ctes:
        if cte.alias not in tables:
            cte.pop()
    if not copy.ctes:
        copy.set("with_", None)
    return copy


def _pruned_union(query: exp.Union, columns: Collection[str]) -> exp.Query:
    """A UNION ALL of SELECTs with only these columns, at least one. DuckDB would compute the others as well."""
    copy = query.copy()
    parts = union_parts(copy)
    selects = [part for part in parts if isinstance(part, exp.Select)]
    names = query.named_selects
    if any(map(depends_on_columns, parts)) or any(len(select.selects) != len(names) for select in selects):
        return query
    places = [place for place, name in enumerate(names) if name.lower() in columns] or [0]
    for select in selects:
        select.set("expressions", [select.selects[place] for place in places])
    return copy


def union_parts(query: exp.Expr) -> list[exp.Expr]:
    """A union and, recursively, its two sides; any other query on its own."""
    if not isinstance(query, exp.Union):
        return [query]
    return [query, *union_parts(query.this), *union_parts(query.expression)]


def depends_on_columns(query: exp.Expr) -> bool:
    """Whether a query's rows, or their order, may depend on its columns."""
    if not isinstance(query, exp.Select | exp.Union) or any(query.args.get(clause) for clause in _CLAUSES_NEEDING_ALL):
        return True
    aggregates = [aggregate for select in query.selects for aggregate in select.find_all(exp.AggFunc)]
    return isinstance(query, exp.Select) and any(not aggregate.find_ancestor(exp.Window) for aggregate in aggregates)


def _is_removable(
    query: exp.Select, join: exp.Join, ctes: Mapping[str, exp.Query], grains: Mapping[str, Sequence[str]]
) -> bool:
    """Whether a join adds no column that is read, and neither adds nor drops rows."""
    table = join.this
    if join.side != "LEFT" or join.args.get("using") or not isinstance(table, exp.Table):
        return False
    columns_elsewhere = [column for column in query.find_all(exp.Column) if column.find_ancestor(exp.Join) is not join]
    if any(column.table in ("", table.alias_or_name) for column in columns_elsewhere):
        return False
    grain = _grouped_by(ctes[table.name]) if table.name in ctes and not table.db else grains.get(key_of(table), ())
    return bool(grain) and _equated_columns(join).issuperset(grain)


def _equated_columns(join: exp.Join) -> set[str]:
    """The joined table's columns that a join equates with others; none if its condition has anything but equalities."""
    on, name = join.args.get("on"), join.this.alias_or_name
    conditions = list(on.flatten()) if isinstance(on, exp.And) else [on]
    equated = set()
    for condition in conditions:
        if not isinstance(condition, exp.EQ):
            return set()
        sides = [side for side in (condition.this, condition.expression) if isinstance(side, exp.Column)]
        names = [side.name for side in sides if side.table == name]
        if len(sides) != 2 or len(names) != 1:
            return set()
        equated.add(names[0])
    return equated


def _grouped_by(query: exp.Query) -> list[str]:
    """The names of the columns that a query groups by; none if it does not select them all."""
    group = query.args.get("group")
    if not isinstance(query, exp.Select) or group is None:
        return []
    names = {select.unalias().sql(): select.alias_or_name for select in query.selects}
    keys = [names.get(cast(exp.Expr, key).sql()) for key in group.expressions]
    return [key for key in keys if key] if all(keys) else []
