"""The assets after the publication of offers: they are stored, to be served, and exported, to be queried."""

from typing import Any, cast

import dagster as dg

from refi_assets.engines.duckdb import ORDERED_PARQUET
from refi_assets.lake.relations import readable
from refi_assets.lineage.graph import descriptions
from refi_assets.offers.declared import PERSON
from refi_assets.offers.policy import ProgramPolicy
from refi_assets.offers.storing import StoredDetails, store_offers
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource, PoliciesResource
from refi_assets.orchestration.steps import NOT_EXPORTED, NOT_SERVED, asset_step
from refi_assets.publishing.publish import PublishedDetails
from refi_assets.store.sqlite_store import open_store


def stored(domain: Domain) -> dg.AssetsDefinition:
    """The asset that stores the published offers."""
    name = domain.name
    file, behind = f"{name}/offers_file", (f"{name}/offers", f"{name}/customers", PERSON, "staging/contact_preferences")

    @dg.asset(
        key=[name, "stored"],
        group_name=name,
        kinds={"sqlite"},
        owners=["team:data-platform"],
        description="The offers in the store, as the current week. Firm offers of earlier weeks are carried into it.",
        deps=[key.split("/") for key in (file, *behind)],
        partitions_def=partitions(domain.cadence),
        code_version="1",
    )
    def stored_offers(
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        engine: EngineResource,
        policies: PoliciesResource,
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake, NOT_SERVED) as step:
            inputs = {key: step.input(key) for key in (file, *behind)}
            held_back = inputs[file].details_as(PublishedDetails).held_back
            program = cast(ProgramPolicy, policies.of(domain)).program
            details = StoredDetails(not_stored=held_back)
            if held_back is None:
                relations = readable(step.lake, [inputs[key] for key in behind])
                with engine.duckdb(step.lake).session(relations) as session, open_store(step.lake.name, name) as store:
                    week = store_offers(session, program, step.folder.run_id, step.as_of, store)
                details = StoredDetails(new_offers=week.new_offers, carried_offers=week.carried_offers)
            draft = step.draft(f"{name}/stored", made_from=inputs, kind="files", rows=details.new_offers)
            relation = step.save(draft, details=details)
        shown = details.model_dump(exclude={"queries"}, exclude_none=True)
        return step.materialized(relation, shown)

    return stored_offers


def export(domain: Domain) -> dg.AssetsDefinition:
    """The asset that exports the published offers as Parquet by date, and shows them in the catalog."""
    name = domain.name
    file, offers = f"{name}/offers_file", f"{name}/offers"

    @dg.asset(
        key=[name, "export"],
        group_name=name,
        kinds={"parquet"},
        owners=["team:data-platform"],
        description="The offers as Parquet in the lake, by program and date, and as the catalog's table.",
        deps=[file.split("/"), offers.split("/"), [name, "stored"]],
        partitions_def=partitions(domain.cadence),
        code_version="1",
    )
    def exported_offers(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake, NOT_EXPORTED) as step:
            published, relation = step.input(file), step.input(offers)
            store = step.lake
            key = f"export/program={name}/date={step.as_of}/offers.parquet"
            is_latest = published.details_as(PublishedDetails).held_back is None
            if is_latest:
                with engine.duckdb(store).session(readable(store, [relation])) as session:
                    session.create_table("offer", f'SELECT * FROM "{name}".offers')
                    session.copy("SELECT * FROM offer ORDER BY customer_id", store.target(key), ORDERED_PARQUET)
                engine.open(store).publish([relation], {relation.key: descriptions(relation.key)})
            made_from = {file: published, offers: relation}
            rows = relation.rows if is_latest else 0
            saved = step.save(step.draft(f"{name}/export", made_from=made_from, kind="files", rows=rows))
        return step.materialized(saved, {"parquet": store.address(key) if is_latest else "none"})

    return exported_offers
