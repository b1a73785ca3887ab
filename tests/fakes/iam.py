"""Which calls a role's policy allows, by IAM's rules, and which of its actions no call needs.

For identity policies in the form that infra/terraform writes: Action, Resource, and the condition operators below. Any
other element is an error, never ignored. The caller gives a call's conditions (s3:prefix, kms:ViaService and so on).

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html, and for the elements
reference_policies_elements_action, _resource and _condition_operators.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


class UnsupportedPolicyError(Exception):
    """A policy has an element that this module does not support."""


@dataclass(frozen=True)
class Call:
    """A call to AWS: `s3:GetObject` on an ARN ("*" if there is none), and its values for conditions."""

    action: str
    resource: str
    conditions: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = ", ".join(f"{key}={value}" for key, value in sorted(self.conditions.items()))
        return f"{self.action} on {self.resource}" + (f" ({shown})" if shown else "")


@dataclass(frozen=True)
class Statement:
    """One statement; conditions as (operator, key, values)."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def covers(self, call: Call) -> bool:
        """Whether action, resource and conditions all match a call."""
        return (
            any(_matches(action, call.action, ignore_case=True) for action in self.actions)
            and any(_matches(resource, call.resource) for resource in self.resources)
            and all(
                _condition_holds(operator, key, values, call.conditions) for operator, key, values in self.conditions
            )
        )


def statements(document: Mapping[str, Any]) -> list[Statement]:
    """The statements of a policy document. Raises UnsupportedPolicyError, naming the unsupported element."""
    if document.get("Version") != "2012-10-17":
        raise UnsupportedPolicyError(f"Version {document.get('Version')}")
    return [_statement(statement) for statement in _list(document["Statement"])]


def denied(document: Mapping[str, Any], calls: Iterable[Call]) -> list[Call]:
    """The calls that no Allow covers, or that a Deny covers."""
    parsed = statements(document)
    return [call for call in calls if not _is_allowed(parsed, call)]


def unused(document: Mapping[str, Any], calls: Iterable[Call]) -> list[str]:
    """The allowed actions that no call needs, as 'Sid: action'."""
    calls = list(calls)
    return [
        f"{statement.sid}: {action}"
        for statement in statements(document)
        for action in statement.actions
        if statement.allows
        and not any(statement.covers(call) and _matches(action, call.action, ignore_case=True) for call in calls)
    ]


def on_all_resources(document: Mapping[str, Any]) -> list[Statement]:
    """Statements that allow something on Resource "*"."""
    return [statement for statement in statements(document) if statement.allows and "*" in statement.resources]


def _is_allowed(parsed: list[Statement], call: Call) -> bool:
    covering = [statement for statement in parsed if statement.covers(call)]
    return bool(covering) and all(statement.allows for statement in covering)


def _statement(statement: Mapping[str, Any]) -> Statement:
    if unknown := statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}:
        raise UnsupportedPolicyError(", ".join(sorted(unknown)))
    if statement["Effect"] not in ("Allow", "Deny"):
        raise UnsupportedPolicyError(f"Effect {statement['Effect']}")
    conditions = tuple(
        (operator, key, tuple(_list(values)))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )
    for operator, _, values in conditions:
        if operator not in OPERATORS:
            raise UnsupportedPolicyError(f"Condition {operator}")
        _refuse_variables(values)
    resources = tuple(_list(statement["Resource"]))
    _refuse_variables(resources)
    return Statement(
        statement.get("Sid", ""),
        statement["Effect"] == "Allow",
        tuple(_list(statement["Action"])),
        resources,
        conditions,
    )


def _refuse_variables(values: Iterable[str]) -> None:
    for value in values:
        if "${" in value:
            raise UnsupportedPolicyError(f"the policy variable in {value}")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """IAM's wildcards: * matches any characters, including colons and slashes, ? matches one. The rest is literal."""
    regex = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(regex, text, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


OPERATORS: dict[str, Callable[[str, str], bool]] = {"StringEquals": str.__eq__, "StringLike": _matches}


def _condition_holds(operator: str, key: str, values: tuple[str, ...], conditions: Mapping[str, str]) -> bool:
    """A condition on one key. Key names ignore case; an absent key matches no value."""
    value = {name.lower(): value for name, value in conditions.items()}.get(key.lower())
    return value is not None and any(OPERATORS[operator](allowed, value) for allowed in values)
