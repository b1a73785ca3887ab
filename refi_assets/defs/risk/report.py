"""The report on default risk, of what was published: one HTML file. Its failure is a warning."""

from typing import Any, cast

import dagster as dg

from refi_assets.defs.risk import RISK
from refi_assets.defs.risk.assets import FILE
from refi_assets.errors import best_effort
from refi_assets.lake.relations import readable
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource, PoliciesResource
from refi_assets.orchestration.steps import asset_step
from refi_assets.risk.policy import RiskPolicy
from refi_assets.risk.report import risk_report
from refi_assets.risk.report_rows import risk_report_inputs, risk_rows, risk_title
from refi_assets.risk.report_tables import risk_tables

REPORT = "risk/report"


@dg.asset(
    key=REPORT.split("/"),
    group_name=RISK.name,
    kinds={"html", "file"},
    owners=["team:data-platform"],
    description="The report on default risk as one HTML file. `refi risk report` writes the same of a published run.",
    deps=[key.split("/") for key in (FILE, *risk_report_inputs())],
    partitions_def=partitions(RISK.cadence),
)
def portfolio_report(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, policies: PoliciesResource
) -> dg.MaterializeResult[Any]:
    """Once the scores are published."""
    with asset_step(context, lake, RISK.unchanged) as step:
        relations = {key: step.input(key) for key in risk_report_inputs()}
        losses = cast(RiskPolicy, policies.of(RISK)).losses
        shown: dict[str, Any] = {}
        with best_effort(lambda reason: context.log.warning(f"The report could not be written: {reason}")):
            with engine.duckdb(step.lake).session(readable(step.lake, list(relations.values()))) as session:
                tables = risk_tables(risk_rows(session), losses)
            page = step.folder.key(REPORT, ".html")
            step.lake.put(page, risk_report(tables, risk_title(step.as_of)).encode())
            shown = {"report": dg.MetadataValue.path(step.lake.address(page))} | _metadata(*tables["portfolio"])
        relation = step.save(step.draft(REPORT, made_from=relations, kind="files"))
    return step.materialized(relation, shown)


def _metadata(portfolio: dict[str, Any]) -> dict[str, str]:
    return {name: "unknown" if number is None else f"{number:,}" for name, number in portfolio.items()}
