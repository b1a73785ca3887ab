-- duckdb, trino, athena, spark
SELECT
  'decided' AS measure,
  COUNT(pair.decision) AS amount
FROM identity.matched_pairs AS pair;
