"""Resources of this deployment: the lake, the engine, policies and so on, each a thin shell around our own class."""

from functools import cached_property
from pathlib import Path

import dagster as dg
from pydantic import Field

from refi_assets.engines import open_remote_engine
from refi_assets.engines.base import Engine
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.engines.settings import EngineSettings
from refi_assets.identity.settings import IdentitySettings
from refi_assets.lake import ObjectStore, open_lake
from refi_assets.lake.settings import LakeSettings
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.scans import ScansResource
from refi_assets.settings import settings_of
from refi_assets.specs.policies import Policy, policy_of


class LakeResource(dg.ConfigurableResource[None]):
    """The lake."""

    url: str = Field(
        default_factory=lambda: settings_of(LakeSettings).lake_url, description="A folder or s3://bucket/prefix."
    )
    memo: str = Field(
        default="use",
        description="use: reuse an equal relation of an earlier run; verify: compute it again and compare; "
        "off: neither read nor write the memo.",
    )

    def open(self) -> ObjectStore:
        """The lake's objects, the same store in all steps of a run in one process."""
        return self._store

    @cached_property
    def _store(self) -> ObjectStore:
        """Never created here: a lake that vanishes during a run must not start over empty."""
        return open_lake(self.url, create=False)


class EngineResource(dg.ConfigurableResource[None]):
    """The engine of the SQL models. DuckDB reads files, stages and publishes; on Spark, it stages in tasks."""

    kind: str = Field(
        default_factory=lambda: settings_of(EngineSettings).engine, description="duckdb, athena, trino or spark."
    )
    threads: int = Field(
        default_factory=lambda: settings_of(EngineSettings).threads, description="DuckDB's threads; 0: one per core."
    )
    memory_limit: str = Field(
        default_factory=lambda: settings_of(EngineSettings).memory_limit,
        description="Above it, DuckDB spills to disk.",
    )

    def open(self, lake: ObjectStore) -> Engine:
        """The engine on a lake. Raises SettingError if the two do not go together."""
        return self.duckdb(lake) if self.kind == "duckdb" else open_remote_engine(self.kind, lake)

    def duckdb(self, lake: ObjectStore) -> DuckDBEngine:
        """DuckDB in memory on a lake, whichever engine the deployment uses."""
        return DuckDBEngine(lake, self.threads, self.memory_limit)


class IdentityResource(dg.ConfigurableResource[None]):
    """The matching of records that belong to one person."""

    kind: str = Field(
        default_factory=lambda: settings_of(IdentitySettings).identity_engine, description="off, splink or aws."
    )
    person_ids_of: str = Field(default="", description="The run whose person ids are kept; default: the latest.")


class PoliciesResource(dg.ConfigurableResource[None]):
    """Every domain's thresholds, for assets and checks alike."""

    overrides: dict[str, str] = Field(
        default={}, description="Domain -> path of a policy file to use instead of the deployment's, for this run only."
    )

    def of(self, domain: Domain) -> Policy:
        """The policy of a domain. Raises SettingError."""
        path = self.overrides.get(domain.policy)
        return policy_of(domain.policy, Path(path) if path else None)

    def is_overridden(self, domain: Domain) -> bool:
        """Whether this run does not use the deployment's policy."""
        return domain.policy in self.overrides


class PublishingResource(dg.ConfigurableResource[None]):
    """Options of publishing."""

    force_latest: bool = Field(
        default=False, description="Move latest.json even to an earlier day, or with an overridden policy."
    )


def resources() -> dict[str, object]:
    """The resources by the names of the parameters of assets and checks."""
    return {
        "lake": LakeResource(),
        "scans": ScansResource(),
        "engine": EngineResource(),
        "identity": IdentityResource(),
        "policies": PoliciesResource(),
        "publishing": PublishingResource(),
    }
