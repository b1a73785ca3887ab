-- duckdb, trino, athena, spark
SELECT
  reported.rule AS measure,
  COUNT(*) AS amount
FROM risk.possible_fraud AS reported
GROUP BY
  reported.rule
UNION ALL
SELECT
  'borrowers_with_possible_fraud' AS measure,
  COUNT(DISTINCT reported.borrower_id) AS amount
FROM risk.possible_fraud AS reported;
