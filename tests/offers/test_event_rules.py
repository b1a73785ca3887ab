"""The order of events: each kind after each other, by a table written by hand from the rules in words.

sent, displayed and clicked repeat in any order; accepted or declined once, and one of the two; applied after accepted,
approved after applied, funded after approved, each once.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from refi_assets.errors import SettingError
from refi_assets.offers.event_rules import EVENT_RULES_FILE, EventRules, load_event_rules
from refi_assets.store.protocol import EventKind, OfferEvent

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

# What is recorded of an offer -> what may come next, in the order of the header.
TABLE = """
                                   sent displayed clicked accepted declined applied approved funded
nothing                            yes  yes       yes     yes      yes      no      no       no
sent                               yes  yes       yes     yes      yes      no      no       no
displayed                          yes  yes       yes     yes      yes      no      no       no
clicked                            yes  yes       yes     yes      yes      no      no       no
accepted                           yes  yes       yes     no       no       yes     no       no
declined                           yes  yes       yes     no       no       no      no       no
accepted,applied                   yes  yes       yes     no       no       no      yes      no
accepted,applied,approved          yes  yes       yes     no       no       no      no       yes
accepted,applied,approved,funded   yes  yes       yes     no       no       no      no       no
"""
HEADER, *ROWS = (line.split() for line in TABLE.strip().splitlines())
PAIRS = [(recorded, kind, allowed) for recorded, *cells in ROWS for kind, allowed in zip(HEADER, cells, strict=True)]


def events(recorded: str) -> list[OfferEvent]:
    kinds = [] if recorded == "nothing" else recorded.split(",")
    return [OfferEvent("a", EventKind(kind), NOON) for kind in kinds]


@pytest.mark.parametrize(("recorded", "kind", "allowed"), PAIRS)
def test_an_event_follows_others_as_the_rules_say(recorded: str, kind: str, allowed: str) -> None:
    is_allowed = load_event_rules().broken_by(EventKind(kind), events(recorded)) is None
    assert is_allowed == (allowed == "yes")


def test_the_table_has_every_pair_of_kinds() -> None:
    assert {recorded.split(",")[-1] for recorded, _, _ in PAIRS} == {"nothing", *EventKind}
    assert set(HEADER) == set(EventKind)


def test_what_comes_between_changes_nothing() -> None:
    rules, between = load_event_rules(), [OfferEvent("a", EventKind.CLICKED, NOON)] * 3
    recorded = [event for accepted in events("accepted,applied") for event in (accepted, *between)]
    assert rules.broken_by(EventKind.APPROVED, recorded) is None
    assert rules.broken_by(EventKind.DECLINED, recorded) is not None


@pytest.mark.parametrize(
    ("recorded", "kind", "reason"),
    [
        ("sent,sent,accepted", "accepted", "accepted can be recorded only once"),
        ("sent,sent,declined", "accepted", "accepted cannot follow declined"),
        ("sent", "funded", "funded can only follow approved"),
    ],
)
def test_a_refusal_says_what_was_recorded_before(recorded: str, kind: str, reason: str) -> None:
    before = ", ".join(f"{name} at 2026-03-02T12:00:00+00:00" for name in dict.fromkeys(recorded.split(",")))
    message = load_event_rules().broken_by(EventKind(kind), events(recorded))
    assert message == f"{reason}. Recorded of this offer: {before}."


def test_only_accepting_needs_an_offer_that_is_live() -> None:
    rules = load_event_rules()
    assert [kind for kind in EventKind if rules.events[kind].needs_live_offer] == [EventKind.ACCEPTED]
    assert rules.answer_kept_days == 30


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        ("  funded: {after: approved, not_after: [funded]}", "", "events: there is no rule for funded; add it"),
        ("  sent: {}", "  sent: {after: sent}", "events.sent.after: sent after sent can never be recorded."),
        (
            "  declined: {not_after: [accepted, declined]}",
            "  declined: {after: sent, not_after: [sent, accepted]}",
            "events.declined.not_after: sent must be recorded before it, and must not be.",
        ),
        (
            "  accepted: {not_after: [accepted, declined], needs_live_offer: true}",
            "  accepted: {after: funded}",
            "accepted after funded after approved after applied after accepted can never be recorded.",
        ),
        (
            "  clicked: {}",
            "  clicked: {after: sent, not_after: [sent]}",
            "sent must be recorded before it, and must not",
        ),
        ("  clicked: {}", "  clicked: {afer: sent}", "unknown key; did you mean after?"),
        ("  clicked: {}", "  clickd: {}", "events.clickd: should be 'sent', 'displayed'"),
        ("  clicked: {}", "  clicked: {needs_live_offer: 1}", "events.clicked.needs_live_offer: should be"),
        ("answer_kept_days: 30", "answer_kept_days: -1", "answer_kept_days: should be greater than or equal to 0."),
        ("answer_kept_days: 30", "answer_kept_days: 99999", "answer_kept_days: should be less than or equal to 3650."),
    ],
)
def test_a_mistake_in_the_file_is_refused_with_its_line(tmp_path: Path, line: str, change: str, message: str) -> None:
    lines = EVENT_RULES_FILE.read_text(encoding="utf-8").splitlines()
    place = change or "events:"
    lines[lines.index(line)] = change
    file = tmp_path / "event_rules.yaml"
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SettingError) as refusal:
        load_event_rules(file)
    assert f"event_rules.yaml, line {lines.index(place) + 1}, " in str(refusal.value)
    assert message in str(refusal.value)


def test_other_rules_are_other_answers() -> None:
    """The order is nowhere in Python."""
    reversed_rules = EventRules.model_validate(
        {"events": {kind: {} for kind in EventKind} | {"sent": {"after": "funded"}}, "answer_kept_days": 1}
    )
    assert reversed_rules.broken_by(EventKind.FUNDED, []) is None
    assert reversed_rules.broken_by(EventKind.SENT, []) is not None
