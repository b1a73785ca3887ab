"""The columns of a query as expressions of the relations it reads, without its CTEs."""

from typing import cast

from sqlglot import exp
from sqlglot.optimizer import Scope, traverse_scope

from refi_assets.specs.names import key_of, short_name


def folded_columns(query: exp.Query, by_name: set[str]) -> dict[str, exp.Expr]:
    """Column of a qualified query -> its expression, with the columns of its CTEs and subqueries folded in.

    Relations in `by_name` have their short names, others their aliases.
    """
    root = traverse_scope(query)[-1]
    return {select.alias_or_name: _bare(_folded(root, number, by_name)) for number, select in enumerate(_selects(root))}


def _folded(scope: Scope, number: int, by_name: set[str]) -> exp.Expr:
    """The expression of a query's column of this number, with the columns of its CTEs folded in."""
    if isinstance(scope.expression, exp.SetOperation):
        left, right = (exp.select(_folded(part, number, by_name)) for part in scope.set_operation_scopes)
        if left == right:
            return left.selects[0]
        return type(scope.expression)(this=left, expression=right, distinct=scope.expression.args["distinct"])

    def fold(node: exp.Expr) -> exp.Expr:
        source = scope.sources.get(node.table) if isinstance(node, exp.Column) else None
        if isinstance(source, Scope):
            names = [select.alias_or_name for select in _selects(source)]
            inner = _folded(source, names.index(node.name), by_name)
            return exp.paren(inner) if isinstance(inner, _COMPOUND) else inner
        if isinstance(source, exp.Table) and (name := short_name(key_of(source))) in by_name:
            return exp.column(node.name, *reversed(name.split(".")))
        return node

    return _selects(scope)[number].unalias().transform(fold)


def _selects(scope: Scope) -> list[exp.Expr]:
    return cast(exp.Query, scope.expression).selects


def _bare(expression: exp.Expr) -> exp.Expr:
    bare = expression.this if isinstance(expression, exp.Paren) else expression
    return bare.transform(_is_not_null)


# Inside another expression these need parentheses.
_COMPOUND = (exp.Binary, exp.Between, exp.In, exp.Not, exp.SetOperation)


def _is_not_null(node: exp.Expr) -> exp.Expr:
    """Restore `x IS NOT NULL`, which the parser keeps as NOT x IS NULL."""
    if isinstance(node, exp.Not) and isinstance(node.this, exp.Is):
        return exp.Is(this=node.this.this, expression=exp.Not(this=node.this.expression))
    return node
