-- duckdb, trino, athena
SELECT
  'pairs' AS measure,
  COUNT(*) AS amount
FROM review_queue AS queue;
