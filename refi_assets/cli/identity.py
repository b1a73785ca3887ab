"""refi review and refi explain-match: decide who is who, and explain a match.

Both print two borrowers' data, in the lender's own terminal and nowhere else.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.text import Text

from refi_assets.cli.login import login_name
from refi_assets.cli.terminal import Terminal, one_line
from refi_assets.identity.decisions import Verdict, append_decision, load_decisions
from refi_assets.identity.matches import (
    BORROWER_ID,
    OUTCOMES,
    Evidence,
    Link,
    MatchedPair,
    Matches,
    MatchExplanation,
    Record,
    open_matches,
)
from refi_assets.publishing.published import PublishedRun

BAR_WIDTH = 20
KEYS: dict[str, Verdict | None] = {"s": "same", "d": "different", "k": None}
QUESTION = "(s)ame person, (d)ifferent, s(k)ip, (q)uit: "


def review_pairs(run: PublishedRun, who: str | None) -> None:
    """Ask about the pairs in the review queue, strongest first, and save each decision at once.

    Answers are lines of the standard input; its end, or an interrupt, means quit. Raises RefiError.
    """
    console, who, decided = Terminal(), who or login_name("refi review"), 0
    decisions = load_decisions(run.lake)
    with open_matches(run) as matches:
        if matches.engine == "off":
            console.say(f"Identity is off in run {run.run_id}, so there is nothing to review. See docs/identity.md.")
            return
        waiting = [pair for pair in matches.waiting() if decisions.verdict(*pair.ids) is None]
        if not waiting:
            console.say(f"Nothing waits for review as of {run.as_of} (run {run.run_id}).")
            return
        console.say(f"{len(waiting):,} pairs wait for review as of {run.as_of} (run {run.run_id}).")
        try:
            for number, pair in enumerate(waiting, start=1):
                if decisions.verdict(*pair.ids) is not None:  # follows from a decision made a moment ago
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
    console.say(f"{decided:,} pairs decided by {who}. {'The next run respects them.' if decided else ''}".strip())


class _Quit(Exception):  # noqa: N818
    """The user quits."""


def _ask_decision(console: Terminal) -> Verdict | None:
    while True:
        console.say(QUESTION, end="")
        key = input().strip().lower()
        if key == "q":
            raise _Quit
        if key in KEYS:
            return KEYS[key]


def show_match(run: PublishedRun, borrower_1: str, borrower_2: str, *, as_json: bool) -> None:
    """Print why two borrowers are one person or not. Raises RefiError for a borrower that does not exist."""
    decisions = load_decisions(run.lake)
    with open_matches(run) as matches:
        explanation = matches.explain(borrower_1, borrower_2, decisions)
    if as_json:
        print(json.dumps(asdict(explanation)))
        return
    console, ids = Terminal(), (explanation.borrower_id_1, explanation.borrower_id_2)
    console.say(
        f"{' and '.join(ids)} "
        f"{'are one person' if explanation.person_id_1 == explanation.person_id_2 else 'are two persons'} "
        f"as of {explanation.as_of} (run {explanation.run_id}, engine {explanation.engine}).",
    )
    _show_records(console, explanation.records, ids)
    _show_waterfall(console, explanation)
    console.say(OUTCOMES[explanation.outcome])
    _show_persons(console, explanation)
    if explanation.decision_since:
        persons = {"same": "one person", "different": "two persons"}[explanation.decision_since]
        console.say(
            f"People decided that they are {persons}, but run {explanation.run_id} did not have that decision. "
            "The next run respects it.",
        )


def _show_pair(console: Terminal, matches: Matches, pair: MatchedPair) -> None:
    _show_records(console, matches.records(*pair.ids), pair.ids)
    rows = [(evidence.comparison, evidence.level, _weight(evidence.weight)) for evidence in pair.evidence]
    if rows:
        console.table(("comparison", "level", "weight, bits"), rows)
    if pair.probability is not None:
        console.say(f"Probability that they are one person: {_percent(pair.probability)}")


def _show_records(console: Terminal, records: dict[str, Record], ids: Sequence[str]) -> None:
    """Both records side by side; rows in which they differ are marked."""
    rows = []
    for name in records[ids[0]]:
        values = [records[borrower_id][name] for borrower_id in ids]
        if name == BORROWER_ID or values == [None, None]:
            continue
        differs = None not in values and values[0] != values[1]
        style = "bold yellow" if differs else ""
        cells = [_cell("-" if value is None else value, style) for value in values]
        rows.append((name, _cell("≠" if differs else "", style), *cells))
    console.table((BORROWER_ID, "", *ids), rows)


def _show_waterfall(console: Terminal, explanation: MatchExplanation) -> None:
    """The prior and the weight of each comparison; each bar begins where the one above it ends."""
    probability = explanation.match_probability
    line = "" if probability is None else f"Probability that they are one person: {_percent(probability)}"
    if explanation.prior_weight is not None and explanation.evidence:
        names = ("comparison", "level", "weight, bits", "sum", "")
        console.table(names, _waterfall(explanation, explanation.prior_weight))
        thresholds = (("match", explanation.match_threshold), ("review", explanation.review_threshold))
        limits = [f"{name} threshold {_percent(limit)}" for name, limit in thresholds if limit is not None]
        line += f" ({', '.join(limits)})" if line else ""
    if line:
        console.say(line)


def _waterfall(explanation: MatchExplanation, prior_weight: float) -> list[tuple[str | Text, ...]]:
    steps = [Evidence("prior", "two records taken at random", prior_weight), *explanation.evidence]
    ends = [sum(step.weight for step in steps[: n + 1]) for n in range(len(steps))]
    low, high = min(0.0, *ends), max(0.0, *ends)
    rows: list[tuple[str | Text, ...]] = []
    for step, end in zip(steps, ends, strict=True):
        bar = _bar(end - step.weight, end, low, high)
        rows.append((step.comparison, step.level, _weight(step.weight), _weight(end, sign="-"), bar))
    if (weight := explanation.match_weight) is not None:
        total = _cell("match weight", "bold"), "", "", _weight(weight, "bold", sign="-"), _bar(0.0, weight, low, high)
        rows.append(total)
    return rows


def _bar(start: float, end: float, low: float, high: float) -> Text:
    """A bar from start to end on a scale from low to high: solid if it adds weight, shaded if it takes weight away."""
    scale = BAR_WIDTH / ((high - low) or 1.0)
    first, last = sorted((round((start - low) * scale), round((end - low) * scale)))
    mark, style = ("█", "green") if end >= start else ("▒", "red")
    return Text.assemble(" " * min(first, BAR_WIDTH - 1), (mark * max(last - first, 1), style))


def _show_persons(console: Terminal, explanation: MatchExplanation) -> None:
    persons = [
        f"person {person_id} ({'one record' if size == 1 else f'{size:,} records'})"
        for person_id, size in (
            (explanation.person_id_1, explanation.cluster_size_1),
            (explanation.person_id_2, explanation.cluster_size_2),
        )
    ]
    if explanation.person_id_1 != explanation.person_id_2:
        console.say(f"{explanation.borrower_id_1} is {persons[0]},")
        console.say(f"{explanation.borrower_id_2} is {persons[1]}.")
        return
    console.say(f"Both are {persons[0]}.")
    if explanation.links:
        links = "; ".join(_link(link) for link in explanation.links)
        console.say(f"Joined {'directly' if len(explanation.links) == 1 else 'by way of others'}: {links}.")


def _link(link: Link) -> str:
    reason = "decided by people" if link.decided else "a match"
    if link.probability is not None and not link.decided:
        reason = _percent(link.probability)
    return f"{link.borrower_id_1} - {link.borrower_id_2} ({reason})"


def _percent(probability: float) -> str:
    """A percentage with enough digits to differ from 0 % and from 100 %."""
    for digits in (1, 2, 4, 6):
        text = f"{100 * probability:.{digits}f}"
        if probability in (0.0, 1.0) or float(text) not in (0.0, 100.0):
            break
    return f"{text} %"


def _weight(weight: float, style: str = "", sign: str = "+") -> Text:
    return Text(f"{weight:{sign}.2f}", style, justify="right")


def _cell(text: str, style: str = "") -> Text:
    return Text(one_line(text), style)
