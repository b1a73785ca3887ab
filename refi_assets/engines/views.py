"""A view's query, cut down to what a statement asks of it: the columns it names, and the joins that these need.

A LEFT JOIN with something that has at most one row to offer changes no row, so it is left out if none of its columns
is named. Views then cost what is asked of them, and counting the rows of one costs no join.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import cast

from sqlglot import exp

from refi_assets.specs.names import key_of
from refi_assets.specs.sql_models import tables_read

ALL = None  # columns
_DEPENDING = ("distinct", "group", "having", "order", "limit", "offset", "qualify")


def columns_named(statement: exp.Query) -> dict[str, set[str] | None]:
    """By the key of each relation that a statement reads: the columns of it that the statement names, or ALL.

    Names are in lower case: SQL does not tell cases apart. A column counts for every relation that goes by its
    qualifier anywhere in the statement; one without a qualifier, for all.
    """
    keys: dict[str, set[str]] = {}
    for table in tables_read(statement):
        keys.setdefault(table.alias_or_name.lower(), set()).add(key_of(table))
    everything = {key for same in keys.values() for key in same}
    stars = [star for star in statement.find_all(exp.Star) if isinstance(star.parent, exp.Select)]
    natural = [join for join in statement.find_all(exp.Join) if join.method == "NATURAL"]
    if stars or natural or statement.find(exp.Pivot):
        return dict.fromkeys(everything, ALL)
    named: dict[str, set[str] | None] = {key: set() for key in everything}
    for column in statement.find_all(exp.Column):
        qualifier, name = column.table.lower(), column.name.lower()
        is_row = not qualifier and name in keys  # a whole row, by the name of its table
        for key in keys.get(qualifier or name, set()) if qualifier or is_row else everything:
            _name(named, key, ALL if is_row or isinstance(column.this, exp.Star) else name)
    for join in statement.find_all(exp.Join):
        for identifier in join.args.get("using") or []:
            for key in everything:
                _name(named, key, identifier.name.lower())
    return named


def _name(named: dict[str, set[str] | None], key: str, column: str | None) -> None:
    names = named[key]
    if column is ALL:
        named[key] = ALL
    elif names is not ALL:
        names.add(column)


def cut_down(query: exp.Query, columns: Collection[str], grains: Mapping[str, Sequence[str]]) -> exp.Query:
    """The query with these of its columns (in lower case), one at least, and without the joins that they do not need.

    A query whose rows depend on its columns, or on their order, stays whole. `grains` has, by key, the columns of a
    relation that no two of its rows have in common and that are never null.
    """
    if isinstance(query, exp.Union):
        return _cut_union(query, columns)
    if not isinstance(query, exp.Select) or needs_all(query):
        return query
    cut = query.copy()
    kept = [select for select in cut.selects if select.alias_or_name.lower() in columns] or cut.selects[:1]
    cut.set("expressions", kept)
    ctes = {cte.alias: cte.this for cte in cut.ctes}
    for join in reversed(cut.args.get("joins") or []):
        if _is_idle(cut, join, ctes, grains):
            join.pop()
    named = {table.name for table in cut.find_all(exp.Table)}
    for cte in cut.ctes:
        if cte.alias not in named:
            cte.pop()
    if not cut.ctes:
        cut.set("with_", None)
    return cut


def _cut_union(query: exp.Union, columns: Collection[str]) -> exp.Query:
    """A UNION ALL of SELECTs with these of its columns, one at least: DuckDB would read and join the others, too."""
    cut = query.copy()
    parts = parts_of(cut)
    selects = [part for part in parts if isinstance(part, exp.Select)]
    names = query.named_selects
    if any(map(needs_all, parts)) or any(len(select.selects) != len(names) for select in selects):
        return query
    places = [place for place, name in enumerate(names) if name.lower() in columns] or [0]
    for select in selects:
        select.set("expressions", [select.selects[place] for place in places])
    return cut


def parts_of(query: exp.Expr) -> list[exp.Expr]:
    """A union, its sides, and theirs; a query that is none, by itself."""
    return [query, *parts_of(query.this), *parts_of(query.expression)] if isinstance(query, exp.Union) else [query]


def needs_all(query: exp.Expr) -> bool:
    """Whether which rows a query has, or in which order, may depend on its columns."""
    if not isinstance(query, exp.Select | exp.Union) or any(query.args.get(clause) for clause in _DEPENDING):
        return True
    aggregates = [one for select in query.selects for one in select.find_all(exp.AggFunc)]
    return isinstance(query, exp.Select) and any(not one.find_ancestor(exp.Window) for one in aggregates)


def _is_idle(
    query: exp.Select, join: exp.Join, ctes: Mapping[str, exp.Query], grains: Mapping[str, Sequence[str]]
) -> bool:
    """Whether a join neither adds a column that is named nor a row."""
    table = join.this
    if join.side != "LEFT" or join.args.get("using") or not isinstance(table, exp.Table):
        return False
    own = _joined_by(join)
    others = [column for column in query.find_all(exp.Column) if column.find_ancestor(exp.Join) is not join]
    if any(column.table in ("", table.alias_or_name) for column in others):
        return False
    grain = _grouped_by(ctes[table.name]) if table.name in ctes and not table.db else grains.get(key_of(table), ())
    return bool(grain) and own.issuperset(grain)


def _joined_by(join: exp.Join) -> set[str]:
    """The columns of a joined table that must be equal to something; none if the condition says anything else."""
    on, name = join.args.get("on"), join.this.alias_or_name
    conditions = list(on.flatten()) if isinstance(on, exp.And) else [on]
    own = set()
    for condition in conditions:
        if not isinstance(condition, exp.EQ):
            return set()
        sides = [side for side in (condition.this, condition.expression) if isinstance(side, exp.Column)]
        names = [side.name for side in sides if side.table == name]
        if len(sides) != 2 or len(names) != 1:
            return set()
        own.add(names[0])
    return own


def _grouped_by(query: exp.Query) -> list[str]:
    """The columns that tell the rows of a grouping query apart, by the names it gives them."""
    group = query.args.get("group")
    if not isinstance(query, exp.Select) or group is None:
        return []
    names = {select.unalias().sql(): select.alias_or_name for select in query.selects}
    keys = [names.get(cast(exp.Expr, key).sql()) for key in group.expressions]
    return [key for key in keys if key] if all(keys) else []
