"""The optional columns of the customers' files that the filters of a program need.

A filter reads program.customers, whose columns of the profile have the profile's names.
"""

from sqlglot import exp
from sqlglot.optimizer.simplify import simplify

from refi_assets.offers.program import Program
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.sql_models import load_sql_models


def needed_columns(program: Program) -> dict[str, list[str]]:
    """Optional column -> the ids of the filters that read it. A rule that the program switches off reads nothing."""
    optional = {column.name for column in load_contracts()["customer_credit_profiles"].columns if not column.present}
    values = program.parameters
    needed: dict[str, list[str]] = {}
    for step in program.filters:
        query = load_sql_models()[f"{program.key}/filters/{step.name}"].own_tree.copy()
        for node in list(query.find_all(exp.Placeholder)):
            if node.name in values and isinstance(value := values[node.name].value, bool):
                node.replace(exp.convert(value))
        for name in sorted({column.name for column in simplify(query).find_all(exp.Column)} & optional):
            needed.setdefault(name, []).append(step.filter_id)
    return needed
