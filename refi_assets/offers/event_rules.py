"""The rules of policies/offers/event_rules.yaml: which event of an offer may be recorded after which.

What an event does to an offer's standing is the store's (refi_assets/store/protocol.py).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, StrictBool

from refi_assets.offers.yaml_places import Keys, YamlProblem, read_placed_yaml, validated
from refi_assets.specs.policies import POLICIES_DIR
from refi_assets.store.protocol import EventKind, OfferEvent

EVENT_RULES_FILE = POLICIES_DIR / "offers" / "event_rules.yaml"


class EventRule(Keys):
    """When an event of a kind may be recorded; see the file."""

    model_config = ConfigDict(alias_generator=None)

    after: EventKind | None = None
    not_after: tuple[EventKind, ...] = ()
    needs_live_offer: StrictBool = False


class EventRules(Keys):
    """The rule of each kind of event, and the days for which an answer is kept after the offer's last one."""

    model_config = ConfigDict(alias_generator=None)

    events: dict[EventKind, EventRule]
    answer_kept_days: Annotated[int, Field(ge=0, le=3650)]

    def broken_by(self, kind: EventKind, recorded: Sequence[OfferEvent]) -> str | None:
        """Why an event may not follow those that are recorded of its offer; None if it may."""
        rule = self.events[kind]
        firsts: dict[EventKind, datetime] = {}
        for event in recorded:
            firsts.setdefault(event.kind, event.at)
        before = ", ".join(f"{earlier} at {at.isoformat()}" for earlier, at in firsts.items()) or "nothing"
        if (excluding := next((earlier for earlier in firsts if earlier in rule.not_after), None)) is not None:
            reason = f"{kind} can be recorded only once" if excluding is kind else f"{kind} cannot follow {excluding}"
            return f"{reason}. Recorded of this offer: {before}."
        if rule.after is not None and rule.after not in firsts:
            return f"{kind} can only follow {rule.after}. Recorded of this offer: {before}."
        return None


@cache
def load_event_rules(path: Path = EVENT_RULES_FILE) -> EventRules:
    """Read the rules. Raises SettingError with the file, line and key, also if an event could never be recorded."""
    file = read_placed_yaml(path)
    rules = validated(file, EventRules)
    if problems := list(_contradictions(rules)):
        raise file.refusal(problems)
    return rules


def _contradictions(rules: EventRules) -> Iterator[YamlProblem]:
    """Kinds without a rule, and events that could never be recorded: each follows one that cannot be before it."""
    missing = [kind for kind in EventKind if kind not in rules.events]
    if missing:
        yield YamlProblem(("events",), f"there is no rule for {', '.join(missing)}; add it ({{}}: no restriction).")
    for kind, rule in rules.events.items():
        needed, steps = rule.after, [kind]
        while needed is not None and needed not in steps:
            if needed in rule.not_after:
                text = f"{needed} must be recorded before it, and must not be."
                yield YamlProblem(("events", kind, "not_after"), text, against=("events", kind, "after"))
            steps.append(needed)
            needed = rules.events[needed].after if needed in rules.events else None
        if needed is not None:
            yield YamlProblem(("events", kind, "after"), f"{' after '.join([*steps, needed])} can never be recorded.")
