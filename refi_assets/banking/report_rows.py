"""What the report on a bank is made of: rows of gold relations, and of sql/banking/gold/answers/, of one run."""

from datetime import date

from sqlglot import exp

from refi_assets.engines.base import Row, Session
from refi_assets.specs.declarations import grain_of
from refi_assets.specs.names import table_of
from refi_assets.specs.sql_models import load_sql_models

RELATIONS = ("gold/loan_cohort", "gold/compliance_report", "gold/recommendation_quality")
ANSWERS = tuple(
    f"gold/answers/{name}"
    for name in (
        "bank_in_figures",
        "loans_by_status",
        "loans_by_band",
        "recommended_products",
        "unusual_by_month",
    )
)
ReportRows = dict[str, list[Row]]  # by the last part of the key


def report_rows(session: Session) -> ReportRows:
    """All rows of a report. Raises EngineError."""
    rows = {}
    for key in RELATIONS:
        whole = exp.select("*").from_(table_of(key))
        rows[key.rpartition("/")[2]] = session.query(whole.order_by(*grain_of(key)))
    for key in ANSWERS:
        rows[key.rpartition("/")[2]] = session.query(load_sql_models()[key].bind({}))
    return rows


def report_inputs() -> list[str]:
    """Keys of all relations that a report reads."""
    read = {key for answer in ANSWERS for key in load_sql_models()[answer].inputs}
    return sorted({*RELATIONS, *read})


def title_of(as_of: date) -> str:
    """The title of a report."""
    return f"The bank, as of {as_of}"
