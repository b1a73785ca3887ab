"""Contracts of the source files: contracts/<domain>/*.yaml (Open Data Contract Standard 3) as typed columns.

What a file must look like is said there and only there. This module reads it and refuses what it does
not understand; judging a file by its contract belongs to staging/.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml

from refi_assets.errors import SettingError
from refi_assets.settings import PROJECT_DIR

CONTRACTS_DIR = PROJECT_DIR / "contracts"

# What a column may say of a person, in the order in which a person is described.
PERSON_ATTRIBUTES = (
    *("given_name", "surname", "full_name", "date_of_birth", "email", "phone"),
    *("street", "city", "state", "postcode", "national_id"),
)

LogicalType = Literal["string", "number", "integer", "boolean"]


@dataclass(frozen=True)
class Column:
    """One column of a source: its type, its range and whether the file must have it."""

    name: str
    logical_type: LogicalType
    sql_type: str
    description: str
    present: bool  # the file must have the column
    is_key: bool  # the key where the file has it
    is_key_when_absent: bool  # the key where the file lacks the key column
    not_null: bool  # an empty cell is a missing key
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive_minimum: Decimal | None = None
    exclusive_maximum: Decimal | None = None
    unit: str | None = None
    personal: bool = False
    person_attribute: str | None = None  # one of PERSON_ATTRIBUTES: records are compared by it


@dataclass(frozen=True)
class Contract:
    """One source: its columns in order, the domain it belongs to, who owns it and how often it is due."""

    source: str
    domain: str
    description: str
    owner: str
    due_every_days: int
    columns: tuple[Column, ...]
    sha256: str

    @property
    def present_columns(self) -> tuple[Column, ...]:
        """The columns a file must have."""
        return tuple(column for column in self.columns if column.present)

    def key(self, file_columns: set[str]) -> Column:
        """The key column of a file that has these columns."""
        for column in self.columns:
            if column.is_key and column.name in file_columns:
                return column
        return next(
            column for column in self.columns if column.present and (column.is_key or column.is_key_when_absent)
        )

    @property
    def person_attributes(self) -> dict[str, str]:
        """Column name -> what it says of a person, for the columns by which records are compared."""
        return {column.name: column.person_attribute for column in self.columns if column.person_attribute}

    @property
    def descriptions(self) -> dict[str, str]:
        """Column name -> what it means, in contract order."""
        return {column.name: column.description for column in self.columns}

    @property
    def sql_types(self) -> dict[str, str]:
        """Column name -> SQL type, in contract order."""
        return {column.name: column.sql_type for column in self.columns}


@cache
def load_contracts(folder: Path = CONTRACTS_DIR) -> dict[str, Contract]:
    """Every contract of every domain, by source name. Raises SettingError naming the file and the key."""
    if astray := sorted(path.name for path in folder.glob("*.yaml")):
        raise SettingError(f"{folder}: {', '.join(astray)} belongs in the folder of a domain, contracts/<domain>/.")
    contracts = [_read(path) for path in sorted(folder.glob("*/*.yaml"))]
    if not contracts:
        raise SettingError(f"{folder}: no contract (<domain>/*.yaml); every source needs one.")
    by_source: dict[str, Contract] = {}
    for contract in contracts:
        other = by_source.setdefault(contract.source, contract)
        if other is not contract:
            raise SettingError(
                f"Source {contract.source} has a contract in {other.domain} and in {contract.domain}; a source's name "
                "is unique. Rename one of them."
            )
    return by_source


def contracts_of(domain: str) -> dict[str, Contract]:
    """The contracts of one domain, by source name."""
    return {source: contract for source, contract in load_contracts().items() if contract.domain == domain}


def quarantine_of(domain: str) -> str:
    """Key of the relation that holds every row of the domain's sources that broke its contract."""
    return "staging/quarantine" if domain == "refi" else f"staging/{domain}_quarantine"


def _read(path: Path) -> Contract:
    text = path.read_bytes()
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingError(f"{path.name} is not YAML: {error}") from None
    _refuse_what_the_standard_does_not_know(path, raw)
    if len(raw.get("schema") or []) != 1:
        raise SettingError(f"{path.name}: 'schema' must hold exactly one object, the source file.")
    source = raw["schema"][0]
    if source["name"] != path.stem:
        raise SettingError(
            f"{path.name}: schema name is '{source['name']}'; it must be the file's name, '{path.stem}'."
        )
    if raw.get("domain") != path.parent.name:
        raise SettingError(
            f"{path.name}: domain is {raw.get('domain')!r}; it must be the folder's name, '{path.parent.name}'."
        )
    columns = tuple(_column(path, item) for item in source.get("properties") or [])
    if len({column.name for column in columns}) != len(columns):
        raise SettingError(f"{path.name}: a column is named twice.")
    attributes = [column.person_attribute for column in columns if column.person_attribute]
    if twice := sorted({one for one in attributes if attributes.count(one) > 1}):
        raise SettingError(f"{path.name}: two columns are said to be a person's {', '.join(twice)}.")
    if sum(column.is_key for column in columns) != 1:
        raise SettingError(f"{path.name}: exactly one column must be the primaryKey.")
    if not any(column.present and (column.is_key or column.is_key_when_absent) for column in columns):
        raise SettingError(f"{path.name}: no column that must be present can serve as the key.")
    return Contract(
        source=source["name"],
        domain=raw["domain"],
        description=(raw.get("description") or {}).get("purpose", ""),
        owner=_owner(path, raw),
        due_every_days=_due_every_days(path, raw),
        columns=columns,
        sha256=hashlib.sha256(text).hexdigest(),
    )


def _refuse_what_the_standard_does_not_know(path: Path, raw: Any) -> None:
    # The model class of the package drops unknown keys without a word; the standard's own JSON schema,
    # which the package ships, names them.
    import jsonschema

    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    errors = sorted(validator.iter_errors(raw), key=lambda error: len(error.absolute_path))
    if errors:  # the deepest one says what is wrong; those above it blame its neighbours, too
        error = jsonschema.exceptions.best_match(errors[-1:])
        raise SettingError(f"{path.name}: {error.json_path}: {error.message}")


_COLUMN_PROPERTIES = {"columnPresence", "keyWhenAbsent", "personAttribute", "unit"}
_SQL_TYPES: dict[str, str] = {
    "string": r"VARCHAR",
    "number": r"DECIMAL\(([1-9]|1\d|2\d|3[0-8]),\d+\)",
    "integer": r"INTEGER|BIGINT",
    "boolean": r"BOOLEAN",
}


def _column(path: Path, item: dict[str, Any]) -> Column:
    where = f"{path.name}: column '{item.get('name')}'"
    logical, sql_type = item.get("logicalType"), item.get("physicalType", "")
    if logical not in _SQL_TYPES:
        raise SettingError(f"{where}: logicalType is '{logical}'; known are {', '.join(_SQL_TYPES)}.")
    if not re.fullmatch(_SQL_TYPES[logical], sql_type):
        raise SettingError(f"{where}: physicalType '{sql_type}' does not fit logicalType '{logical}'.")
    custom = {entry["property"]: entry["value"] for entry in item.get("customProperties") or []}
    if unknown := custom.keys() - _COLUMN_PROPERTIES:
        raise SettingError(f"{where}: unknown custom property {', '.join(sorted(unknown))}.")
    if custom.get("columnPresence", "required") != "required":
        raise SettingError(f"{where}: columnPresence can only be 'required'; leave it out otherwise.")
    attribute = custom.get("personAttribute")
    if attribute is not None and attribute not in PERSON_ATTRIBUTES:
        raise SettingError(f"{where}: personAttribute is '{attribute}'; known are {', '.join(PERSON_ATTRIBUTES)}.")
    scale = int(sql_type.rstrip(")").split(",")[1]) if "," in sql_type else 0
    bounds = {name: _bound(where, name, value, scale) for name, value in (item.get("logicalTypeOptions") or {}).items()}
    return Column(
        name=item["name"],
        logical_type=logical,
        sql_type=sql_type,
        description=item.get("description", ""),
        present=custom.get("columnPresence") == "required",
        is_key=bool(item.get("primaryKey")),
        is_key_when_absent="keyWhenAbsent" in custom,
        not_null=bool(item.get("required")),
        minimum=bounds.get("minimum"),
        maximum=bounds.get("maximum"),
        exclusive_minimum=bounds.get("exclusiveMinimum"),
        exclusive_maximum=bounds.get("exclusiveMaximum"),
        unit=custom.get("unit"),
        personal=item.get("classification") == "personal",
        person_attribute=attribute,
    )


_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _bound(where: str, name: str, value: Any, scale: int) -> Decimal:
    if name not in _BOUNDS:
        raise SettingError(f"{where}: logicalTypeOptions.{name} is not judged here; known are {', '.join(_BOUNDS)}.")
    try:
        bound = Decimal(str(value))
        if abs(bound) < 10**12 and bound == round(bound, min(scale, 6)):
            return bound
    except ArithmeticError:
        pass
    raise SettingError(
        f"{where}: {name} is {value!r}, not a number of at most twelve whole digits, six decimals, and no more "
        "decimals than the column."
    )


def _owner(path: Path, raw: dict[str, Any]) -> str:
    team = raw.get("team") or {}
    if not isinstance(team, dict):
        raise SettingError(f"{path.name}: team must be one team with a name (the standard's form since 3.1).")
    return str(team.get("name", "data-platform"))


def _due_every_days(path: Path, raw: dict[str, Any]) -> int:
    for entry in raw.get("slaProperties") or []:
        if entry["property"] == "frequency" and entry.get("unit") == "d":
            if type(entry["value"]) is not int or entry["value"] < 1:
                raise SettingError(f"{path.name}: frequency is {entry['value']!r}, not a whole number of days.")
            return entry["value"]
    raise SettingError(f"{path.name}: slaProperties must say how often the source is due (frequency, unit d).")
