"""SQL for Spark: statements translated from the project's dialect."""

from sqlglot import exp

DIALECT = "spark"


def to_spark(statement: exp.Expr) -> str:
    """A statement of the project's dialect, translated to Spark's.

    Spark adds only an INTEGER to a date.
    """
    tree = statement.copy()
    for addition in tree.find_all(exp.DateAdd):
        addition.set("expression", exp.cast(addition.expression, "INT"))
    return tree.sql(DIALECT, comments=False, pretty=True, copy=False)
