"""Policies: the lender's thresholds from policies/<domain>/<domain>.yaml, typed and bounded.

A policy that is absurd (an LTV limit of 800) or contradicts itself (tiers out of order) is refused, with
the number and the bound. The rules that use the numbers are in sql/; this module only validates them.

A policy file is read into a subclass of Policy, which consists of Sections. A field of one of the kinds below (Pct,
Usd, Months, ...; Many[Pct] for a list) is a parameter of SQL, with the field's name and the kind's SQL type; a field of
another type is not bound.
"""

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar, get_args

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)

from refi_assets.errors import SettingError
from refi_assets.settings import PROJECT_DIR, settings_of
from refi_assets.specs.programs import program_files
from refi_assets.specs.settings import SpecSettings
from refi_assets.specs.sql_models import AS_OF, Parameter
from refi_assets.specs.yaml_loader import SafeLoader


@dataclass(frozen=True)
class SqlType:
    """Marks a field's type as a parameter of SQL."""

    name: str


def _within(least: Decimal | int, most: Decimal | int) -> AfterValidator:
    """The bounds of a type. Not Field(ge=, le=): a field's own bounds and these would replace one another."""

    def check(value: Any) -> Any:
        if value < least:
            raise ValueError(f"Input should be greater than or equal to {least}")
        if value > most:
            raise ValueError(f"Input should be less than or equal to {most}")
        return value

    return AfterValidator(check)


def _refuse_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("Input should be a number, not true or false")
    return value


def _refuse_nul(text: str) -> str:
    if "\0" in text:  # it would end a statement
        raise ValueError("Text must not contain the character NUL")
    return text


def _iso_date(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


_Whole = Annotated[int, BeforeValidator(_refuse_boolean), _within(0, 2**63 - 1), SqlType("BIGINT")]
_MOST_PCT, _MOST_USD = Decimal("999999.999999"), Decimal("9999999999999999.99")
_T = TypeVar("_T")

Pct = Annotated[  # percent, or percentage points
    Decimal, Field(decimal_places=6), _within(-_MOST_PCT, _MOST_PCT), SqlType("DECIMAL(12,6)")
]
Usd = Annotated[Decimal, Field(decimal_places=2), _within(-_MOST_USD, _MOST_USD), SqlType("DECIMAL(18,2)")]
Months = _Whole
Days = _Whole
Count = _Whole
Text = Annotated[str, AfterValidator(_refuse_nul), SqlType("VARCHAR")]
Day = Annotated[date, BeforeValidator(_iso_date), SqlType("DATE")]
Many = Annotated[tuple[_T, ...], Field(min_length=1)]  # as in `x IN (:names)`, which cannot be empty

Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=6)]

# Suffix of a field's name -> its kind, in a policy without a class of its own.
KIND_BY_SUFFIX: dict[str, Any] = {"pct": Pct, "usd": Usd, "months": Months, "days": Days, "count": Count, "day": Day}

POLICIES_DIR = PROJECT_DIR / "policies"

_NUMBER = re.compile(r"[+-]?[0-9][0-9_]*(\.[0-9]*)?")


class Section(BaseModel):
    """A part of a policy."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Policy(Section):
    """One policy file. Subclasses declare its fields; `checks` is a CheckLimits in each."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a class in which two parameters have one name."""
        super().__pydantic_init_subclass__(**kwargs)
        names = [name for name, _, _ in _typed_fields(cls)]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise TypeError(f"{cls.__name__}: more than one parameter is named {', '.join(repeated)}.")

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The values that SQL binds, by name."""
        return self._parameters(None)

    def parameters_of(self, names: Collection[str]) -> dict[str, Parameter]:
        """The parameters that are in these sections or have these names."""
        return self._parameters(names)

    def _parameters(self, names: Collection[str] | None) -> dict[str, Parameter]:
        parameters = {}
        for name, path, sql_type in _typed_fields(type(self)):
            if names is not None and not {name, *path[:1]}.intersection(names):
                continue
            section: Any = self
            for step in path:
                section = getattr(section, step)
            parameters[name] = Parameter(getattr(section, name), sql_type)
        return parameters

    @property
    def parameter_keys(self) -> dict[str, str]:
        """Name of a parameter -> its key in the file, such as eligibility.max_ltv_pct."""
        return {name: ".".join((*path, name)) for name, path, _ in _typed_fields(type(self))}

    @property
    def sha256(self) -> str:
        """Hash of the policy's values; layout and comments do not matter."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def _typed_fields(section: type[Section], path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The name, the sections and the SQL type of each field that is a parameter."""
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _typed_fields(field.annotation, (*path, name))
        for metadata in (*field.metadata, *_item_metadata(field.annotation)):
            if isinstance(metadata, SqlType):
                yield name, path, metadata.name


def _item_metadata(annotation: object) -> tuple[object, ...]:
    """The metadata of the items of a tuple[Annotated[...], ...]."""
    items = get_args(annotation)
    return getattr(items[0], "__metadata__", ()) if items else ()


_P = TypeVar("_P", bound=Policy)


class Above(Section):
    """Limits on a share: above the first the check warns, above the second the run stops."""

    warn_above: Percent
    block_above: Percent

    @model_validator(mode="after")
    def _warn_first(self) -> Self:
        if self.warn_above > self.block_above:
            raise ValueError(f"warn_above {self.warn_above} must not exceed block_above {self.block_above}")
        return self


class At(Section):
    """Limits on a share: at the first the check warns, at the second, if there is one, the run stops."""

    warn_at: Percent
    block_at: Percent | None = None

    @model_validator(mode="after")
    def _warn_first(self) -> Self:
        if self.block_at is not None and self.warn_at > self.block_at:
            raise ValueError(f"warn_at {self.warn_at} must not exceed block_at {self.block_at}")
        return self


class Below(Section):
    """Limits on a share: below the first the check warns, below the second the run stops."""

    warn_below: Percent
    block_below: Percent

    @model_validator(mode="after")
    def _warn_first(self) -> Self:
        if self.warn_below < self.block_below:
            raise ValueError(f"warn_below {self.warn_below} must not be under block_below {self.block_below}")
        return self


FallPct = Annotated[Decimal, Field(ge=-100, lt=0, decimal_places=6)]


class Fall(Section):
    """Limits on a change in percent: at the first the check warns, at the second the run stops."""

    warn_at: FallPct
    block_at: FallPct

    @model_validator(mode="after")
    def _warn_first(self) -> Self:
        if self.warn_at < self.block_at:
            raise ValueError(f"warn_at {self.warn_at} must not be under block_at {self.block_at}")
        return self


class ProfileLimits(Section):
    """Limits on changes of a numeric column's profile from one published snapshot to the next.

    Snapshots of fewer than `least_rows` are not compared. A median may change by less than `median_factor`, a share of
    the rows by less than `share_points` percentage points.
    """

    least_rows: int = Field(default=200, ge=1)
    median_factor: Decimal = Field(default=Decimal(3), gt=1)
    share_points: Decimal = Field(default=Decimal(30), gt=0, le=100)


class CheckLimits(Section):
    """Limits of the checks that the sources of every domain have, in percent."""

    quarantine_ratio_pct: Above = Above(warn_above=Decimal(1), block_above=Decimal(10))
    source_rows_change_pct: Fall = Fall(warn_at=Decimal(-10), block_at=Decimal(-20))
    profile_change: ProfileLimits = ProfileLimits()


class Bounds(Section):
    """The plausible range of a share in percent; outside it, the check warns."""

    warn_below: Percent
    warn_above: Percent


class Change(Section):
    """Limit on a change in percentage points; beyond it, the check warns."""

    warn_beyond: Percent


def policy_file(domain: str) -> Path:
    """The policy file that the deployment has in force for a domain."""
    return settings_of(SpecSettings).policy_file if domain == "refi" else POLICIES_DIR / domain / f"{domain}.yaml"


def policy_of(domain: str, path: Path | None = None) -> Policy:
    """The policy in force of a domain or a program, or the one in `path`. Without a file, limits have defaults.

    Its class is POLICY in refi_assets/<domain>/policy.py; without one, each field is typed by its name. Raises
    SettingError with the file, the key and the bound.
    """
    if (program := program_files().get(domain)) is not None:
        of_programs = import_module(f"refi_assets.{program.domain}.policy")
        policy: Policy = of_programs.load_program_policy(program, path or program.path)
        return policy
    file = path or policy_file(domain)
    if path is None and not file.is_file() and domain != "refi":
        return DefaultPolicy()
    module = f"refi_assets.{domain}.policy"
    try:
        policy_class: type[Policy] = import_module(module).POLICY
    except ModuleNotFoundError as error:
        if error.name not in (module, f"refi_assets.{domain}"):
            raise
        policy_class = _class_by_names(file, _read_yaml(file))
    return load_policy(file, policy_class)


def parameters_in_force() -> dict[str, Parameter]:
    """The parameters of all policies, of domains and of programs, by name. Raises SettingError."""
    domains = {"refi", *(path.name for path in POLICIES_DIR.iterdir() if path.is_dir()), *program_files()}
    return {name: value for domain in sorted(domains) for name, value in policy_of(domain).parameters.items()}


class DefaultPolicy(Policy):
    """A policy with the limits of checks only."""

    checks: CheckLimits = CheckLimits()


def _class_by_names(file: Path, raw: Any) -> type[Policy]:
    """A policy class with the fields of a file, each of the kind that its name ends in."""
    if not isinstance(raw, dict):
        raise SettingError(f"{file.name}: a policy is a mapping of names to values.")
    fields = {name: _field(file, (name,), value) for name, value in raw.items() if name != "checks"}
    try:
        return create_model("PolicyByNames", __base__=DefaultPolicy, **fields)
    except TypeError as error:  # of Policy, about names
        raise SettingError(f"{file.name}: {str(error).partition(': ')[2]}") from None


def _field(file: Path, path: tuple[str, ...], value: Any) -> Any:
    """Type and default of a field, for create_model."""
    name = ".".join(map(str, path))
    if not re.fullmatch("[a-z][a-z0-9_]*", str(path[-1])):
        raise SettingError(
            f"{file.name}: {name}: a name consists of letters a-z, digits and _, and begins with a letter."
        )
    if path[-1] == AS_OF or hasattr(DefaultPolicy, path[-1]):
        raise SettingError(f"{file.name}: {name}: this name is reserved; choose another.")
    if isinstance(value, dict):
        fields = {name: _field(file, (*path, name), inner) for name, inner in value.items()}
        return create_model("_".join(path), __base__=Section, **fields), ...
    items = value if isinstance(value, list) else [value]
    kind: Any = KIND_BY_SUFFIX.get(path[-1].rpartition("_")[2])
    if kind is None and all(isinstance(item, str) and not _NUMBER.fullmatch(item) for item in items):
        kind = Text
    if kind is None:
        if not all(isinstance(item, str) and _NUMBER.fullmatch(item) for item in items):
            raise SettingError(f"{file.name}: {name}: its value must be a text, a number, or a list of either.")
        endings = ", ".join(f"_{suffix}" for suffix in KIND_BY_SUFFIX)
        raise SettingError(f"{file.name}: {name}: the name of a number must end in its unit: {endings}.")
    return (Many[kind] if isinstance(value, list) else kind), ...


def load_policy(path: Path, policy_class: type[_P]) -> _P:
    """The policy in a file, of its class. Raises SettingError with the file, the key and the bound."""
    try:
        return policy_class.model_validate(_read_yaml(path))
    except ValidationError as error:
        problems = "; ".join(
            ".".join(map(str, item["loc"])) + (": " if item["loc"] else "") + item["msg"].removeprefix("Value error, ")
            for item in error.errors()
        )
        raise SettingError(f"{path.name}: {problems}.") from None


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_ExactNumbers)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        raise SettingError(f"{path}: there is no such policy file.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingError(f"{path} cannot be read as YAML: {error}") from None


class _ExactNumbers(SafeLoader):  # type: ignore[misc, valid-type]
    """Numbers and dates stay text, which the policy reads: 075 is 75, not an octal 61."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        names = [key.value for key, _ in node.value]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise yaml.constructor.ConstructorError(None, None, f"duplicate keys: {', '.join(repeated)}")
        return super().construct_mapping(node, deep)


for _tag in ("float", "int", "timestamp"):
    _ExactNumbers.add_constructor(f"tag:yaml.org,2002:{_tag}", lambda loader, node: str(node.value))
