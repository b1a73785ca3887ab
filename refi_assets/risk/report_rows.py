"""What the report on default risk is made of: rows of sql/risk/answers/, of one run."""

from datetime import date

from refi_assets.engines.base import Row, Session
from refi_assets.specs.sql_models import load_sql_models

ANSWERS = (
    "borrowers_by_band",
    "exposure_cells",
    "exposure_by_vintage",
    "exposure_by_state",
    "largest_exposures",
    "band_migration",
)
RiskRows = dict[str, list[Row]]  # by the name of the answer


def risk_rows(session: Session) -> RiskRows:
    """All rows of a report. Raises EngineError."""
    models = load_sql_models()
    return {name: session.query(models[f"risk/answers/{name}"].bind({})) for name in ANSWERS}


def risk_report_inputs() -> list[str]:
    """Keys of all relations that a report reads."""
    models = load_sql_models()
    return sorted({key for name in ANSWERS for key in models[f"risk/answers/{name}"].inputs})


def risk_title(as_of: date) -> str:
    """The title of a report."""
    return f"Default risk of the portfolio, as of {as_of}"
