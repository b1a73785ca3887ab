"""Features and scores of a batch's borrowers: the SQL of the runs over files, and the decided model."""

from typing import TYPE_CHECKING

from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.ml.registry import RegisteredModel
from refi_assets.risk.batch_relations import FEATURES
from refi_assets.risk.live_features import LiveFeatures
from refi_assets.risk.policy import Bands
from refi_assets.risk.scoring import REASON_SEPARATOR, score_table
from refi_assets.specs.names import table_of

if TYPE_CHECKING:
    import pyarrow as pa

RESULT_COLUMNS = ("borrower_id", "as_of", "millionths", "band", "reasons")  # the others are features


class LiveScoring:
    """Scores the borrowers in risk.subject of a session; see LiveFeatures for the tables that it reads."""

    def __init__(self, session: DuckDBSession, bands: Bands) -> None:
        self._session = session
        self._features = LiveFeatures(session.connection)
        self._bands = bands

    def score(self, model: RegisteredModel) -> "pa.Table":
        """Of each borrower: borrower_id, as_of, features, millionths, band, reasons (a list). Raises ModelError."""
        import pyarrow as pa
        import pyarrow.compute as pc

        from refi_assets.ml.tables import typed_columns

        self._features.compute()
        ordered = exp.select("*").from_(table_of(FEATURES)).order_by("borrower_id")
        columns, _ = typed_columns(self._session.arrays(ordered))
        scored = score_table(model.model, columns, self._bands)
        reasons = pa.array(scored.reasons, pa.string())
        split = pc.split_pattern(reasons, REASON_SEPARATOR)
        lists = pc.if_else(pc.equal(reasons, ""), pa.scalar([], pa.list_(pa.string())), split)
        table: pa.Table = self._session.connection.execute(ordered.sql("duckdb")).to_arrow_table()
        table = table.append_column("millionths", pa.array(scored.millionths))
        table = table.append_column("band", pa.array(scored.bands, pa.string()))
        return table.append_column("reasons", lists)
