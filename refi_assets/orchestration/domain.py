"""A domain, as its definitions share it: its name, its policy, and how often its assets are made."""

from dataclasses import dataclass
from pathlib import Path

from refi_assets.lake.relations import Cadence
from refi_assets.settings import settings
from refi_assets.specs.policies import POLICIES_DIR, Policy, load_policy


@dataclass(frozen=True)
class Domain:
    """One domain. `policy_of` names the domain whose policy file it reads, if it has none of its own."""

    name: str
    policy: type[Policy] = Policy
    policy_of: str = ""
    cadence: Cadence = "daily"

    @property
    def policy_name(self) -> str:
        """The name of its policy: the domain that owns the file."""
        return self.policy_of or self.name

    @property
    def policy_path(self) -> Path:
        """The policy file in force, unless a run overrides it."""
        name = self.policy_name
        return settings().policy_file if name == "refi" else POLICIES_DIR / name / f"{name}.yaml"

    def load_policy(self, path: str = "") -> Policy:
        """The policy in a file, by default the one in force. Raises SettingError."""
        return load_policy(Path(path) if path else self.policy_path, self.policy)
