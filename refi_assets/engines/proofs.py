"""Proof before search: cheap queries that prove, by hashes, that a check's query returns no row.

A check groups millions of texts to find the few that break its rule. Hashes of the groups prove in a fraction of the
time that there are none. Without a proof, the check's own SQL runs and returns the offending rows.
"""

from sqlglot import exp

HASH = "row_hash"


def hashes_of_groups(query: exp.Query) -> exp.Select | None:
    """For a query that finds groups with more than one row: a query for the hash of each row's group.

    If all hashes differ, no group has two rows. None for any other query.
    """
    if not isinstance(query, exp.Select) or not _has_only(query, "from_", "where", "group", "having"):
        return None
    if _sql_of(query, "having") != "COUNT(*) > 1":
        return None
    return _with_select(query, exp.alias_(_hash(query), HASH))


def balance_of_groups(query: exp.Query) -> exp.Select | None:
    """For a query that finds groups whose sum is not 0: a query, by hashes, for whether all sums are 0.

    It multiplies each group's sum by the group's hash and adds up the products. If the total is 0, so is the sum of
    each group, except by a chance of one in 10^19. None for any other query.
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
    """The SELECT DISTINCTs in a query that can run on their own."""
    parts = [part for part in query.find_all(exp.Select) if part.args.get("distinct") and not part.args.get("with_")]
    return [part for part in parts if all(table.db for table in part.find_all(exp.Table))]


def hashes_of_rows(select: exp.Select) -> exp.Select:
    """A query for the hashes of all rows of a SELECT DISTINCT, duplicates included."""
    columns = [column.unalias().copy() for column in select.selects]
    hashes = select.copy()
    hashes.set("distinct", None)
    hashes.set("expressions", [exp.alias_(exp.Anonymous(this="HASH", expressions=columns), HASH)])
    return hashes


def _has_only(query: exp.Select, *clauses: str) -> bool:
    used = {name for name, value in query.args.items() if value} - {"expressions", "kind", "hint"}
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
