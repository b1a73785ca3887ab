"""The timeline of a borrower, printed as text or as JSON: refi risk explain."""

import json
from dataclasses import asdict

from refi_assets.cli.terminal import Terminal, one_line
from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import open_lake
from refi_assets.ml.declared_models import declared_models
from refi_assets.risk.policy import load_risk_policy
from refi_assets.risk.scoring import MODEL
from refi_assets.risk.timeline import BorrowerTimeline, TimelineEntry, borrower_timeline
from refi_assets.specs.rules import filled, rules_of
from refi_assets.specs.sql_models import load_sql_models


def show_timeline(lake_url: str, borrower_id: str, last: int, *, as_json: bool) -> None:
    """Print the newest features of a borrower, and the last entries. Raises RefiError for an unknown borrower."""
    timeline = borrower_timeline(open_duckdb(open_lake(lake_url, create=False)), lake_url, borrower_id)
    entries = timeline.entries[-last:]
    if as_json:
        answer = asdict(timeline) | {"entries": [entry._asdict() for entry in entries]}
        print(json.dumps(answer, default=str))
        return
    console = Terminal()
    console.say(f"Borrower {one_line(borrower_id)}. This is a person's data: show it only to those who need it.")
    _show_score(console, timeline)
    older = len(timeline.entries) - len(entries)
    rows = [(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.kind, _facts(entry)) for entry in entries]
    console.table(("UTC", "", ""), rows, title=f"{older:,} older entries: --last" if older else None)
    for code in sorted({entry.facts["rule"] for entry in entries if "rule" in entry.facts}):
        console.say(f"{code}: {_rule_text(code)}")


def _show_score(console: Terminal, timeline: BorrowerTimeline) -> None:
    """The newest score with its reasons, in words where the model's file has them, and the newest features."""
    score = next((entry.facts for entry in reversed(timeline.entries) if entry.kind == "score"), None)
    if score is None:
        console.say("There is no score.")
    else:
        console.say(f"Probability of default {score['probability']}, band {score['band']}, as of {score['as_of']}.")
        words = declared_models()[MODEL].reasons
        for place, reason in enumerate(score["reasons"], start=1):
            console.say(f"  {place}. {reason}" + (f": {words[reason]}" if reason in words else ""))
    if timeline.features:
        rows = [(name, "unknown" if value is None else str(value)) for name, value in timeline.features.items()]
        console.table(("feature", "value"), rows, title=f"Features as of {timeline.as_of}")


def _facts(entry: TimelineEntry) -> str:
    texts = {
        name: " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in entry.facts.items()
    }
    return ", ".join(f"{name} {text}" for name, text in texts.items() if text)


def _rule_text(code: str) -> str:
    """What a rule says, with the policy's numbers; of a rule that was removed since, that it was."""
    key = f"risk/filters/{code}"
    if key not in load_sql_models():
        return "a rule of an earlier version"
    parameters = load_risk_policy().parameters
    return filled(rules_of(key)[code].text, lambda name: str(parameters[name].value))
