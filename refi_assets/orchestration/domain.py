"""A domain, as its definitions share it: its name, its policy, and the cadence of its assets."""

from dataclasses import dataclass

from refi_assets.lake.relations import Cadence


@dataclass(frozen=True)
class Domain:
    """One domain, or one program of a domain.

    `policy_of` names the domain whose policy it reads, if it has no policy of its own.
    """

    name: str
    policy_of: str = ""
    cadence: Cadence = "daily"

    @property
    def policy(self) -> str:
        """The domain whose policy it reads."""
        return self.policy_of or self.name
