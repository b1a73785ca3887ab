"""The features of customers as they were last published, in memory.

They are computed by the domain ml; here they are only read, again after every new publication.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlglot import exp

from refi_assets.api.contact import Contact
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import LakeError
from refi_assets.ml.columns import Value
from refi_assets.ml.tables import Table, typed_columns
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun
from refi_assets.specs.names import table_of

PUBLICATION = Publication("ml")
RELATION = "ml/customer_features"
KEY = "customer_id"

Values = Mapping[str, Value]


@dataclass(frozen=True)
class CustomerFeatures:
    """The features of all customers as of a day, by a published run. `rows`: customer_id -> index into `columns`."""

    as_of: date
    run_id: str
    rows: Mapping[str, int]
    columns: Table

    def values_of(self, customer_id: str, names: Iterable[str]) -> Values | None:
        """Features of a customer, unknown ones as None; None for an unknown customer."""
        row = self.rows.get(customer_id)
        if row is None:
            return None
        values = {name: self.columns[name][row] for name in names}
        return {name: None if value != value else value for name, value in values.items()}  # noqa: PLR0124


@dataclass
class Customers:
    """The features of the latest publication. `connect` opens the lake; it is called again after a failure."""

    connect: Callable[[], DuckDBEngine]
    contact: Contact = field(default_factory=lambda: Contact("The published features"))
    features: CustomerFeatures | None = None

    def poll(self) -> None:
        """Load a new publication, if there is one. After a failure, which is kept and logged, the features stay."""
        with self.contact.attempt():
            engine = self.connect()
            latest = PUBLICATION.latest(engine.lake)
            if latest is None or (self.features is not None and self.features.run_id == latest["run_id"]):
                return
            self.features = read_features(PublishedRun.find(PUBLICATION, engine.lake, engine, latest["run_id"]))


def read_features(run: PublishedRun) -> CustomerFeatures:
    """The features of a run's customers. Raises LakeError if it published none."""
    if RELATION not in run.manifest["relations"]:
        raise LakeError(f"Run {run.run_id} published no {RELATION}, which the features of customers are read from.")
    with run.engine.session(run.relations) as session:
        columns, _ = typed_columns(session.arrays(exp.select("*").from_(table_of(RELATION))))
    rows = {customer_id: row for row, customer_id in enumerate(columns.pop(KEY).tolist())}
    return CustomerFeatures(run.as_of, run.run_id, rows, columns)
