"""SQL for Spark: statements translated from the project's dialect."""

from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.generators.spark import SparkGenerator

from refi_assets.errors import EngineError

DIALECT = "spark"


def to_spark(statement: exp.Expr) -> str:
    """A statement of the project's dialect, translated to Spark's. Raises EngineError for an order that Spark lacks.

    Spark adds only an INTEGER to a date, and collects an array without an order.
    """
    tree = statement.copy()
    for addition in tree.find_all(exp.DateAdd):
        addition.set("expression", exp.cast(addition.expression, "INT"))
    for aggregate in list(tree.find_all(exp.ArrayAgg)):
        if isinstance(aggregate.this, exp.Order):
            aggregate.replace(_sorted_array(aggregate.this))
    return tree.sql(_SparkWithNestedCtes, comments=False, pretty=True, copy=False)


class _SparkWithNestedCtes(Spark):
    """Spark's dialect, without moving each CTE to the top, where CTEs of several parts would have one name."""

    class Generator(SparkGenerator):
        EXPRESSIONS_WITHOUT_NESTED_CTES: ClassVar[set[type[exp.Expr]]] = set()


def _sorted_array(order: exp.Order) -> exp.Expr:
    """The array of ARRAY_AGG(value ORDER BY keys): values in structs with their keys, sorted, and taken out again."""
    if any(key.args.get("desc") or key.args.get("nulls_first") for key in order.expressions):
        raise EngineError(f"Spark sorts an array only in ascending order with nulls last: {order.sql()}.")
    keys = [part for key in order.expressions for part in (key.this.is_(exp.null()), key.this)]
    fields = {**{f"key_{place}": key for place, key in enumerate(keys)}, "value": order.this}
    struct = exp.Struct(expressions=[exp.alias_(field.copy(), name) for name, field in fields.items()])
    collected = exp.Anonymous(this="COLLECT_LIST", expressions=[struct])
    item = exp.Lambda(this=exp.column("value", table="item"), expressions=[exp.to_identifier("item")])
    sorted_structs = exp.Anonymous(this="ARRAY_SORT", expressions=[collected])
    return exp.Anonymous(this="TRANSFORM", expressions=[sorted_structs, item])
