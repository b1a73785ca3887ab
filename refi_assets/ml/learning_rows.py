"""The rows that a declared model learns from and is watched on, read from a session on the relations of a run."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.errors import ModelError
from refi_assets.ml.declared_models import DeclaredModel
from refi_assets.ml.policy import MlPolicy
from refi_assets.ml.splits import Ids, set_apart
from refi_assets.ml.tables import Bools, Column, Floats, Texts, is_missing, rows_of, typed_columns
from refi_assets.specs.declarations import grain_of
from refi_assets.specs.names import table_of


@dataclass(frozen=True)
class LearningRows:
    """The rows of a training relation: features, and the roles of other columns.

    `outcome` is 1 for the positive label, 0 for another, NaN if there is none. `time` and `known_on` are days since
    1970, NaN if the model declares none. `dates` are features with dates.
    """

    table: dict[str, Column]
    dates: frozenset[str]
    outcome: Floats
    ids: Texts
    time: Floats
    known_on: Floats
    groups: dict[str, Texts]
    segments: dict[str, Texts]

    def part(self, rows: Bools) -> "LearningRows":
        """Some of the rows."""
        return LearningRows(
            rows_of(self.table, rows),
            self.dates,
            self.outcome[rows],
            self.ids[rows],
            self.time[rows],
            self.known_on[rows],
            rows_of(self.groups, rows),
            rows_of(self.segments, rows),
        )

    @property
    def label(self) -> Bools:
        """Whether each row's label is positive."""
        is_positive: Bools = self.outcome == 1
        return is_positive

    @property
    def id_numbers(self) -> Ids:
        """A number for each row, equal for rows of one id."""
        return np.unique(self.ids.astype(str), return_inverse=True)[1]

    @property
    def has_time(self) -> bool:
        """Whether the rows have times, by which they can be split."""
        return not np.isnan(self.time).all()

    @property
    def sha256(self) -> str:
        """Hash of the features, labels, ids and times."""
        digest = hashlib.sha256()
        for name, column in {**self.table, "": self.ids, " label": self.outcome, " time": self.time}.items():
            content = "\0".join(map(str, column)).encode() if column.dtype == object else column.tobytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()


@dataclass(frozen=True)
class SplitRows:
    """Rows with an outcome: those to learn from and the test part, which is the newest one if the model has a time."""

    learning: LearningRows
    test: LearningRows
    kind: Literal["newest", "random"]


def all_rows(session: DuckDBSession, declared: DeclaredModel) -> LearningRows:
    """The rows of a declared model's training relation, in the order of its grain. Raises ModelError."""
    roles = [name for name in (declared.label, declared.id, declared.time, declared.known_on) if name]
    names = list(dict.fromkeys([*roles, *declared.features, *declared.segments]))
    query = exp.select(*names).from_(table_of(declared.relation))
    available = session.columns(exp.select("*").from_(table_of(declared.relation)))
    if missing := [name for name in names if name not in available]:
        raise ModelError(f"{declared.relation} has no column {', '.join(missing)}. It has {', '.join(available)}.")
    columns, dates = typed_columns(session.arrays(query.order_by(*grain_of(declared.relation))))
    labels, ids = _texts(columns[declared.label]), _texts(columns[declared.id])
    no_days = np.full(len(ids), np.nan)
    return LearningRows(
        table={name: columns[name] for name in declared.features},
        dates=dates & frozenset(declared.features),
        outcome=np.where(is_missing(labels), np.nan, labels == declared.positive),
        ids=ids,
        time=columns[declared.time] if declared.time else no_days,
        known_on=columns[declared.known_on] if declared.known_on else no_days,
        groups=_groups(session, declared, ids),
        segments={name: _texts(columns[name]) for name in declared.segments},
    )


def split_rows(rows: LearningRows, policy: MlPolicy) -> SplitRows:
    """Set the test part aside, by the policy. Raises ModelError if either part has too few rows of an outcome."""
    time = rows.time if rows.has_time else None
    is_test = set_apart(rows.label, rows.id_numbers, time, policy.split, outcome="an outcome")
    return SplitRows(rows.part(~is_test), rows.part(is_test), "newest" if rows.has_time else "random")


def _groups(session: DuckDBSession, declared: DeclaredModel, ids: Texts) -> dict[str, Texts]:
    """The group of each id by basis, from a relation of its own that no feature is computed from."""
    if declared.groups is None:
        return {}
    query = exp.select(declared.id, *declared.groups.bases).from_(table_of(declared.groups.relation))
    columns, _ = typed_columns(session.arrays(query))
    place = {key: number for number, key in enumerate(_texts(columns[declared.id]))}
    rows = [place.get(key) for key in ids]
    return {
        basis: np.array([None if row is None else texts[row] for row in rows], dtype=object)
        for basis in declared.groups.bases
        for texts in [_texts(columns[basis])]
    }


def _texts(column: Column) -> Texts:
    """A column as texts; whole numbers without decimals."""
    if column.dtype == object:
        return column
    return np.array([None if np.isnan(value) else f"{value:.15g}" for value in column], dtype=object)


def days_of(time: Floats) -> NDArray[np.datetime64]:
    """Days since 1970 as dates; NaN is NaT."""
    whole = np.where(np.isnan(time), 0, np.floor(time)).astype("int64").astype("datetime64[D]")
    whole[np.isnan(time)] = np.datetime64("NaT")
    return whole


def day_of(days: float) -> date:
    """A number of days since 1970 as a day."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + int(days))
