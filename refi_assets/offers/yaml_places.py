"""A YAML file's values with the line of each key, so that a refusal can say where.

Numbers and dates stay text, as in refi_assets/specs/policies.py: the types that read them keep them exact. A duplicate
key and an alias are refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from refi_assets.errors import SettingError
from refi_assets.specs.policies import Section
from refi_assets.specs.yaml_loader import SafeLoader

Key = tuple[str | int, ...]  # such as ("filterChain", 1, "order")

_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class YamlProblem(NamedTuple):
    """A problem with a key, and the key of the same file that it contradicts, if there is one."""

    key: Key
    text: str
    against: Key | None = None


@dataclass(frozen=True)
class PlacedYaml:
    """A YAML file: its values, and the line of each key and each item of a list."""

    path: Path
    values: Any
    lines: dict[Key, int]

    def line_of(self, key: Key) -> int:
        """The line of a key; of the nearest key above it if the file does not have it."""
        while key not in self.lines:
            key = key[:-1]
        return self.lines[key]

    def has(self, key: Key) -> bool:
        """Whether the file has a key."""
        return key in self.lines

    def refusal(self, problems: Iterable[YamlProblem]) -> SettingError:
        """One error that lists all problems, each with the file, the line and the key."""
        return SettingError("\n".join(self._message(problem) for problem in problems))

    def _message(self, problem: YamlProblem) -> str:
        text = f"{yaml_place(self.path, self.line_of(problem.key))}, {key_text(problem.key)}: {problem.text}"
        if problem.against is not None:
            text += f" See line {self.line_of(problem.against)}, {key_text(problem.against)}."
        return text


def yaml_place(path: Path, line: int) -> str:
    """A file and a line, as refusals write them."""
    return f"{path.name}, line {line}"


def key_text(key: Key) -> str:
    """A key as a person writes it: filterChain[1].order."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in key)
    return text.removeprefix(".") or "the file"


def read_placed_yaml(path: Path) -> PlacedYaml:
    """Read a file. Raises SettingError with the line if it is not YAML, or has a duplicate key or an alias."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=SafeLoader)
        lines: dict[Key, int] = {(): 1}
        return PlacedYaml(path, _value(path, node, (), lines, set()), lines)
    except FileNotFoundError:
        raise SettingError(f"{path}: there is no such file.") from None
    except RecursionError:
        raise SettingError(f"{path} is nested too deeply.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingError(f"{path} cannot be read as YAML: {error}") from None


def _value(path: Path, node: yaml.Node | None, key: Key, lines: dict[Key, int], seen: set[int]) -> Any:
    if node is None:
        return None
    if id(node) in seen:
        line = lines[key if isinstance(key[-1], str) else key[:-1]]
        raise SettingError(f"{yaml_place(path, line)}, {key_text(key)}: an alias (*name) is refused; write the value.")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Any] = {}
        for name_node, inner in node.value:
            name, line = str(name_node.value), name_node.start_mark.line + 1
            if name in values:
                place = yaml_place(path, line)
                raise SettingError(f"{place}, {key_text((*key, name))}: duplicate key; see line {lines[*key, name]}.")
            lines[*key, name] = line
            values[name] = _value(path, inner, (*key, name), lines, seen)
        return values
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[*key, index] = item.start_mark.line + 1
        return [_value(path, item, (*key, index), lines, seen) for index, item in enumerate(node.value)]
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "bool":
        return _BOOLEANS[node.value.lower()]
    return None if kind == "null" else node.value


class Keys(Section):
    """A part of a file. Its keys are the fields in camel case, unless a field says otherwise; others are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_alias=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, raw: Any) -> Any:
        keys = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = [key for key in raw if key not in keys] if isinstance(raw, dict) else []
        if unknown:
            close = get_close_matches(unknown[0], keys, n=1)
            hint = f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(keys) or 'none'}."
            raise PydanticCustomError("unknown_key", "unknown key; {hint}", {"hint": hint, "key": unknown[0]})
        return raw


_M = TypeVar("_M", bound=BaseModel)


def validated(file: PlacedYaml, model: type[_M]) -> _M:
    """The file's values in a class. Raises SettingError with the file, the line and the key of each problem."""
    try:
        return model.model_validate({} if file.values is None else file.values)
    except ValidationError as error:
        problems = [_problem(file, details) for details in error.errors()]
        raise file.refusal(dict.fromkeys(problem for problem in problems if problem.text)) from None


def _problem(file: PlacedYaml, details: ErrorDetails) -> YamlProblem:
    context = details.get("ctx", {})
    steps = [*details["loc"], *([context["key"]] if "key" in context else [])]
    key: Key = ()
    for position, step in enumerate(steps):
        # Pydantic names the class it chose between two steps, such as ("channels", 0, "email", "config").
        if file.has((*key, step)) or (details["type"] == "missing" and position == len(steps) - 1):
            key = (*key, step)
    match details["type"]:
        case "missing":
            return YamlProblem(key, "this key is missing; add it.")
        case "union_tag_not_found":
            return YamlProblem((*key, "type"), "this key is missing; add it.")
        case "union_tag_invalid":
            return YamlProblem((*key, "type"), _not_one_of(context["tag"], context["expected_tags"]))
        case "literal_error":
            return YamlProblem(key, _not_one_of(details["input"], context["expected"]))
        case "model_type" | "model_attributes_type" | "dict_type":
            return YamlProblem(key, "should be keys with values.")
        case "tuple_type":
            return YamlProblem(key, "should be a list.")
        case "too_short" if context["field_type"] == "Tuple" and file.has((*key, 0)):
            return YamlProblem(key, "")  # only because one of its items is refused, which is another problem
        case "too_short" | "too_long":
            number = context.get("min_length") or context.get("max_length")
            return YamlProblem(key, f"should have at {'least' if 'min_length' in context else 'most'} {number} items.")
        case "string_pattern_mismatch":
            return YamlProblem(key, f"{details['input']!r} does not have the form {context['pattern']}.")
    text = details["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("Decimal input ")
    return YamlProblem(key, text if text.endswith((".", "?")) else f"{text}.")


def _not_one_of(value: object, expected: str) -> str:
    close = get_close_matches(str(value), [name.strip("' ") for name in expected.replace(" or ", ",").split(",")], n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"{value!r} is not valid here; valid: {expected}.{hint}"
