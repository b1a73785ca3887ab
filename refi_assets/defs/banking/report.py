"""The report on the bank, of what was published: one HTML file. Its failure is a warning."""

from typing import Any

import dagster as dg

from refi_assets.banking.report import report_html
from refi_assets.banking.report_rows import report_inputs, report_rows, title_of
from refi_assets.defs.banking import BANKING
from refi_assets.defs.banking.assets import FILE
from refi_assets.errors import best_effort
from refi_assets.lake.relations import readable
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.steps import asset_step

REPORT = "banking/report"


@dg.asset(
    key=REPORT.split("/"),
    group_name=BANKING.name,
    kinds={"html", "file"},
    owners=["team:data-platform"],
    description="The report on the bank as one HTML file. `refi banking report` writes the same of a published run.",
    deps=[key.split("/") for key in (FILE, *report_inputs())],
    partitions_def=partitions(BANKING.cadence),
)
def bank_report(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """Once the customers are published."""
    with asset_step(context, lake, BANKING.unchanged) as step:
        relations = {key: step.input(key) for key in report_inputs()}
        shown: dict[str, Any] = {}
        with best_effort(lambda reason: context.log.warning(f"The report could not be written: {reason}")):
            with engine.duckdb(step.lake).session(readable(step.lake, list(relations.values()))) as session:
                html = report_html(report_rows(session), title_of(step.as_of))
            page = step.folder.key(REPORT, ".html")
            step.lake.put(page, html.encode())
            shown = {"report": dg.MetadataValue.path(step.lake.address(page))}
        relation = step.save(step.draft(REPORT, made_from=relations, kind="files"))
    return step.materialized(relation, shown)
