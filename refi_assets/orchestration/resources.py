"""Resources of this deployment: the lake, the engine, policies, each a thin shell around our own class."""

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
        description="What was made of the same before is used again (use), made anew and compared (verify), or neither "
        "looked at nor kept (off).",
    )

    def open(self) -> ObjectStore:
        """The lake's objects, the same store in all steps of a run in one process."""
        return self._store

    @cached_property
    def _store(self) -> ObjectStore:
        """Not created here: a lake that vanishes in mid run must not begin anew."""
        return open_lake(self.url, create=False)


class EngineResource(dg.ConfigurableResource[None]):
    """Where SQL runs: the models on the deployment's engine; files, staging and published files always on DuckDB."""

    kind: str = Field(
        default_factory=lambda: settings_of(EngineSettings).engine, description="duckdb, athena or trino."
    )
    threads: int = Field(
        default_factory=lambda: settings_of(EngineSettings).threads, description="Of DuckDB; 0 takes one a core."
    )
    memory_limit: str = Field(
        default_factory=lambda: settings_of(EngineSettings).memory_limit, description="Beyond it, DuckDB spills."
    )

    def open(self, lake: ObjectStore) -> Engine:
        """The engine on a lake. Raises SettingError if the two do not go together."""
        return self.duckdb(lake) if self.kind == "duckdb" else open_remote_engine(self.kind, lake)

    def duckdb(self, lake: ObjectStore) -> DuckDBEngine:
        """DuckDB on a lake, in memory, whatever the engine is."""
        return DuckDBEngine(lake, self.threads, self.memory_limit)


class IdentityResource(dg.ConfigurableResource[None]):
    """How records of one person are found."""

    kind: str = Field(
        default_factory=lambda: settings_of(IdentitySettings).identity_engine, description="off, splink or aws."
    )
    person_ids_of: str = Field(default="", description="The run whose ids of persons are kept; default: the latest.")


class PoliciesResource(dg.ConfigurableResource[None]):
    """Every domain's thresholds, for assets and checks alike."""

    overrides: dict[str, str] = Field(
        default={}, description="By domain, another policy file than the deployment's, for this run only."
    )

    def of(self, domain: Domain) -> Policy:
        """The policy of a domain. Raises SettingError."""
        path = self.overrides.get(domain.policy)
        return policy_of(domain.policy, Path(path) if path else None)

    def is_overridden(self, domain: Domain) -> bool:
        """Whether this run uses another policy than the deployment's."""
        return domain.policy in self.overrides


class PublishingResource(dg.ConfigurableResource[None]):
    """How to publish."""

    force_latest: bool = Field(
        default=False, description="Move latest.json even to an earlier day, or for an overridden policy."
    )


def resources() -> dict[str, object]:
    """The resources, by the names that assets and checks ask for."""
    return {
        "lake": LakeResource(),
        "scans": ScansResource(),
        "engine": EngineResource(),
        "identity": IdentityResource(),
        "policies": PoliciesResource(),
        "publishing": PublishingResource(),
    }
