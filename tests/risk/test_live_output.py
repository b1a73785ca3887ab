"""What a batch leaves in the store: scores with features, alerts, and the scores that later rules compare with."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from refi_assets.risk.live_store import open_alert_outbox, open_live_scores
from refi_assets.risk.stream.live_output import LiveOutput
from refi_assets.store.alert_outbox import KeyAlert
from refi_assets.store.live_scores import LiveBatch, LiveScore

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
AT = datetime(2026, 3, 2, 12, 0, 1, tzinfo=UTC)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    """The session of a stream."""
    session = duckdb.connect()
    session.execute("CREATE SCHEMA risk; CREATE TABLE risk.subject (borrower_id VARCHAR, as_of DATE)")
    return session


def scores(connection: duckdb.DuckDBPyConnection, *rows: str, day: date = MONDAY) -> pa.Table:
    """Scores of a batch; a row is borrower_id, probability, reasons, rules, two features."""
    return connection.execute(
        "SELECT 'c/1/' || borrower_id AS score_id, borrower_id, CAST(? AS DATE) AS as_of, "
        "CAST(probability AS DECIMAL(9,6)) AS probability, 'low' AS band, CAST(reasons AS VARCHAR[]) AS reasons, "
        "'live_default' AS model, 3::BIGINT AS version, TIMESTAMP '2026-03-02 11:59:59.5' AS newest_event_time, "
        "TIMESTAMP '2026-03-02 12:00:01' AS processed_at, 1::BIGINT AS events, MAP {'t': [0::BIGINT, 5]} AS offsets, "
        "FALSE AS late, CAST(rules AS VARCHAR[]) AS rules, CAST(income AS DOUBLE) AS income, product "
        f"FROM (VALUES {', '.join(rows)}) AS row (borrower_id, probability, reasons, rules, income, product)",
        [day],
    ).to_arrow_table()


def test_a_batch_leaves_scores_with_their_features_and_alerts(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    batch = scores(
        connection,
        "('B1', 0.123456, ['income', 'product'], ['payout_velocity', 'probability_above'], 40000.5, 'card \"x\"')",
        "('B2', 1, [], [], NULL, NULL)",
    )
    output = LiveOutput(str(tmp_path), connection)
    for _ in range(2):
        output.keep("c", 1, batch)
    live = open_live_scores(str(tmp_path))
    written = LiveBatch("c", 1, "live_default", 3, AT, ("income", "product"))
    newest = datetime(2026, 3, 2, 11, 59, 59, 500_000, tzinfo=UTC)
    features: dict[str, float | str | bool | None] = {"income": 40000.5, "product": 'card "x"'}
    assert live.score_of("B1") == LiveScore("B1", written, MONDAY, 123_456, "low", "income|product", newest, features)
    assert live.score_of("B2") == LiveScore(
        "B2", written, MONDAY, 1_000_000, "low", "", newest, {"income": None, "product": None}
    )
    alerts = open_alert_outbox(str(tmp_path)).alerts_of("B1")
    assert alerts == [(KeyAlert("B1", rule, MONDAY), AT) for rule in ("payout_velocity", "probability_above")]
    assert open_alert_outbox(str(tmp_path)).alerts_of("B2") == []


def test_a_later_day_is_compared_with_the_score_before(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    output = LiveOutput(str(tmp_path), connection)
    monday = scores(connection, "('B1', 0.123456, [], [], 1, 'a')", "('B2', 0.5, [], [], 1, 'a')")
    output.keep("c", 1, monday)
    output.keep("c", 2, scores(connection, "('B1', 0.2, [], [], 1, 'a')", day=TUESDAY))

    def before() -> list[tuple[str, date, Decimal]]:
        output.read_scores_before()
        return connection.execute("FROM risk.scores_before ORDER BY ALL").fetchall()

    assert before() == []
    connection.execute(
        "INSERT INTO risk.subject VALUES ('B1', '2026-03-03'), ('B2', '2026-03-02'), ('B3', '2026-03-03')"
    )
    assert before() == [("B1", MONDAY, Decimal("0.123456"))]
    connection.execute("UPDATE risk.subject SET as_of = '2026-03-04'")
    assert before() == [("B1", TUESDAY, Decimal("0.200000")), ("B2", MONDAY, Decimal("0.500000"))]


def test_a_batch_without_scores_leaves_nothing(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    empty = scores(connection, "('B1', 0.1, [], [], 1, 'a')").slice(1)
    LiveOutput(str(tmp_path), connection).keep("c", 1, empty)
    assert open_live_scores(str(tmp_path)).is_new()
