-- duckdb, trino, athena
SELECT
  'decided' AS measure,
  COUNT(pair.decision) AS amount
FROM matched_pairs AS pair;
