"""The columns of customer profiles that the filters of a program need, read from the filters' SQL.

A file may lack an optional column. An empty cell fails each rule that needs it, so without the column nobody would get
an offer: that is one error, before anyone is judged.
"""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from sqlglot import exp
from sqlglot.optimizer.simplify import simplify

from refi_assets.errors import SourceError
from refi_assets.offers.declared import CUSTOMER_PROFILES, PROFILES_SOURCE
from refi_assets.offers.policy import ProgramPolicy
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.declarations import declared_columns
from refi_assets.specs.groups import FILTERS
from refi_assets.specs.sql_models import AS_OF, load_sql_models

_PRICE = "segment_apr_pct"


def require_needed_columns(policy: ProgramPolicy, highest_apr_pct: Decimal, columns: Collection[str]) -> None:
    """Raise SourceError if the customer profiles lack an optional column that a filter needs.

    `columns` are those of the files. The catalog requires the columns that are not optional.
    """
    optional = {column.name for column in load_contracts()[PROFILES_SOURCE].columns if not column.present}
    needed = needed_columns(policy, highest_apr_pct)
    if missing := {name: filters for name, filters in needed.items() if name in optional - set(columns)}:
        listed = ", ".join(f"{column} ({', '.join(filters)})" for column, filters in missing.items())
        raise SourceError(
            f"{PROFILES_SOURCE} lacks columns that filters need: {listed}. Add them to the extract, or change the "
            f"filters of program {policy.program.program_id}."
        )


def needed_columns(policy: ProgramPolicy, highest_apr_pct: Decimal) -> dict[str, list[str]]:
    """Column of customer profiles -> the ids of the filters whose rules read it.

    Rules that the program switches off read nothing, nor do those that ask only above a rate that no loan of the
    program has; `highest_apr_pct` is the highest.
    """
    models, program = load_sql_models(), policy.program
    customers = models[f"{program.key}/customers"]
    schema = {
        key: {name: kind or "VARCHAR" for name, kind in declared_columns(key).items()} for key in customers.inputs
    }
    sources = customers.column_lineage(schema)
    needed: dict[str, list[str]] = {}
    for step in program.filters:
        query = models[f"{program.key}/{FILTERS}/{step.name}"].bind({**policy.parameters, AS_OF: date.min})
        for name in sorted({column.name for column in _at_highest_rate(query, highest_apr_pct).find_all(exp.Column)}):
            for key, column in sources.get(name, ()):
                if key == CUSTOMER_PROFILES and step.filter_id not in needed.setdefault(column, []):
                    needed[column].append(step.filter_id)
    return needed


def _at_highest_rate(query: exp.Query, highest_apr_pct: Decimal) -> exp.Expr:
    """A filter's bound query without the branches that are never taken at the highest rate of the program."""

    def known(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name == _PRICE:
            return exp.Literal.number(f"{highest_apr_pct:f}")
        if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal):
            if node.to.is_type(exp.DType.BOOLEAN):
                return exp.Boolean(this=node.this.name == "True")
            if node.to.is_type(*exp.DataType.NUMERIC_TYPES):
                return exp.Literal.number(node.this.name)
        return node

    simplified: exp.Expr = simplify(query.transform(known))
    return simplified
