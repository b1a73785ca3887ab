-- duckdb, trino, athena
SELECT
  history.event AS measure,
  COUNT(*) AS amount
FROM person_history AS history
GROUP BY
  history.event;
