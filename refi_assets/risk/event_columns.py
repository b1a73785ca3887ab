"""The columns of an event, the same in the stream's state, in the lake, and in the relation risk/events."""

# Column -> DuckDB's SQL type. Times are in UTC, amounts in USD.
EVENT_COLUMNS = {
    "topic": "VARCHAR",  # an event is known by topic, borrower_id and event_id
    "event_id": "VARCHAR",
    "borrower_id": "VARCHAR",
    "kind": "VARCHAR",
    "event_time": "TIMESTAMP",
    "received_at": "TIMESTAMP",
    "payment_id": "VARCHAR",
    "due_on": "DATE",
    "paid_on": "DATE",
    "amount": "DECIMAL(18,2)",
    "balance": "DECIMAL(18,2)",
    "credit_line_id": "VARCHAR",
    "credit_limit": "DECIMAL(18,2)",
    "gross_monthly_income": "DECIMAL(18,2)",
    "monthly_debt": "DECIMAL(18,2)",
    "payee_id": "VARCHAR",
}
EVENT_KEY = ("topic", "borrower_id", "event_id")

# Where Kafka had the event; null for an event from a file.
PLACE_COLUMNS = {"kafka_partition": "INTEGER", "kafka_offset": "BIGINT"}
