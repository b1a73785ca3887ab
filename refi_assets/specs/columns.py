"""One column of a contract: its type, and the rules and meaning of its cells, as its properties declare them.

Custom properties have the names used in contracts/; docs/contracts.md lists them. Judging cells belongs to staging/.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from pydantic import ValidationError

from refi_assets.errors import SettingError
from refi_assets.specs.policies import At

# The attributes of a person that a column may have, in the order in which a person is described.
PERSON_ATTRIBUTES = (
    *("given_name", "surname", "full_name", "date_of_birth", "email", "phone"),
    *("street", "city", "state", "postcode", "national_id"),
)
NAMES = ("given_name", "surname", "full_name")

LogicalType = Literal["string", "number", "integer", "boolean"]


@dataclass(frozen=True)
class Range:
    """Numbers from minimum to maximum, both included, and the numbers in `also`."""

    minimum: Decimal
    maximum: Decimal
    also: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class State:
    """A state that a cell indicates by a number of at most `at_most`, or by one of the words, in any case."""

    name: str
    at_most: Decimal | None
    words: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """One column of a source: its type, its ranges, its role in the key, and whether files must have it."""

    name: str
    logical_type: LogicalType
    sql_type: str
    description: str
    present: bool  # the file must have the column
    is_key: bool  # a part of the key, in files that have the column
    not_null: bool  # an empty cell is a missing key
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive_minimum: Decimal | None = None
    exclusive_maximum: Decimal | None = None
    unit: str | None = None
    personal: bool = False
    person_attribute: str | None = None  # one of PERSON_ATTRIBUTES, by which records are compared
    plausible: Range | None = None  # the values that the market has ever had, within the range
    plausible_median: Range | None = None  # for the median of all cells
    missing_words: tuple[str, ...] | None = None  # that read as empty; None: those of cells.sql
    missing_values: tuple[str, ...] = ()  # that also read as empty; numbers in a numeric column
    shared_share: At | None = None  # percent of the rows that may share one value
    consent: bool = False  # a person's consent: unknown means no
    is_party: bool = False  # identifies who shares the thing that the rest of the key identifies
    values: tuple[str, ...] = ()  # the allowed texts, in lower case; any other is null
    once: str | None = None  # the value that at most one party of a thing may have
    states: tuple[State, ...] = ()  # staged in a further column
    when_absent: str | None = None  # the value in all rows of a file without the column

    @property
    def is_numeric(self) -> bool:
        """Whether its cells are numbers."""
        return self.logical_type in ("number", "integer")

    @property
    def is_name(self) -> bool:
        """Whether its cells are people's names."""
        return self.person_attribute in NAMES

    @property
    def state_column(self) -> str:
        """The staged column with the state that a cell indicates."""
        return f"{self.name}_state"


_PROPERTIES = {
    *("columnPresence", "personAttribute", "unit", "plausible", "plausible_median", "missingWords", "missingValues"),
    *("sharedShare", "consent", "party", "values", "oncePerKey", "states", "whenAbsent"),
}
_SQL_TYPES: dict[str, str] = {
    "string": r"VARCHAR",
    "number": r"DECIMAL\(([1-9]|1\d|2\d|3[0-8]),\d+\)",
    "integer": r"INTEGER|BIGINT",
    "boolean": r"BOOLEAN",
}
_NUMBERS, _TEXTS = ("number", "integer"), ("string",)
_FITS = {
    "plausible": _NUMBERS,
    "plausible_median": _NUMBERS,
    "consent": ("boolean",),
    "values": _TEXTS,
    "oncePerKey": _TEXTS,
    "sharedShare": _TEXTS,
    "personAttribute": _TEXTS,
    "states": _NUMBERS + _TEXTS,
    "whenAbsent": _TEXTS,
}


def column_of(file: str, item: dict[str, Any]) -> Column:
    """A column as declared in a contract's file. Raises SettingError naming the file, the column and the property."""
    where = f"{file}: column '{item.get('name')}'"
    logical, sql_type = item.get("logicalType"), item.get("physicalType", "")
    if logical not in _SQL_TYPES:
        raise SettingError(f"{where}: logicalType is '{logical}'; expected {', '.join(_SQL_TYPES)}.")
    if not re.fullmatch(_SQL_TYPES[logical], sql_type):
        raise SettingError(f"{where}: physicalType '{sql_type}' does not fit logicalType '{logical}'.")
    custom = {entry["property"]: entry["value"] for entry in item.get("customProperties") or []}
    if unknown := custom.keys() - _PROPERTIES:
        raise SettingError(f"{where}: unknown custom property {', '.join(sorted(unknown))}.")
    for name, types in _FITS.items():
        if name in custom and logical not in types:
            raise SettingError(f"{where}: {name} does not fit logicalType '{logical}'.")
    if custom.get("columnPresence", "required") != "required":
        raise SettingError(f"{where}: columnPresence can only be 'required'; leave it out otherwise.")
    attribute = custom.get("personAttribute")
    if attribute is not None and attribute not in PERSON_ATTRIBUTES:
        raise SettingError(f"{where}: personAttribute is '{attribute}'; expected {', '.join(PERSON_ATTRIBUTES)}.")
    scale = int(sql_type.rstrip(")").split(",")[1]) if "," in sql_type else 0
    bounds = {name: _bound(where, name, value, scale) for name, value in (item.get("logicalTypeOptions") or {}).items()}
    values = tuple(word.lower() for word in _texts(where, custom, "values"))
    once = custom.get("oncePerKey")
    if once is not None and once not in values:
        raise SettingError(f"{where}: oncePerKey is {once!r}; it must be one of the column's values.")
    if "sharedShare" in custom and item.get("classification") == "personal":
        raise SettingError(f"{where}: sharedShare would show the shared value, but the column is personal.")
    when_absent = custom.get("whenAbsent")
    if "whenAbsent" in custom and (not isinstance(when_absent, str) or not when_absent.strip()):
        raise SettingError(f"{where}: whenAbsent is {when_absent!r}, not a text.")
    return Column(
        name=item["name"],
        logical_type=logical,
        sql_type=sql_type,
        description=item.get("description", ""),
        present=custom.get("columnPresence") == "required",
        is_key=bool(item.get("primaryKey")),
        not_null=bool(item.get("required")),
        minimum=bounds.get("minimum"),
        maximum=bounds.get("maximum"),
        exclusive_minimum=bounds.get("exclusiveMinimum"),
        exclusive_maximum=bounds.get("exclusiveMaximum"),
        unit=custom.get("unit"),
        personal=item.get("classification") == "personal",
        person_attribute=attribute,
        plausible=_range(where, custom, "plausible", scale, bounds),
        plausible_median=_range(where, custom, "plausible_median", scale, {}),
        missing_words=_missing_words(where, custom),
        missing_values=_missing_values(where, custom, logical, scale),
        shared_share=_shared_share(where, custom),
        consent=_flag(where, custom, "consent"),
        is_party=_flag(where, custom, "party"),
        values=values,
        once=once,
        states=_states(where, custom, logical, scale),
        when_absent=when_absent,
    )


_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _bound(where: str, name: str, value: Any, scale: int) -> Decimal:
    if name not in _BOUNDS:
        raise SettingError(f"{where}: logicalTypeOptions.{name} is not supported; expected {', '.join(_BOUNDS)}.")
    return _number(where, name, value, scale)


def _number(where: str, name: str, value: Any, scale: int) -> Decimal:
    try:
        number = Decimal(str(value))
        if not isinstance(value, bool) and abs(number) < 10**12 and number == round(number, min(scale, 6)):
            return number
    except ArithmeticError:
        pass
    raise SettingError(
        f"{where}: {name} is {value!r}, not a number of at most twelve whole digits, six decimals, and no more "
        "decimals than the column."
    )


def _range(where: str, custom: dict[str, Any], name: str, scale: int, hard: dict[str, Decimal]) -> Range | None:
    """A property such as {minimum: 0.5, maximum: 200, also: [0]}, within the hard range."""
    if name not in custom:
        return None
    value = custom[name]
    if not isinstance(value, dict) or not {"minimum", "maximum"} <= value.keys() <= {"minimum", "maximum", "also"}:
        raise SettingError(f"{where}: {name} must have minimum and maximum, and may have also: [numbers].")
    also = value.get("also", [])
    minimum, maximum = (_number(where, f"{name}.{bound}", value[bound], scale) for bound in ("minimum", "maximum"))
    further = tuple(_number(where, f"{name}.also", number, scale) for number in _listed(where, f"{name}.also", also))
    if minimum > maximum:
        raise SettingError(f"{where}: {name}: minimum {minimum} is above maximum {maximum}.")
    lows = [hard[bound] for bound in ("minimum", "exclusiveMinimum") if bound in hard]
    highs = [hard[bound] for bound in ("maximum", "exclusiveMaximum") if bound in hard]
    if any(number < low for number in (minimum, *further) for low in lows) or any(
        number > high for number in (maximum, *further) for high in highs
    ):
        raise SettingError(f"{where}: {name} is wider than the range in logicalTypeOptions; it must be within it.")
    return Range(minimum, maximum, further)


def _listed(where: str, name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise SettingError(f"{where}: {name} is {value!r}, not a list.")
    return value


def _texts(where: str, custom: dict[str, Any], name: str) -> Iterable[str]:
    texts = _listed(where, name, custom.get(name, []))
    for text in texts:
        if not isinstance(text, str) or text != text.strip() or not text or "\0" in text:
            raise SettingError(f"{where}: {name} contains {text!r}, not a trimmed text; put it in quotes.")
    return texts


def _missing_words(where: str, custom: dict[str, Any]) -> tuple[str, ...] | None:
    return tuple(word.upper() for word in _texts(where, custom, "missingWords")) if "missingWords" in custom else None


def _missing_values(where: str, custom: dict[str, Any], logical: str, scale: int) -> tuple[str, ...]:
    values = _listed(where, "missingValues", custom.get("missingValues", []))
    if logical in _NUMBERS:
        return tuple(f"{_number(where, 'missingValues', value, scale):f}" for value in values)
    return tuple(map(str, values))


def _shared_share(where: str, custom: dict[str, Any]) -> At | None:
    """A property such as {warn: 5, block: 25}."""
    if "sharedShare" not in custom:
        return None
    share = custom["sharedShare"]
    try:
        if not isinstance(share, dict) or share.keys() != {"warn", "block"}:
            raise ValueError
        return At(warn_at=Decimal(str(share["warn"])), block_at=Decimal(str(share["block"])))
    except (ValueError, ArithmeticError, ValidationError):
        raise SettingError(
            f"{where}: sharedShare is {share!r}; it must have warn and block, in percent of the rows, warn first."
        ) from None


def _flag(where: str, custom: dict[str, Any], name: str) -> bool:
    value = custom.get(name, False)
    if not isinstance(value, bool):
        raise SettingError(f"{where}: {name} is {value!r}, not true or false.")
    return value


def _states(where: str, custom: dict[str, Any], logical: str, scale: int) -> tuple[State, ...]:
    """A property such as {paid_off: {atMost: 0, words: [paid off, closed]}}."""
    declared = custom.get("states", {})
    if not isinstance(declared, dict) or not all(isinstance(state, dict) for state in declared.values()):
        raise SettingError(f"{where}: states must map each state to its atMost and words.")
    states = []
    for name, state in declared.items():
        if not re.fullmatch("[a-z][a-z0-9_]*", str(name)) or not state or not state.keys() <= {"atMost", "words"}:
            raise SettingError(f"{where}: states: {name!r} must be a name with atMost, words, or both.")
        if "atMost" in state and logical not in _NUMBERS:
            raise SettingError(f"{where}: states: atMost does not fit logicalType '{logical}'.")
        at_most = _number(where, "atMost", state["atMost"], scale) if "atMost" in state else None
        states.append(State(name, at_most, tuple(word.lower() for word in _texts(where, state, "words"))))
    return tuple(states)
