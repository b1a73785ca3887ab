"""Assets of the offers domain that all programs share: the person of each customer.

With matching on, the work is in refi_assets/identity/pipeline.py, and the limits are those of identity in
policies/refi/refi.yaml. With matching off, sql/offers/person.sql defines the relation.
"""

from typing import Any

import dagster as dg

from refi_assets.defs.identity import IDENTITY
from refi_assets.defs.identity.assets import pairs_details, shown_persons
from refi_assets.defs.identity.checks import CHECKS_OF_PERSONS, EXPECTED_DUPLICATES
from refi_assets.defs.offers import OFFERS
from refi_assets.identity.details import MatchedDetails
from refi_assets.identity.pipeline import find_persons, numbers
from refi_assets.identity.previous import content_of, previous_persons
from refi_assets.identity.settings import IdentitySettings
from refi_assets.lake import Relation
from refi_assets.offers.declared import CUSTOMER_PROFILES, PERSON
from refi_assets.orchestration.asset_checks import relation_checks
from refi_assets.orchestration.resources import EngineResource, IdentityResource, LakeResource, PoliciesResource
from refi_assets.orchestration.sql_assets import described_by, made_by_python, materialize, sql_relation
from refi_assets.orchestration.steps import asset_step
from refi_assets.settings import settings_of
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.programs import programs_of
from refi_assets.specs.sql_models import load_sql_models
from refi_assets.specs.sql_steps import steps_sha256


@described_by(OFFERS, load_sql_models()[PERSON], [CUSTOMER_PROFILES], kinds={"parquet", "table"})
def person(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    engine: EngineResource,
    identity: IdentityResource,
    policies: PoliciesResource,
) -> dg.MaterializeResult[Any]:
    """The person of each customer record. Decisions of people do not apply: they are about borrowers."""
    with asset_step(context, lake, OFFERS.unchanged) as step:
        profiles, duckdb = step.input(CUSTOMER_PROFILES), engine.duckdb(step.lake)
        details = pairs_details(identity, policies)
        attributes = load_contracts()["customer_credit_profiles"].person_attributes
        programs = [program.key for program in programs_of(OFFERS.name)]
        before = previous_persons(step.lake, identity.person_ids_of, PERSON, programs)

        def make(draft: Relation) -> Relation:
            return find_persons(
                *(step.lake, duckdb, draft, profiles, "customer_id"),
                *(attributes, details, before, context.log.info),
            )

        relation = made_by_python(
            step,
            duckdb,
            PERSON,
            {CUSTOMER_PROFILES: profiles},
            make,
            remembered=identity.kind != "aws",  # a service may match differently tomorrow
            details={"previous_run": before.run_id if before else None},
            matching=details.model_dump(mode="json"),
            matching_steps=steps_sha256("identity"),
            earlier_ids=content_of(step.lake, before),
        )
    matched = relation.details_as(MatchedDetails)
    return materialize(
        step, relation, {CUSTOMER_PROFILES: profiles}, numbers(matched) | shown_persons(step.lake, matched)
    )


@dg.definitions
def persons() -> dg.Definitions:
    """The person of each customer record, by matching or, without it, by SQL."""
    if not settings_of(IdentitySettings).is_matching_on:
        return sql_relation(OFFERS, PERSON, kind="view")
    checks = relation_checks(IDENTITY, PERSON, [EXPECTED_DUPLICATES, *CHECKS_OF_PERSONS])
    return dg.Definitions(assets=[person], asset_checks=[checks])
