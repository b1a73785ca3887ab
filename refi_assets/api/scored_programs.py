"""The programs whose rules judge customers for requests: their rules and models, and their last published customers.

All are loaded in the background, and kept if the registry or the lake goes away. Judging belongs to offers/.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

import duckdb
import numpy as np

from refi_assets.api.contact import Contact
from refi_assets.engines.base import Row
from refi_assets.engines.duckdb import PARQUET, DuckDBEngine
from refi_assets.engines.duckdb_sql import parquet_sql
from refi_assets.errors import ModelError
from refi_assets.ml.registry import Registry
from refi_assets.offers.policy import ProgramPolicy
from refi_assets.offers.program import ModelUse, Program
from refi_assets.offers.program_rules import ProgramRules
from refi_assets.offers.scoring import OpenModel, open_models
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun
from refi_assets.specs.policies import policy_of


class RunRecords(NamedTuple):
    """The records of one person in a published run."""

    run_id: str
    as_of: date
    rows: list[Row]


@dataclass
class PublishedRecords:
    """The customers of a program's last published run, with all that its rules compare, in a database of their own.

    A session of the engine would keep its database open, and what that has cached of the lake, as long as the API runs.
    """

    program_key: str
    connect: Callable[[], DuckDBEngine]
    contact: Contact
    _run: tuple[str, date] | None = None
    _records: duckdb.DuckDBPyConnection | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def poll(self) -> None:
        """Load a new publication, if there is one. After a failure, which is kept and logged, the customers stay."""
        with self.contact.attempt():
            engine, publication = self.connect(), Publication(self.program_key)
            latest = publication.latest(engine.lake)
            if latest is None or (self._run is not None and self._run[0] == latest["run_id"]):
                return
            run = PublishedRun.find(publication, engine.lake, engine, latest["run_id"])
            records = duckdb.connect(config={"threads": 1})
            with TemporaryDirectory() as folder, engine.session(run.relations) as session:
                session.create_table("record", f"SELECT * FROM {self.program_key}.customers")
                session.copy("SELECT * FROM record", f"{folder}/records.parquet", PARQUET)
                records.execute(f"CREATE TABLE record AS SELECT * FROM {parquet_sql(f'{folder}/records.parquet')}")
            with self._lock:
                self._records, self._run = records, (run.run_id, run.as_of)

    def of_person(self, customer_id: str) -> RunRecords | None:
        """The records of a customer's person, none if the run has no such customer; None before a run is loaded."""
        with self._lock:
            if self._records is None or self._run is None:
                return None
            persons = "SELECT person_id FROM record WHERE customer_id = ?"
            result = self._records.execute(f"SELECT * FROM record WHERE person_id IN ({persons})", [customer_id])
            names = [column[0] for column in result.description or []]
            return RunRecords(*self._run, [dict(zip(names, row, strict=True)) for row in result.fetchall()])


class LoadedProgram(NamedTuple):
    """The rules of a program and the two models that they need."""

    rules: ProgramRules
    models: Sequence[OpenModel]


@dataclass
class ScoredProgram:
    """A program by whose rules requests are answered. `loaded` is None before its first load."""

    program: Program
    connect: Callable[[], Registry]
    contact: Contact
    published: PublishedRecords
    loaded: LoadedProgram | None = None
    _rules: ProgramRules | None = None
    _registry: Registry | None = None
    _versions: list[int | None] | None = None

    def poll(self) -> None:
        """Look for new versions of its models, and for a new publication. Failures are kept and logged."""
        with self.contact.attempt():
            if self._rules is None:
                self._rules = ProgramRules(cast(ProgramPolicy, policy_of(self.program.key)))
            registry, self._registry = self._registry or self.connect(), None
            versions = [_version(registry, use) for use in (self.program.approval_model, self.program.risk_model)]
            if versions != self._versions:
                models = open_models(self.program, lambda: registry)
                for model in models:  # the first score is slow, and shows whether there is any
                    model.millionths({name: np.array([np.nan]) for name in model.columns})
                self.loaded, self._versions = LoadedProgram(self._rules, models), versions
            self._registry = registry
        self.published.poll()


def _version(registry: Registry, use: ModelUse) -> int | None:
    """The version that a program asks for; None of an endpoint. Raises ModelError if no version has the alias."""
    wanted = use.alias_or_version
    if use.scheme != "mlflow":
        return None
    version = int(wanted) if wanted.isdigit() else registry.alias_version(use.name, wanted)
    if version is None:
        raise ModelError(f"The registry has no {wanted} of {use.name}.")
    return version


class ScoredPrograms:
    """These programs, by their ids. `open_lake` and `connect` are called again after a failure."""

    def __init__(
        self, programs: Iterable[Program], open_lake: Callable[[], DuckDBEngine], connect: Callable[[], Registry]
    ) -> None:
        self.by_id: Mapping[str, ScoredProgram] = {
            program.program_id: ScoredProgram(
                program,
                connect,
                Contact(f"The rules and models of {program.program_id}"),
                PublishedRecords(program.key, open_lake, Contact(f"The published customers of {program.program_id}")),
            )
            for program in programs
        }

    def poll(self) -> None:
        """Poll each program."""
        for program in self.by_id.values():
            program.poll()
