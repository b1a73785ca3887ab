"""One column of a contract: its type, and the rules and meaning of its cells, as its properties declare them.

Custom properties have the names used in contracts/; docs/contracts.md lists them. Judging cells belongs to staging/.
"""

import re
from dataclasses import dataclass
from datetime import date
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
SHARED_BY_MANY = ("city", "state")  # the attributes that are not personal data on their own

LogicalType = Literal["string", "number", "integer", "boolean", "date", "timestamp"]


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
    personal: bool = False  # masked for analysts
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
    name_in_file: str | None = None  # if it differs from the name
    number: int | None = None  # from 1, of a column in files without a header
    date_format: str | None = None  # of texts that are not ISO dates, for strptime
    two_digit_years_from: int | None = None  # the first of the hundred years that two digits may mean

    @property
    def file_name(self) -> str:
        """The column's name in files."""
        return self.name_in_file or self.name

    @property
    def date_example(self) -> str:
        """2026-02-20 as the files write it."""
        return date(2026, 2, 20).strftime(self.date_format or "%Y-%m-%d")

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
    *("pii", "columnNumber", "twoDigitYearsFrom"),
}
_SQL_TYPES: dict[str, str] = {
    "string": r"VARCHAR",
    "number": r"DECIMAL\(([1-9]|1\d|2\d|3[0-8]),\d+\)",
    "integer": r"INTEGER|BIGINT",
    "boolean": r"BOOLEAN",
    "date": r"DATE",
    "timestamp": r"TIMESTAMP",
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
    "twoDigitYearsFrom": ("date",),
}
# Letters of java.time.format.DateTimeFormatter, by which the standard writes the format of a date -> those of strptime.
_DATE_LETTERS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def column_of(file: str, item: dict[str, Any]) -> Column:
    """A column as declared in a contract's file. Raises SettingError naming the file, the column and the property."""
    return _Declaration(f"{file}: column '{item.get('name')}'", item).column()


class _Declaration:
    """A column's item in a contract."""

    def __init__(self, where: str, item: dict[str, Any]) -> None:
        self._where, self._item = where, item
        self._logical: Any = item.get("logicalType")
        self._sql_type: str = item.get("physicalType", "")
        self._custom = {entry["property"]: entry["value"] for entry in item.get("customProperties") or []}

    def column(self) -> Column:
        """The column. Raises SettingError."""
        self._require_known_properties()
        item, custom = self._item, self._custom
        options = dict(item.get("logicalTypeOptions") or {})
        date_format = self._date_format(options.pop("format", None))
        bounds = {name: self._bound(name, value) for name, value in options.items()}
        values = tuple(word.lower() for word in self._texts(custom, "values"))
        once = custom.get("oncePerKey")
        if once is not None and once not in values:
            raise self._error(f"oncePerKey is {once!r}; it must be one of the column's values.")
        attribute = custom.get("personAttribute")
        identifies = attribute is not None and attribute not in SHARED_BY_MANY
        is_personal = self._flag("pii") or identifies or item.get("classification") == "personal"
        if "sharedShare" in custom and is_personal:
            raise self._error("sharedShare would show the shared value, but the column is personal.")
        missing_words = tuple(word.upper() for word in self._texts(custom, "missingWords"))
        return Column(
            name=item["name"],
            logical_type=self._logical,
            sql_type=self._sql_type,
            description=item.get("description", ""),
            present=custom.get("columnPresence") == "required",
            is_key=bool(item.get("primaryKey")),
            not_null=bool(item.get("required")),
            minimum=bounds.get("minimum"),
            maximum=bounds.get("maximum"),
            exclusive_minimum=bounds.get("exclusiveMinimum"),
            exclusive_maximum=bounds.get("exclusiveMaximum"),
            unit=custom.get("unit"),
            personal=is_personal,
            person_attribute=attribute,
            plausible=self._range("plausible", bounds),
            plausible_median=self._range("plausible_median", {}),
            missing_words=missing_words if "missingWords" in custom else None,
            missing_values=self._missing_values(),
            shared_share=self._shared_share(),
            consent=self._flag("consent"),
            is_party=self._flag("party"),
            values=values,
            once=once,
            states=self._states(),
            when_absent=custom.get("whenAbsent"),
            name_in_file=item.get("physicalName"),
            number=self._whole_number("columnNumber", 1, 10_000),
            date_format=date_format,
            two_digit_years_from=self._two_digit_years_from(date_format),
        )

    def _require_known_properties(self) -> None:
        custom, logical = self._custom, self._logical
        if logical not in _SQL_TYPES:
            raise self._error(f"logicalType is '{logical}'; expected {', '.join(_SQL_TYPES)}.")
        if not re.fullmatch(_SQL_TYPES[logical], self._sql_type):
            raise self._error(f"physicalType '{self._sql_type}' does not fit logicalType '{logical}'.")
        if unknown := custom.keys() - _PROPERTIES:
            raise self._error(f"unknown custom property {', '.join(sorted(unknown))}.")
        for name, types in _FITS.items():
            if name in custom and logical not in types:
                raise self._error(f"{name} does not fit logicalType '{logical}'.")
        if custom.get("columnPresence", "required") != "required":
            raise self._error("columnPresence can only be 'required'; leave it out otherwise.")
        attribute = custom.get("personAttribute")
        if attribute is not None and attribute not in PERSON_ATTRIBUTES:
            raise self._error(f"personAttribute is '{attribute}'; expected {', '.join(PERSON_ATTRIBUTES)}.")
        when_absent = custom.get("whenAbsent")
        if "whenAbsent" in custom and (not isinstance(when_absent, str) or not when_absent.strip()):
            raise self._error(f"whenAbsent is {when_absent!r}, not a text.")

    @property
    def _scale(self) -> int:
        return int(self._sql_type.rstrip(")").split(",")[1]) if "," in self._sql_type else 0

    def _error(self, problem: str) -> SettingError:
        return SettingError(f"{self._where}: {problem}")

    def _bound(self, name: str, value: Any) -> Decimal:
        if name not in _BOUNDS:
            raise self._error(f"logicalTypeOptions.{name} is not supported; expected {', '.join(_BOUNDS)}.")
        return self._number(name, value)

    def _number(self, name: str, value: Any) -> Decimal:
        try:
            number = Decimal(str(value))
            if not isinstance(value, bool) and abs(number) < 10**12 and number == round(number, min(self._scale, 6)):
                return number
        except ArithmeticError:
            pass
        raise self._error(
            f"{name} is {value!r}, not a number of at most twelve whole digits, six decimals, and no more decimals "
            "than the column."
        )

    def _range(self, name: str, hard: dict[str, Decimal]) -> Range | None:
        """A property such as {minimum: 0.5, maximum: 200, also: [0]}, within the hard range."""
        if name not in self._custom:
            return None
        value = self._custom[name]
        if not isinstance(value, dict) or not {"minimum", "maximum"} <= value.keys() <= {"minimum", "maximum", "also"}:
            raise self._error(f"{name} must have minimum and maximum, and may have also: [numbers].")
        minimum, maximum = (self._number(f"{name}.{bound}", value[bound]) for bound in ("minimum", "maximum"))
        also = tuple(
            self._number(f"{name}.also", number) for number in self._list(f"{name}.also", value.get("also", []))
        )
        if minimum > maximum:
            raise self._error(f"{name}: minimum {minimum} is above maximum {maximum}.")
        lows = [hard[bound] for bound in ("minimum", "exclusiveMinimum") if bound in hard]
        highs = [hard[bound] for bound in ("maximum", "exclusiveMaximum") if bound in hard]
        if any(number < low for number in (minimum, *also) for low in lows) or any(
            number > high for number in (maximum, *also) for high in highs
        ):
            raise self._error(f"{name} is wider than the range in logicalTypeOptions; it must be within it.")
        return Range(minimum, maximum, also)

    def _list(self, name: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self._error(f"{name} is {value!r}, not a list.")
        return value

    def _texts(self, properties: dict[str, Any], name: str) -> list[str]:
        texts = self._list(name, properties.get(name, []))
        for text in texts:
            if not isinstance(text, str) or text != text.strip() or not text or "\0" in text:
                raise self._error(f"{name} contains {text!r}, not a trimmed text; put it in quotes.")
        return texts

    def _missing_values(self) -> tuple[str, ...]:
        values = self._list("missingValues", self._custom.get("missingValues", []))
        if self._logical in _NUMBERS:
            return tuple(f"{self._number('missingValues', value):f}" for value in values)
        return tuple(map(str, values))

    def _shared_share(self) -> At | None:
        """A property such as {warn: 5, block: 25}."""
        if "sharedShare" not in self._custom:
            return None
        share = self._custom["sharedShare"]
        try:
            if not isinstance(share, dict) or share.keys() != {"warn", "block"}:
                raise ValueError
            return At(warn_at=Decimal(str(share["warn"])), block_at=Decimal(str(share["block"])))
        except (ValueError, ArithmeticError, ValidationError):
            raise self._error(
                f"sharedShare is {share!r}; it must have warn and block, in percent of the rows, warn first."
            ) from None

    def _flag(self, name: str) -> bool:
        value = self._custom.get(name, False)
        if not isinstance(value, bool):
            raise self._error(f"{name} is {value!r}, not true or false.")
        return value

    def _whole_number(self, name: str, least: int, most: int) -> int | None:
        number = self._custom.get(name)
        if number is None or (type(number) is int and least <= number <= most):
            return number
        raise self._error(f"{name} is {number!r}, not a whole number from {least} to {most}.")

    def _date_format(self, declared: Any) -> str | None:
        """A format such as yyMMdd or dd.MM.yyyy HH:mm:ss, as strptime writes it."""
        if declared is None:
            return None
        parts = re.findall(r"[A-Za-z]+|[^A-Za-z]+", declared) if isinstance(declared, str) else []
        parts = [part for text in parts for part in re.findall(r"y+|M+|d+|H+|m+|s+|.[^yMdHms]*", text)]
        unknown = [part for part in parts if part[0].isalpha() and part not in _DATE_LETTERS]
        fields = sorted(part for part in parts if part in _DATE_LETTERS)
        has_day = {"MM", "dd"} <= set(fields) and len({"yyyy", "yy"}.intersection(fields)) == 1
        if self._logical != "date" or unknown or "%" in str(declared) or not has_day or len({*fields}) < len(fields):
            raise self._error(
                f"format is {declared!r}; it must be a date's, of a year, month and day, each once: "
                f"{', '.join(_DATE_LETTERS)} and punctuation."
            )
        return "".join(_DATE_LETTERS.get(part, part) for part in parts)

    def _two_digit_years_from(self, date_format: str | None) -> int | None:
        year = self._whole_number("twoDigitYearsFrom", 1800, 2100)
        if (year is not None) != ("%y" in (date_format or "")):
            raise self._error("twoDigitYearsFrom is needed by a format with yy, and by no other.")
        return year

    def _states(self) -> tuple[State, ...]:
        """A property such as {paid_off: {atMost: 0, words: [paid off, closed]}}."""
        declared = self._custom.get("states", {})
        if not isinstance(declared, dict) or not all(isinstance(state, dict) for state in declared.values()):
            raise self._error("states must map each state to its atMost and words.")
        states = []
        for name, state in declared.items():
            if not re.fullmatch("[a-z][a-z0-9_]*", str(name)) or not state or not state.keys() <= {"atMost", "words"}:
                raise self._error(f"states: {name!r} must be a name with atMost, words, or both.")
            if "atMost" in state and self._logical not in _NUMBERS:
                raise self._error(f"states: atMost does not fit logicalType '{self._logical}'.")
            at_most = self._number("atMost", state["atMost"]) if "atMost" in state else None
            states.append(State(name, at_most, tuple(word.lower() for word in self._texts(state, "words"))))
        return tuple(states)
