-- duckdb, trino, athena, spark
SELECT
  event.topic AS measure,
  COUNT(*) AS amount
FROM risk.events AS event
GROUP BY
  event.topic
UNION ALL
SELECT
  'too_late' AS measure,
  COUNT(*) AS amount
FROM risk.events AS event
WHERE
  event.is_too_late;
