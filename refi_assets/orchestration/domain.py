"""A domain, as its definitions share it: its name, its policy, and the cadence of its assets."""

from dataclasses import dataclass

from refi_assets.lake.relations import Cadence

UNCHANGED = "The last published audience is unchanged."
OFFERS_UNCHANGED = "The offers of the last week are unchanged."


@dataclass(frozen=True)
class Domain:
    """One domain, or one program of a domain.

    `policy_of` names the domain whose policy it reads, if it has no policy of its own. `unchanged` says what a failure
    leaves as it is.
    """

    name: str
    policy_of: str = ""
    cadence: Cadence = "daily"
    unchanged: str = UNCHANGED

    @property
    def policy(self) -> str:
        """The domain whose policy it reads."""
        return self.policy_of or self.name


def program_domain(key: str) -> Domain:
    """A program, by its key."""
    return Domain(key, unchanged=OFFERS_UNCHANGED)
