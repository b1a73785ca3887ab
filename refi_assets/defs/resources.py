"""Resources of this deployment: the lake, the engine and the policy, each a thin shell around our own class."""

from functools import cached_property
from pathlib import Path

import dagster as dg
from pydantic import Field

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.lake import ObjectStore
from refi_assets.policies import RefiPolicy, load_refi_policy
from refi_assets.settings import settings


class LakeResource(dg.ConfigurableResource[None]):
    """The lake."""

    url: str = Field(default_factory=lambda: settings().lake_url, description="Folder that holds the lake.")

    def open(self) -> ObjectStore:
        """The lake's objects. A lake that vanishes in mid run must not begin anew: it is not created here."""
        return ObjectStore(self.url, create=False)


class EngineResource(dg.ConfigurableResource[None]):
    """Where SQL runs: DuckDB, in memory, on the lake's files."""

    threads: int = Field(default_factory=lambda: settings().threads, description="0 takes one a core.")
    memory_limit: str = Field(default_factory=lambda: settings().memory_limit, description="Beyond it, DuckDB spills.")

    def open(self, lake: ObjectStore) -> DuckDBEngine:
        """The engine on a lake."""
        return DuckDBEngine(lake, self.threads, self.memory_limit)


class RefiPolicyResource(dg.ConfigurableResource[None]):
    """The lender's thresholds, for assets and checks alike."""

    path: str = Field(default_factory=lambda: str(settings().policy_file), description="The policy's YAML file.")
    overridden: bool = Field(default=False, description="Another policy than the deployment's, for this run only.")

    @cached_property
    def policy(self) -> RefiPolicy:
        """The policy. Raises SettingError."""
        return load_refi_policy(Path(self.path))


@dg.definitions
def resources() -> dg.Definitions:
    """The resources, by the names that assets and checks ask for."""
    return dg.Definitions(
        resources={"lake": LakeResource(), "engine": EngineResource(), "refi_policy": RefiPolicyResource()},
        executor=dg.in_process_executor,
    )
