"""How who is who is shown and asked: refi review and refi explain-match.

Both show two borrowers' data, in the lender's own terminal, and nowhere else.
"""

import getpass
import json
from collections.abc import Sequence
from dataclasses import asdict

from rich import box
from rich.table import Table
from rich.text import Text

from refi_assets.cli.terminal import Terminal, one_line
from refi_assets.errors import SettingError
from refi_assets.identity.decisions import Verdict, append_decision, load_decisions
from refi_assets.identity.matches import (
    BORROWER_ID,
    OUTCOMES,
    Evidence,
    Explanation,
    Link,
    Matches,
    Pair,
    Record,
    open_matches,
)
from refi_assets.publishing.published import PublishedRun

BAR_WIDTH = 20
KEYS: dict[str, Verdict | None] = {"s": "same", "d": "different", "k": None}
QUESTION = "(s)ame person, (d)ifferent, s(k)ip, (q)uit: "


def review(run: PublishedRun, who: str | None) -> None:
    """Ask about the pairs in the review queue, strongest first, and write each decision at once.

    Answers are lines of the standard input; its end, or an interrupt, is a quit. Raises RefiError.
    """
    console, who, decided = Terminal(), who or _login_name(), 0
    decisions = load_decisions(run.lake)
    with open_matches(run) as matches:
        if matches.engine == "off":
            console.say(f"Identity is off in run {run.run_id}: there is nothing to review. See docs/identity.md.")
            return
        waiting = [pair for pair in matches.waiting() if decisions.verdict(*pair.ids) is None]
        if not waiting:
            console.say(f"Nothing waits for review as of {run.as_of} (run {run.run_id}).")
            return
        console.say(f"{len(waiting):,} pairs wait for review as of {run.as_of} (run {run.run_id}).")
        try:
            for number, pair in enumerate(waiting, start=1):
                if decisions.verdict(*pair.ids) is not None:  # by what was decided just now of others
                    continue
                console.say(f"\nPair {number:,} of {len(waiting):,}")
                _show_pair(console, matches, pair)
                decision = _ask_decision(console)
                if decision is None:
                    continue
                console.say("why (may be empty): ", end="")
                decisions = append_decision(run.lake, pair.ids, decision, who=who, why=input())
                decided += 1
        except (EOFError, KeyboardInterrupt, _Quit):
            console.say("")
    console.say(f"{decided:,} pairs decided by {who}. {'The next run will respect that.' if decided else ''}".strip())


class _Quit(Exception):  # noqa: N818
    """The user wants no more."""


def _ask_decision(console: Terminal) -> Verdict | None:
    while True:
        console.say(QUESTION, end="")
        key = input().strip().lower()
        if key == "q":
            raise _Quit
        if key in KEYS:
            return KEYS[key]


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # as Python's versions have it
        raise SettingError("Who decides is not known here. Say so: refi review --who NAME") from None


def show_match(run: PublishedRun, one: str, other: str, *, as_json: bool) -> None:
    """Print why two borrowers are one person or not. Raises RefiError for a borrower that is not there."""
    decisions = load_decisions(run.lake)
    with open_matches(run) as matches:
        found = matches.explain(one, other, decisions)
    if as_json:
        print(json.dumps(asdict(found)))
        return
    console = Terminal()
    console.say(
        f"{found.borrower_id_1} and {found.borrower_id_2} "
        f"{'are one person' if found.person_id_1 == found.person_id_2 else 'are two persons'} "
        f"as of {found.as_of} (run {found.run_id}, engine {found.engine}).",
    )
    _show_records(console, found.records, (found.borrower_id_1, found.borrower_id_2))
    _show_waterfall(console, found)
    console.say(OUTCOMES[found.outcome])
    _show_persons(console, found)
    if found.decision_since:
        console.say(
            f"People decided that they are {_decided(found.decision_since)}; run {found.run_id} did not have "
            "that for this pair. The next run respects it.",
        )


def _show_pair(console: Terminal, matches: Matches, pair: Pair) -> None:
    _show_records(console, matches.records(*pair.ids), pair.ids)
    table = _table("comparison", "level", "weight, bits")
    for one in pair.evidence:
        table.add_row(_cell(one.comparison), _cell(one.level), f"{one.weight:+.2f}")
    if pair.evidence:
        console.print(table)
    if pair.probability is not None:
        console.say(f"Probability that they are one person: {_percent(pair.probability)}")


def _show_records(console: Terminal, records: dict[str, Record], ids: Sequence[str]) -> None:
    """Both records side by side; where both say something else, the row is marked."""
    one, other = (records[borrower_id] for borrower_id in ids)
    table = _table(BORROWER_ID, "", *ids)
    for name in one:
        values = one[name], other[name]
        if name == BORROWER_ID or values == (None, None):
            continue
        differs = None not in values and values[0] != values[1]
        style = "bold yellow" if differs else ""
        cells = [_cell("-" if value is None else value, style) for value in values]
        table.add_row(name, _cell("≠" if differs else "", style), *cells)
    console.print(table)


def _show_waterfall(console: Terminal, found: Explanation) -> None:
    """The prior and each comparison's weight, from where those above it left off."""
    if found.prior_weight is None or not found.evidence:
        if found.match_probability is not None:
            console.say(f"Probability that they are one person: {_percent(found.match_probability)}")
        return
    steps = [Evidence("prior", "two records taken at random", found.prior_weight), *found.evidence]
    ends = [sum(step.weight for step in steps[: n + 1]) for n in range(len(steps))]
    low, high = min(0.0, *ends), max(0.0, *ends)
    table = _table("comparison", "level", "weight, bits", "sum", "")
    for step, end in zip(steps, ends, strict=True):
        bar = _bar(end - step.weight, end, low, high)
        table.add_row(_cell(step.comparison), _cell(step.level), f"{step.weight:+.2f}", f"{end:.2f}", bar)
    if found.match_weight is not None:
        weight = found.match_weight
        table.add_row("match weight", "", "", f"{weight:.2f}", _bar(0.0, weight, low, high), style="bold")
    console.print(table)
    limits = ", ".join(
        f"{name} threshold {_percent(limit)}"
        for name, limit in (("match", found.match_threshold), ("review", found.review_threshold))
        if limit is not None
    )
    if found.match_probability is not None:
        console.say(f"Probability that they are one person: {_percent(found.match_probability)} ({limits})")


def _bar(start: float, end: float, low: float, high: float) -> Text:
    """From start to end on a scale from low to high; full where it adds, shaded where it takes away."""
    scale = BAR_WIDTH / ((high - low) or 1.0)
    first, last = sorted((round((start - low) * scale), round((end - low) * scale)))
    mark, style = ("█", "green") if end >= start else ("▒", "red")
    return Text.assemble(" " * min(first, BAR_WIDTH - 1), (mark * max(last - first, 1), style))


def _show_persons(console: Terminal, found: Explanation) -> None:
    if found.person_id_1 != found.person_id_2:
        console.say(f"{found.borrower_id_1} is person {found.person_id_1} ({_records(found.cluster_size_1)}),")
        console.say(f"{found.borrower_id_2} is person {found.person_id_2} ({_records(found.cluster_size_2)}).")
        return
    console.say(f"Both are person {found.person_id_1} ({_records(found.cluster_size_1)}).")
    if found.links:
        way = "; ".join(_link(link) for link in found.links)
        console.say(f"Joined {'directly' if len(found.links) == 1 else 'by way of others'}: {way}.")


def _link(link: Link) -> str:
    said = (
        "decided by people" if link.decided else "a match" if link.probability is None else _percent(link.probability)
    )
    return f"{link.borrower_id_1} - {link.borrower_id_2} ({said})"


def _records(number: int) -> str:
    return "one record" if number == 1 else f"{number:,} records"


def _decided(decision: str) -> str:
    return {"same": "one person", "different": "two persons"}[decision]


def _percent(probability: float) -> str:
    """As many digits as tell it from 0 and from 100 %."""
    for digits in (1, 2, 4, 6):
        text = f"{100 * probability:.{digits}f}"
        if probability in (0.0, 1.0) or float(text) not in (0.0, 100.0):
            break
    return f"{text} %"


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for name in names:
        is_number = name in ("weight, bits", "sum")
        table.add_column(
            _cell(name), justify="right" if is_number else "left", overflow="fold", no_wrap=is_number or not name
        )
    return table


def _cell(text: str, style: str = "") -> Text:
    return Text(one_line(text), style)
