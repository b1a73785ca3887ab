"""The stages of every source of every domain: raw files, catalog, staging and quarantine, with their checks."""

from collections.abc import Collection, Mapping

import dagster as dg

from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.sources.catalog import catalog_asset, catalog_checks
from refi_assets.orchestration.sources.raw import PutOwnRecord, raw_asset, raw_checks
from refi_assets.orchestration.sources.staging import quarantine_asset, quarantine_checks, staging_asset, staging_checks
from refi_assets.specs.contracts import contracts_of


def source_definitions(
    domain: Domain, *, apart: Collection[str] = (), own_records: Mapping[str, PutOwnRecord] | None = None
) -> dg.Definitions:
    """The assets and checks of the sources in a domain's contracts.

    Sources in `apart` belong to other jobs than the domain's publications: its quarantine does not wait for them.
    `own_records` maps each source that the platform writes to the function that puts new rows of it into the raw zone.
    """
    contracts = contracts_of(domain.name)
    together = {source: contract for source, contract in contracts.items() if source not in apart}
    return dg.Definitions(
        assets=[
            *(raw_asset(domain, contract, own_records or {}) for contract in contracts.values()),
            *(catalog_asset(domain, contract) for contract in contracts.values()),
            *(staging_asset(domain, contract) for contract in contracts.values()),
            quarantine_asset(domain, together),
        ],
        asset_checks=[
            *(raw_checks(domain, contract) for contract in contracts.values()),
            *(catalog_checks(domain, contract) for contract in contracts.values()),
            *(staging_checks(domain, contract) for contract in contracts.values()),
            quarantine_checks(domain, together),
        ],
    )
