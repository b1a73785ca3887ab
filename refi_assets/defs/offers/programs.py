"""Assets of the offers domain: for each program, a group with its name, from the customers to the published offers.

The rules are in sql/offers/program/, the numbers in the program's file. Prices are computed in offers/price_list.py,
scores in offers/scoring.py.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import dagster as dg

from refi_assets.defs.offers import OFFERS
from refi_assets.defs.offers.checks import CHECKS
from refi_assets.defs.offers.stored import export, stored
from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.identity.details import identity_behind
from refi_assets.ingestion.details import SnapshotDetails
from refi_assets.lake import Relation
from refi_assets.lake.relations import readable
from refi_assets.offers.declared import PERSON, PROFILES_SOURCE
from refi_assets.offers.manifest import CONTENTS, in_manifest
from refi_assets.offers.needed_columns import require_needed_columns
from refi_assets.offers.policy import ProgramPolicy
from refi_assets.offers.price_list import highest_apr_pct, write_price_list, write_states
from refi_assets.offers.scored_details import ScoredDetails
from refi_assets.orchestration.asset_checks import Check, relation_checks
from refi_assets.orchestration.domain import Domain, program_domain
from refi_assets.orchestration.publications import publication_asset
from refi_assets.orchestration.resources import EngineResource, LakeResource, PoliciesResource
from refi_assets.orchestration.sql_assets import Kind, described_by, made_by_python, materialize, sql_relation
from refi_assets.orchestration.steps import Step, asset_step
from refi_assets.publishing.publication import Publication
from refi_assets.specs.contracts import quarantine_of
from refi_assets.specs.programs import ProgramFile, programs_of
from refi_assets.specs.sql_models import AS_OF, load_sql_models

# The relations that SQL makes, in the order of the data.
RELATIONS: dict[str, Kind] = {
    "affordable": "table",
    "customers": "table",
    "judged": "table",
    "subject": "view",
    "features": "table",
    "priced": "table",
    "offers": "view",
    "stops": "view",
    "verdicts": "table",
}


def program_definitions(program: ProgramFile) -> dg.Definitions:
    """All assets of a program."""
    domain, key = program_domain(program.key), program.key
    inputs = (f"{key}/offers", f"{key}/verdicts", quarantine_of(OFFERS.name))
    offers_file = publication_asset(
        domain,
        f"{key}/offers_file",
        Publication(key, CONTENTS),
        inputs,
        in_manifest=lambda behind, policy: (
            in_manifest(behind, policy) | {"identity": identity_behind(behind, PERSON, PERSON)}
        ),
    )
    return dg.Definitions.merge(
        _price_list(domain),
        _state_rule(domain),
        *(_relation(domain, name, kind, CHECKS.get(name, ())) for name, kind in RELATIONS.items()),
        _scored(domain),
        dg.Definitions(assets=[offers_file, stored(domain), export(domain)]),
    )


def _relation(domain: Domain, name: str, kind: Kind, checks: Sequence[Check]) -> dg.Definitions:
    key = f"{domain.name}/{name}"
    parameters = sorted(load_sql_models()[key].parameters - {AS_OF})
    return sql_relation(domain, key, kind, parameters=parameters, checks=checks)


def _price_list(domain: Domain) -> dg.Definitions:
    """The first asset of the program: what it needs of the extract is required here, before anyone is judged."""
    return _of_policy(
        domain,
        "price_list",
        lambda session, draft, policy: write_price_list(session, draft, policy.program),
        _require_columns,
    )


def _require_columns(step: Step, policy: ProgramPolicy) -> None:
    profiles = step.input(f"raw/{PROFILES_SOURCE}").details_as(SnapshotDetails).snapshot
    require_needed_columns(policy, highest_apr_pct(policy.program), profiles.columns)


def _state_rule(domain: Domain) -> dg.Definitions:
    return _of_policy(domain, "state_rule", lambda session, draft, policy: write_states(session, draft, policy.states))


def _of_policy(
    domain: Domain,
    name: str,
    write: Callable[[DuckDBSession, Relation, ProgramPolicy], Relation],
    require: Callable[[Step, ProgramPolicy], None] | None = None,
) -> dg.Definitions:
    """The asset of a relation that Python writes from the program's policy alone.

    `require` may refuse the customer profiles first.
    """
    key = f"{domain.name}/{name}"
    after = [f"raw/{PROFILES_SOURCE}"] if require else []

    @described_by(domain, load_sql_models()[key], after, kinds={"parquet", "table"})
    def relation_of_policy(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, policies: PoliciesResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake, domain.unchanged) as step:
            policy, duckdb = _policy(policies, domain), engine.duckdb(step.lake)
            if require:
                require(step, policy)

            def make(draft: Relation) -> Relation:
                with duckdb.session() as session:
                    return write(session, draft, policy)

            relation = made_by_python(step, duckdb, key, {}, make, policy=policy.sha256)
        return materialize(step, relation, {})

    return dg.Definitions(assets=[relation_of_policy], asset_checks=[relation_checks(domain, key)])


def _policy(policies: PoliciesResource, domain: Domain) -> ProgramPolicy:
    return cast(ProgramPolicy, policies.of(domain))


def _scored(domain: Domain) -> dg.Definitions:
    key, features_key = f"{domain.name}/scored", f"{domain.name}/features"

    @described_by(domain, load_sql_models()[key], [features_key], kinds={"scikitlearn", "mlflow", "table"})
    def scored(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, policies: PoliciesResource
    ) -> dg.MaterializeResult[Any]:
        from refi_assets.offers.scoring import open_models, score_customers

        with asset_step(context, lake, domain.unchanged) as step:
            policy, features = _policy(policies, domain), step.input(features_key)
            models, duckdb = open_models(policy.program), engine.duckdb(step.lake)
            before = step.earlier(key, step.as_of)

            def make(draft: Relation) -> Relation:
                with duckdb.session(readable(step.lake, [features])) as session:
                    return score_customers(
                        session, draft, features, models, before, step.as_of, policy.score_cache_days
                    )

            pinned = [model.pinned.model_dump() for model in models]
            relation = made_by_python(
                step, duckdb, key, {features_key: features}, make, remembered=False, models=pinned
            )
        details = relation.details_as(ScoredDetails)
        shown: dict[str, Any] = {model.role: f"{model.name}, version {model.version}" for model in details.models}
        shown |= {f"from cache: {role}": rows for role, rows in details.from_cache.items()}
        return materialize(step, relation, {features_key: features}, shown)

    return dg.Definitions(assets=[scored], asset_checks=[relation_checks(domain, key, CHECKS["scored"])])


@dg.definitions
def offer_programs() -> dg.Definitions:
    """The assets of every program."""
    return dg.Definitions.merge(*map(program_definitions, programs_of(OFFERS.name)))
