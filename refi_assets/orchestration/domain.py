"""A domain, as its definitions share it: its name, its policy, and how often its assets are made."""

from dataclasses import dataclass

from refi_assets.lake.relations import Cadence


@dataclass(frozen=True)
class Domain:
    """One domain. `policy_of` names the domain whose policy it reads, if it has none of its own."""

    name: str
    policy_of: str = ""
    cadence: Cadence = "daily"

    @property
    def policy(self) -> str:
        """The domain whose policy it reads."""
        return self.policy_of or self.name
