"""The asset that publishes a relation's rows as a file with a manifest, under the name of a publication.

The rows are defined by a SQL model; publishing them belongs to publishing/.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from refi_assets.lake import Relation
from refi_assets.lake.relations import with_inputs
from refi_assets.lineage.graph import descriptions
from refi_assets.orchestration.column_lineage import column_sources
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource, PoliciesResource, PublishingResource
from refi_assets.orchestration.steps import asset_step
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.publish import publish_file
from refi_assets.specs.policies import Policy
from refi_assets.specs.sql_models import load_sql_models

InManifest = Callable[[Sequence[Relation], Policy], dict[str, Any]]


def publication_asset(
    domain: Domain,
    key: str,
    publication: Publication,
    inputs: Sequence[str],
    *,
    in_manifest: InManifest | None = None,
    due_every: timedelta | None = None,
) -> dg.AssetsDefinition:
    """The asset that publishes the rows of sql/<key>.sql.

    `inputs` are the relations of the file, and others whose checks must pass first. `in_manifest` returns the domain's
    own part of the manifest from the relations behind the file and the policy. After `due_every`, the asset is stale.
    """
    model = load_sql_models()[key]

    @dg.asset(
        key=key.split("/"),
        group_name=key.split("/", maxsplit=1)[0],
        kinds={"csv", "file"},
        owners=["team:data-platform"],
        description=f"{model.description}\n\nA CSV, its manifest, and last the pointer {publication.latest_key}.",
        deps=[name.split("/") for name in inputs],
        partitions_def=partitions(domain.cadence),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=due_every) if due_every else None,
        code_version=model.sha256[:16],
    )
    def published_file(
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        engine: EngineResource,
        policies: PoliciesResource,
        publishing: PublishingResource,
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake, domain.unchanged) as step:
            store = step.lake
            input_relations = {name: step.input(name) for name in inputs}
            relations, policy = with_inputs(store, list(input_relations.values())), policies.of(domain)
            published = publish_file(
                publication,
                model,
                store,
                engine.duckdb(store),
                step.folder.run_id,
                step.as_of,
                relations,
                policy,
                more=in_manifest(relations, policy) if in_manifest else None,
                policy_overridden=policies.is_overridden(domain),
                force_latest=publishing.force_latest,
            )
            relation = step.save(
                step.draft(
                    key,
                    made_from=input_relations,
                    kind="files",
                    columns=published.columns,
                    rows=published.rows,
                    details=published.details,
                )
            )
        details = published.details
        return step.materialized(
            relation,
            {
                publication.contents: store.address(details.file),
                "manifest": store.address(details.manifest),
                "sha256": details.sha256,
                "latest": f"not moved: {details.held_back}" if details.held_back else "names this run",
            },
            descriptions(model.key),
            column_sources(model, input_relations.values()),
        )

    return published_file
