"""refi rules: every rule with its code, its text, where it is written, and the policy, checks and columns behind it.

Rules are read from the heads of SQL files, from the checks of the definitions, and from the contracts. docs/rules.md is
generated from the first two by `make docs`; docs/contracts.md has the third.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any

from pydantic import BaseModel

from refi_assets.cli.run import domain_of
from refi_assets.cli.terminal import Terminal
from refi_assets.errors import RefiError
from refi_assets.settings import overridden
from refi_assets.specs.contract_reference import column_rules
from refi_assets.specs.contracts import CONTRACTS_DIR, load_contracts
from refi_assets.specs.groups import FILTERS
from refi_assets.specs.names import group_and_name, short_name
from refi_assets.specs.policies import policy_of
from refi_assets.specs.rules import filled, rules_of, source_columns
from refi_assets.specs.sql_models import load_sql_models

HEAD = """# Rules

This page is generated from sql/, policies/ and the checks by `make docs`; do not edit it. `refi rules TERM`
finds a rule by any word of it, with the values in force. The rules of single columns of source files are in
[contracts.md](contracts.md).
"""


@dataclass(frozen=True)
class ListedRule:
    """One rule. `policy` maps keys of the policy to values; `checks` are 'asset check', `columns` 'relation.column'."""

    code: str
    kind: str  # rule, check or column
    relation: str
    text: str
    where: str
    policy: dict[str, str]
    checks: tuple[str, ...]
    columns: tuple[str, ...]

    def mentions(self, term: str) -> bool:
        """Whether the rule contains each word of a term; an underscore counts as a space."""
        text = json.dumps(list(asdict(self).values())).lower().replace("_", " ")
        return all(word in text for word in term.lower().replace("_", " ").split())


def show_rules(term: str, *, as_json: bool) -> None:
    """Print the rules that mention a term. Raises RefiError if none does."""
    rules = [rule for rule in (*sql_and_check_rules(), *_contract_rules()) if rule.mentions(term)]
    if not rules:
        raise RefiError(f"No rule mentions {term!r}. Without a term, `refi rules` lists them all.")
    if as_json:
        for rule in rules:
            print(json.dumps(asdict(rule)))
        return
    console = Terminal()
    for rule in rules:
        console.say(f"{rule.code}  ({rule.relation})", style="bold")
        console.say(f"    {rule.text}")
        console.say(f"    in       {rule.where}")
        for name, values in (("policy", _assigned(rule.policy)), ("checks", rule.checks), ("columns", rule.columns)):
            if values:
                console.say(f"    {name:8} {', '.join(values)}")


def sql_and_check_rules() -> list[ListedRule]:
    """The rules that SQL files declare, by relation, then the checks of all assets. Raises SettingError."""
    checks = list(_check_rules())
    relations = [key for key, model in load_sql_models().items() if model.rules and _is_listed(key)]
    return [*(rule for key in relations for rule in _declared_rules(key, checks)), *checks]


def _is_listed(key: str) -> bool:
    """Whether a SQL file is a relation, or a filter of a program."""
    return key.count("/") == 1 or group_and_name(group_and_name(key)[0])[1] == FILTERS


def rules_page() -> str:
    """The text of docs/rules.md."""
    sections: dict[str, list[ListedRule]] = {}
    for rule in sql_and_check_rules():
        title = rule.relation if rule.kind == "rule" else f"Checks of {group_and_name(rule.relation)[0]}"
        sections.setdefault(title, []).append(rule)
    lines = [HEAD]
    for title, rules in sections.items():
        lines += [
            f"## {title}",
            "",
            "| Code | Rule | Written in | Policy | Columns | Checks |",
            "|---|---|---|---|---|---|",
        ]
        for rule in rules:
            name = rule.code if rule.kind == "rule" else f"{short_name(rule.relation)} {rule.code}"
            cells = (name, rule.text, rule.where, *map("; ".join, (_assigned(rule.policy), rule.columns, rule.checks)))
            lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _declared_rules(key: str, checks: Iterable[ListedRule]) -> Iterator[ListedRule]:
    policy = _Policy(domain_of(key.partition("/")[0]).policy)
    for rule in rules_of(key).values():
        values = policy.of_parameters(rule.parameters)
        yield ListedRule(
            code=rule.code,
            kind="rule",
            relation=key,
            text=filled(rule.text, policy.shown),
            where=f"{load_sql_models()[key].file}:{rule.line}",
            policy=values,
            checks=tuple(f"{check.relation} {check.code}" for check in checks if values.keys() & check.policy.keys()),
            columns=_names(rule.columns),
        )


def _check_rules() -> Iterator[ListedRule]:
    from refi_assets.definitions import defs

    with overridden("REFI_IDENTITY_ENGINE", "splink"):  # with its rules, whether matching is on or not
        graph = defs().resolve_asset_graph()
    for key in sorted(graph.asset_check_keys):
        spec = graph.get_check_spec(key)
        relation, where = key.asset_key.to_user_string(), str(spec.metadata["where"])
        domain, _, limits = str(spec.metadata.get("limits", "")).partition(".")
        group, name = group_and_name(relation)
        model = load_sql_models().get(f"{group}/checks/{name}/{key.name}")
        values = _Policy(domain).of_limits(limits) if limits else {}
        if model and model.parameters:
            values = _Policy(domain_of(group).policy).of_parameters(model.parameters)
        columns = source_columns(model) if model else set()
        yield ListedRule(key.name, "check", relation, spec.description or "", where, values, (), _names(columns))


def _contract_rules() -> Iterator[ListedRule]:
    for source, contract in load_contracts().items():
        file = CONTRACTS_DIR / contract.domain / f"{source}.yaml"
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
        for column in contract.columns:
            yield ListedRule(
                code=f"{source}.{column.name}",
                kind="column",
                relation=f"staging/{source}",
                text="; ".join([column.sql_type, *column_rules(column)]) + f". {column.description}",
                where=f"contracts/{contract.domain}/{source}.yaml:{lines.index(f'- name: {column.name}', 1) + 1}",
                policy={},
                checks=(),
                columns=(f"{source}.{column.name}",),
            )


class _Policy:
    """The policy in force of a domain, by the keys of its file."""

    def __init__(self, domain: str) -> None:
        self._policy = policy_of(domain)

    def shown(self, parameter: str) -> str:
        """The value of a SQL parameter; its name if the policy does not set it."""
        parameters = self._policy.parameters
        value = parameters[parameter].value if parameter in parameters else None
        return f":{parameter}" if value is None else _text(value)

    def of_parameters(self, names: Iterable[str]) -> dict[str, str]:
        """Key -> value of SQL parameters."""
        keys, parameters = self._policy.parameter_keys, self._policy.parameters
        return {keys[name]: _text(parameters[name].value) for name in sorted(names) if name in keys}

    def of_limits(self, key: str) -> dict[str, str]:
        """Key -> value of the limits in a part of the policy."""
        limits = attrgetter(key)(self._policy)
        if not isinstance(limits, BaseModel):
            return {key: _text(limits)}
        return {
            name: text for field in type(limits).model_fields for name, text in self.of_limits(f"{key}.{field}").items()
        }


def _text(value: Any) -> str:
    return "not set" if value is None else ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _assigned(policy: Mapping[str, str]) -> list[str]:
    return [f"{key} = {value}" for key, value in policy.items()]


def _names(columns: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(f"{short_name(key)}.{name}" for key, name in columns))


if __name__ == "__main__":
    sys.stdout.write(rules_page())
