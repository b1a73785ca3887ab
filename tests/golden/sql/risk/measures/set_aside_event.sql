-- duckdb, trino, athena, spark
SELECT
  event.reason AS measure,
  COUNT(*) AS amount
FROM risk.set_aside_event AS event
GROUP BY
  event.reason;
