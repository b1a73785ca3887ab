"""refi doctor: tries what a deployment needs, step by step, and says what is wrong and how to mend it.

The steps are in doctor_steps.py. A step that needs another which is wrong is not tried: one cause, one complaint.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlsplit

from refi_assets.cli.terminal import Terminal
from refi_assets.errors import RefiError

SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class MendableError(RefiError):
    """What a step found to be wrong, and how to mend it."""

    def __init__(self, said: str, mend: str) -> None:
        super().__init__(said)
        self.mend = mend


class UnneededError(Exception):
    """Why a step is not tried."""


@dataclass(frozen=True)
class Step:
    """One thing to try. `look` says what it found; it raises UnneededError, MendableError, or whatever it likes."""

    name: str
    look: Callable[[], str]
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What came of a step."""

    step: str
    state: Literal["ok", "wrong", "skipped"]
    said: str
    mend: str | None = None


def examine(steps: Sequence[Step]) -> list[Finding]:
    """Try the steps in turn. Nothing is raised, and no secret of the environment is in what they found."""
    found: list[Finding] = []
    broken: dict[str, str] = {}  # step -> the one that must be mended first
    for step in steps:
        cause = next((broken[name] for name in step.after if name in broken), None)
        finding = _tried(step) if cause is None else Finding(step.name, "skipped", f"{cause} comes first")
        if cause is not None or finding.state == "wrong":
            broken[step.name] = cause or step.name
        found.append(finding)
    return found


def show(findings: Sequence[Finding], *, as_json: bool) -> bool:
    """Print what was found; returns whether nothing is wrong."""
    is_well = all(finding.state != "wrong" for finding in findings)
    if as_json:
        print(json.dumps({"ok": is_well, "steps": [asdict(finding) for finding in findings]}))
        return is_well
    console = Terminal()
    styles = {"ok": "green", "wrong": "red", "skipped": "dim"}
    for finding in findings:
        text = f"{finding.state:8} {finding.step:22} {finding.said}"
        console.say(text, style=styles[finding.state])
        if finding.mend:
            console.say(f"{'':8} {'':22} {finding.mend}")
    wrong = sum(finding.state == "wrong" for finding in findings)
    console.say("All is well." if is_well else f"{wrong} wrong.")
    return is_well


def _tried(step: Step) -> Finding:
    try:
        return Finding(step.name, "ok", _harmless(step.look()))
    except UnneededError as reason:
        return Finding(step.name, "skipped", _harmless(str(reason)))
    except MendableError as error:
        return Finding(step.name, "wrong", _harmless(str(error)), _harmless(error.mend))
    except RefiError as error:
        return Finding(step.name, "wrong", _harmless(str(error)))
    except Exception as error:  # whatever a library raises, the next step is tried
        first = (str(error).splitlines() or [""])[0]
        return Finding(step.name, "wrong", _harmless(f"{type(error).__name__}: {first}"))


def _harmless(text: str) -> str:
    """Without secrets of the environment, and without user names and passwords in addresses."""
    trino = urlsplit(os.environ.get("REFI_TRINO_URL", "")).password
    for secret in (trino, *map(os.environ.get, SECRETS)):
        if secret:
            text = text.replace(secret, "…")
    return re.sub(r"(?<=://)[^/@\s]+@", "…@", text)
