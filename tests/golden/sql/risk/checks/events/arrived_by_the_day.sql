-- duckdb, trino, athena, spark
SELECT
  event.topic,
  event.borrower_id,
  event.event_id
FROM risk.events AS event
WHERE
  CAST(event.received_at AS DATE) > CAST('2026-02-20' AS DATE)
  OR event.event_time > event.received_at + CAST('5' AS BIGINT) * INTERVAL '1' MINUTE;
