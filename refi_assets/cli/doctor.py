"""refi doctor: tries a deployment step by step, and reports each problem with its fix.

The steps are in doctor_steps.py. A step is skipped if a step that it depends on failed: one cause, one complaint.
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


class FixableError(RefiError):
    """A problem that a step found, and its fix."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.fix = fix


class UnneededError(Exception):
    """The reason why a step is not needed."""


@dataclass(frozen=True)
class DoctorStep:
    """One thing to try. `attempt` returns its result as text, or with a hint; it raises UnneededError, FixableError or
    any error.
    """

    name: str
    attempt: Callable[[], str | tuple[str, str]]
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """The result of a step. The fields are the keys of `--json`."""

    step: str
    state: Literal["ok", "wrong", "skipped"]
    said: str
    mend: str | None = None


def try_steps(steps: Sequence[DoctorStep]) -> list[Finding]:
    """Try the steps in turn. Raises nothing, and no finding contains a secret of the environment."""
    findings: list[Finding] = []
    broken: dict[str, str] = {}  # step -> the step that must be fixed first
    for step in steps:
        cause = next((broken[name] for name in step.after if name in broken), None)
        finding = _try_step(step) if cause is None else Finding(step.name, "skipped", f"fix {cause} first")
        if cause is not None or finding.state == "wrong":
            broken[step.name] = cause or step.name
        findings.append(finding)
    return findings


def print_findings(findings: Sequence[Finding], *, as_json: bool) -> bool:
    """Print the findings; returns whether all is well."""
    wrong = sum(finding.state == "wrong" for finding in findings)
    if as_json:
        print(json.dumps({"ok": not wrong, "steps": [asdict(finding) for finding in findings]}))
        return not wrong
    console = Terminal()
    styles = {"ok": "green", "wrong": "red", "skipped": "dim"}
    width = max(len(finding.step) for finding in findings)
    for finding in findings:
        text = f"{finding.state:8} {finding.step:{width}} {finding.said}"
        console.say(text, style=styles[finding.state])
        if finding.mend:
            console.say(f"{'':8} {'':{width}} {finding.mend}")
    console.say(f"{wrong} wrong." if wrong else "All is well.")
    return not wrong


def _try_step(step: DoctorStep) -> Finding:
    try:
        result = step.attempt()
        said, hint = (result, "") if isinstance(result, str) else result
        return Finding(step.name, "ok", _without_secrets(said), _without_secrets(hint) or None)
    except UnneededError as reason:
        return Finding(step.name, "skipped", _without_secrets(str(reason)))
    except FixableError as error:
        return Finding(step.name, "wrong", _without_secrets(str(error)), _without_secrets(error.fix))
    except RefiError as error:
        return Finding(step.name, "wrong", _without_secrets(str(error)))
    except Exception as error:  # a library's; go on with the next step
        first_line = (str(error).splitlines() or [""])[0]
        return Finding(step.name, "wrong", _without_secrets(f"{type(error).__name__}: {first_line}"))


def _without_secrets(text: str) -> str:
    """The text without the environment's secrets, and without user names and passwords in URLs."""
    trino = urlsplit(os.environ.get("REFI_TRINO_URL", "")).password
    for secret in (trino, *map(os.environ.get, SECRETS)):
        if secret:
            text = text.replace(secret, "…")
    return re.sub(r"(?<=://)[^/@\s]+@", "…@", text)
