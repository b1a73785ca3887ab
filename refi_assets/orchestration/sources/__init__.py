"""The stages of every source of every domain: raw files, catalog, staging and quarantine, with their checks."""

import dagster as dg

from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.sources.catalog import catalog_asset, catalog_checks
from refi_assets.orchestration.sources.raw import raw_asset, raw_checks
from refi_assets.orchestration.sources.staging import quarantine_asset, quarantine_checks, staging_asset, staging_checks
from refi_assets.specs.contracts import contracts_of


def source_definitions(domain: Domain) -> dg.Definitions:
    """The assets and checks of the sources in a domain's contracts."""
    contracts = contracts_of(domain.name)
    return dg.Definitions(
        assets=[
            *(raw_asset(domain, contract) for contract in contracts.values()),
            *(catalog_asset(domain, contract) for contract in contracts.values()),
            *(staging_asset(domain, contract) for contract in contracts.values()),
            quarantine_asset(domain, contracts),
        ],
        asset_checks=[
            *(raw_checks(domain, contract) for contract in contracts.values()),
            *(catalog_checks(domain, contract) for contract in contracts.values()),
            *(staging_checks(domain, contract) for contract in contracts.values()),
            quarantine_checks(domain, contracts),
        ],
    )
