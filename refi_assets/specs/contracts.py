"""Contracts of the source files: contracts/<domain>/*.yaml (Open Data Contract Standard 3) as typed columns.

Contracts are the only definition of valid files. This module reads them and refuses anything that it does not
understand; judging a file by its contract belongs to staging/.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from refi_assets.errors import SettingError
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.columns import Column, column_of
from refi_assets.specs.file_formats import CSV, FileFormat, file_format_of
from refi_assets.specs.groups import domain_of_group
from refi_assets.specs.kept_verdicts import is_kept, keep, verdict_of
from refi_assets.specs.yaml_loader import load_yaml

CONTRACTS_DIR = PROJECT_DIR / "contracts"


@dataclass(frozen=True)
class Contract:
    """One source: its columns in order, its domain, its owner and its cadence."""

    source: str
    domain: str
    description: str
    owner: str
    due_every_days: int
    columns: tuple[Column, ...]
    sha256: str
    may_have_no_rows: bool = False  # a header alone is a valid file
    is_own_record: bool = False  # the platform writes it; nobody delivers it
    file_format: FileFormat = CSV

    @property
    def present_columns(self) -> tuple[Column, ...]:
        """The columns a file must have."""
        return tuple(column for column in self.columns if column.present)

    def key(self, file_columns: Collection[str]) -> tuple[Column, ...]:
        """The key of a file that has these columns: the columns that identify its rows.

        In a key column that may be empty, an empty cell is a value like any other.
        """
        return tuple(column for column in self.columns if column.is_key and column.name in file_columns)

    def lacks_first_key(self, file_columns: Collection[str]) -> bool:
        """Whether a file with these columns lacks the first key column, as loans that only have a borrower."""
        return next(column.name for column in self.columns if column.is_key) not in file_columns

    @property
    def parties(self) -> tuple[Column, ...]:
        """The columns that identify who shares the thing that the rest of the key identifies."""
        return tuple(column for column in self.columns if column.is_party)

    @property
    def person_attributes(self) -> dict[str, str]:
        """Column name -> attribute of a person, for the columns by which records are compared."""
        return {column.name: column.person_attribute for column in self.columns if column.person_attribute}

    @property
    def descriptions(self) -> dict[str, str]:
        """Column name -> its meaning, in contract order, then the states."""
        states = {
            column.state_column: f"State by {column.name}: {' or '.join(state.name for state in column.states)}."
            for column in self.columns_with_states
        }
        return {column.name: column.description for column in self.columns} | states

    @property
    def columns_with_states(self) -> tuple[Column, ...]:
        """The columns with states, each of which is staged in a further column."""
        return tuple(column for column in self.columns if column.states)

    @property
    def file_types(self) -> dict[str, str]:
        """Column name -> SQL type of a file's columns, in contract order."""
        return {column.name: column.sql_type for column in self.columns}

    @property
    def file_names(self) -> dict[str, str]:
        """Column name -> its name in files, in contract order."""
        return {column.name: column.file_name for column in self.columns}

    @property
    def numbered_columns(self) -> tuple[str, ...]:
        """The names of all columns of a file without a header, by number; a column that is not ours has none."""
        by_number = {column.number: column.name for column in self.columns if column.number}
        return tuple(by_number.get(number, "") for number in range(1, max(by_number, default=0) + 1))

    @property
    def sql_types(self) -> dict[str, str]:
        """Column name -> SQL type of the staged rows: a file's columns, then the states."""
        return self.file_types | {column.state_column: "VARCHAR" for column in self.columns_with_states}


@cache
def load_contracts(folder: Path = CONTRACTS_DIR) -> dict[str, Contract]:
    """Every contract of every domain, by source name. Raises SettingError naming the file and the key."""
    if misplaced := sorted(path.name for path in folder.glob("*.yaml")):
        raise SettingError(f"{folder}: {', '.join(misplaced)} belongs in the folder of a domain, contracts/<domain>/.")
    contracts = [_read(path) for path in sorted(folder.glob("*/*.yaml"))]
    if not contracts:
        raise SettingError(f"{folder}: no contract (<domain>/*.yaml); every source needs one.")
    by_source: dict[str, Contract] = {}
    for contract in contracts:
        first = by_source.setdefault(contract.source, contract)
        if first is not contract:
            raise SettingError(
                f"Source {contract.source} has contracts in {first.domain} and in {contract.domain}; names of sources "
                "must be unique. Rename one of them."
            )
    _require_distinct_files(contracts)
    return by_source


def contracts_of(domain: str) -> dict[str, Contract]:
    """The contracts of one domain, or of a program's domain, by source name."""
    own = domain_of_group(domain)
    return {source: contract for source, contract in load_contracts().items() if contract.domain == own}


def quarantine_of(domain: str) -> str:
    """Key of the relation with all rows of the domain's sources that violate a contract."""
    return "staging/quarantine" if domain == "refi" else f"staging/{domain_of_group(domain)}_quarantine"


def _require_distinct_files(contracts: list[Contract]) -> None:
    """Raise SettingError if a file's name would be that of two sources."""
    source_of_stem = {contract.source.casefold(): contract.source for contract in contracts}
    source_of_name: dict[str, str] = {}
    for contract in contracts:
        for name in contract.file_format.names:
            by_stem = source_of_stem.get(name.rpartition(".")[0], contract.source)
            for source in (by_stem, source_of_name.setdefault(name, contract.source)):
                if source != contract.source:
                    raise SettingError(f"{name} is a file of {source} and of {contract.source}; rename one of them.")


def _read(path: Path) -> Contract:
    text = path.read_bytes()
    try:
        raw = load_yaml(text)
    except yaml.YAMLError as error:
        raise SettingError(f"{path.name} is not YAML: {error}") from None
    standard = files("open_data_contract_standard").joinpath("schema.json").read_bytes()
    validator = (Path(__file__).read_bytes(), version("jsonschema"), version("PyYAML"))
    verdict = verdict_of(text, standard, *validator)
    if not is_kept(verdict):
        _require_valid(path, raw, json.loads(standard))
        keep(verdict)
    if len(raw.get("schema") or []) != 1:
        raise SettingError(f"{path.name}: 'schema' must have exactly one object, the source file.")
    source = raw["schema"][0]
    if source["name"] != path.stem:
        raise SettingError(
            f"{path.name}: schema name is '{source['name']}'; it must be the file's name, '{path.stem}'."
        )
    if raw.get("domain") != path.parent.name:
        raise SettingError(
            f"{path.name}: domain is {raw.get('domain')!r}; it must be the folder's name, '{path.parent.name}'."
        )
    properties = _properties(path, source)
    file_format = file_format_of(path.name, properties.get("fileFormat", {}))
    columns = tuple(column_of(path.name, item) for item in source.get("properties") or [])
    _require_consistent(path, columns)
    _require_column_numbers(path, columns, file_format)
    return Contract(
        source=source["name"],
        domain=raw["domain"],
        description=(raw.get("description") or {}).get("purpose", ""),
        owner=_owner(path, raw),
        due_every_days=_due_every_days(path, raw),
        columns=columns,
        sha256=hashlib.sha256(text).hexdigest(),
        may_have_no_rows="mayHaveNoRows" in properties,
        is_own_record="ownRecord" in properties,
        file_format=file_format,
    )


def _require_consistent(path: Path, columns: tuple[Column, ...]) -> None:
    names = [column.name for column in columns]
    attributes = [column.person_attribute for column in columns if column.person_attribute]
    if duplicates := _duplicates(names):
        raise SettingError(f"{path.name}: duplicate columns: {duplicates}.")
    if duplicates := _duplicates([column.file_name for column in columns]):
        raise SettingError(f"{path.name}: more than one column is called {duplicates} in files.")
    if duplicates := _duplicates(attributes):
        raise SettingError(f"{path.name}: more than one column has the personAttribute {duplicates}.")
    if not any(column.present and column.is_key and column.not_null for column in columns):
        raise SettingError(f"{path.name}: a column that must be present and filled must be a primaryKey.")
    if any(column.is_party for column in columns) and all(column.is_party for column in columns if column.is_key):
        raise SettingError(f"{path.name}: a key column that is not a party must identify what the parties share.")
    if taken := {column.state_column for column in columns if column.states}.intersection(names):
        raise SettingError(f"{path.name}: {', '.join(sorted(taken))} is the name of a state; rename the column.")


def _require_column_numbers(path: Path, columns: tuple[Column, ...], file_format: FileFormat) -> None:
    numbers = [column.number for column in columns]
    if file_format.header and any(numbers):
        raise SettingError(f"{path.name}: columnNumber is for files without a header; set fileFormat.header to false.")
    if not file_format.header and (None in numbers or len(set(numbers)) < len(numbers)):
        raise SettingError(f"{path.name}: without a header, each column must have a columnNumber of its own.")
    if not file_format.header and not all(column.present for column in columns):
        raise SettingError(f"{path.name}: without a header, each column must have columnPresence: required.")


def _duplicates(names: list[str]) -> str:
    return ", ".join(sorted({name for name in names if names.count(name) > 1}))


def _require_valid(path: Path, raw: Any, schema: Any) -> None:
    """Raise SettingError if a contract violates the standard's JSON schema.

    The package's model class would drop unknown keys silently.
    """
    import jsonschema

    validator = jsonschema.validators.validator_for(schema)(schema)
    errors = sorted(validator.iter_errors(raw), key=lambda error: len(error.absolute_path))
    if errors:  # the deepest error is the cause; those above it also blame its neighbors
        error = jsonschema.exceptions.best_match(errors[-1:])
        raise SettingError(f"{path.name}: {error.json_path}: {error.message}")


def _owner(path: Path, raw: dict[str, Any]) -> str:
    team = raw.get("team") or {}
    if not isinstance(team, dict):
        raise SettingError(f"{path.name}: team must be one team with a name (the standard's form since 3.1).")
    return str(team.get("name", "data-platform"))


def _properties(path: Path, source: dict[str, Any]) -> dict[str, Any]:
    """The custom properties of a source: flags, each of which is true, and the format of its files."""
    custom = {entry["property"]: entry["value"] for entry in source.get("customProperties") or []}
    if unknown := custom.keys() - {"mayHaveNoRows", "ownRecord", "fileFormat"}:
        raise SettingError(f"{path.name}: unknown custom property {', '.join(sorted(unknown))}.")
    for name, value in custom.items():
        if value is not True and name != "fileFormat":
            raise SettingError(f"{path.name}: {name} is either true or left out.")
    return custom


def _due_every_days(path: Path, raw: dict[str, Any]) -> int:
    for entry in raw.get("slaProperties") or []:
        if entry["property"] == "frequency" and entry.get("unit") == "d":
            if type(entry["value"]) is not int or entry["value"] < 1:
                raise SettingError(f"{path.name}: frequency is {entry['value']!r}, not a whole number of days.")
            return entry["value"]
    raise SettingError(f"{path.name}: slaProperties must have the source's frequency, in days (unit d).")
