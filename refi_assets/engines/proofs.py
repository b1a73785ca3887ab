"""Proof before search: cheap queries that show that another one returns no row, without running it.

A check groups millions of texts to find the few that should not be there. That there are none, the hashes of the
groups show in a fraction of the time. If they do not, nothing is known, and the check's own SQL says which rows it is.
"""

from collections.abc import Callable

from sqlglot import exp

from refi_assets.specs.names import key_of

Named = tuple[str, tuple[str, ...]]  # all rows of a relation, by its key, and some of its columns, in lower case

HASH = "row_hash"


def hashes_of_groups(query: exp.Query) -> exp.Select | None:
    """Of a query for groups with more than one row: one whose rows are the hashes of each row's group.

    If no two hashes are equal, no two rows are of one group. None for another query.
    """
    if not isinstance(query, exp.Select) or not _has_only(query, "from_", "where", "group", "having"):
        return None
    if _sql_of(query, "having") != "COUNT(*) > 1":
        return None
    return _with_select(query, exp.alias_(_hash(query), HASH))


def balance_of_groups(query: exp.Query) -> exp.Select | None:
    """Of a query for groups whose sum of something is not 0: one that tells whether the sums of all are, by hashes.

    Each group weighs as much as its hash: if the whole is in balance, so is each group, but for a chance of one in
    10^19. None for another query.
    """
    if not isinstance(query, exp.Select) or not _has_only(query, "with_", "from_", "group", "having"):
        return None
    having = query.args.get("having")
    condition = having.this if having else None
    if not isinstance(condition, exp.NEQ) or not isinstance(condition.this, exp.Sum):
        return None
    if condition.expression != exp.Literal.number(0):
        return None
    weighed = exp.Mul(this=condition.this.this.copy(), expression=exp.cast(_hash(query), "HUGEINT"))
    balance = exp.Coalesce(this=exp.Sum(this=weighed), expressions=[exp.Literal.number(0)])
    return _with_select(query, exp.alias_(balance.eq(0), "is_balanced"))


def distinct_parts(query: exp.Query) -> list[exp.Select]:
    """The SELECT DISTINCTs in a query that can run by themselves."""
    parts = [part for part in query.find_all(exp.Select) if part.args.get("distinct") and not part.args.get("with_")]
    return [part for part in parts if all(table.db for table in part.find_all(exp.Table))]


def hashes_of_rows(select: exp.Select) -> exp.Select:
    """The hashes of all rows of a SELECT DISTINCT, before it makes them distinct."""
    columns = [column.unalias().copy() for column in select.selects]
    hashes = select.copy()
    hashes.set("distinct", None)
    hashes.set("expressions", [exp.alias_(exp.Anonymous(this="HASH", expressions=columns), HASH)])
    return hashes


def opposites_of_groups(query: exp.Query) -> tuple[Named, Named] | None:
    """Of a query for groups whose sum of a weight is not 0: what is counted, and what is counted against it.

    If the two are the same, each group is in balance, whatever the rows are. None for another query.
    """
    if balance_of_groups(query) is None or len(query.ctes) != 1:
        return None
    (cte,), weight, keys = query.ctes, query.args["having"].this.this.this, query.args["group"].expressions
    union, counted = cte.this, query.args["from_"].this
    if counted.sql() != exp.to_table(cte.alias).sql() or cte.alias_column_names:
        return None
    if not isinstance(union, exp.Union) or _used(union) != {"this", "expression"}:
        return None
    names, sides = union.named_selects, [union.this.copy(), union.expression.copy()]
    if not all(isinstance(column, exp.Column) for column in (weight, *keys)) or weight.name not in names:
        return None
    if weight.name.lower() in {key.name.lower() for key in keys} or len(sides[1].selects) != len(names):
        return None
    weights = [side.selects.pop(names.index(weight.name)).unalias() for side in sides]
    if not isinstance(weights[0], exp.Literal) or exp.Neg(this=weights[0]) != weights[1]:
        return None
    one, other = map(named_only, sides)
    return (one, other) if one and other else None


def named_only(query: exp.Query) -> Named | None:
    """What a query names that only names columns of one relation, and has as many rows. None for another query."""
    if not isinstance(query, exp.Select) or _used(query) != {"expressions", "from_"}:
        return None
    table, columns = query.args["from_"].this, [select.unalias() for select in query.selects]
    if not isinstance(table, exp.Table) or not _used(table) <= {"this", "db", "alias"}:
        return None
    if not all(isinstance(column, exp.Column) and not column.is_star for column in columns):
        return None
    return key_of(table), tuple(column.name.lower() for column in columns)


def origin(named: Named, view: Callable[[Named], exp.Query | None]) -> Named:
    """Where columns of a relation are from: of a view that only names columns of another, the other's, and so on.

    `view` gives the query of a view with these of its columns, at least, and None for what is no view.
    """
    query = view(named)
    source = named_only(query) if query else None
    if query is None or source is None:
        return named
    key, sources = source
    of = dict(zip((select.alias_or_name.lower() for select in query.selects), sources, strict=True))
    if not of.keys() >= {*named[1]}:
        return named
    return origin((key, tuple(of[column] for column in named[1])), view)


def _used(query: exp.Expr) -> set[str]:
    return {name for name, value in query.args.items() if value}


def _has_only(query: exp.Select, *clauses: str) -> bool:
    used = _used(query) - {"expressions", "kind", "hint"}
    return used <= set(clauses) and "group" in used and "having" in used


def _sql_of(query: exp.Select, clause: str) -> str:
    return str(query.args[clause].this.sql(comments=False))


def _hash(query: exp.Select) -> exp.Anonymous:
    return exp.Anonymous(this="HASH", expressions=[key.copy() for key in query.args["group"].expressions])


def _with_select(query: exp.Select, select: exp.Expr) -> exp.Select:
    proof = query.copy()
    proof.set("expressions", [select])
    proof.set("group", None)
    proof.set("having", None)
    return proof
