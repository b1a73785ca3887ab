-- duckdb, trino, athena, spark
SELECT
  history.event AS measure,
  COUNT(*) AS amount
FROM identity.person_history AS history
GROUP BY
  history.event;
