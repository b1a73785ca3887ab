-- duckdb, trino, athena, spark
SELECT
  reported.rule AS measure,
  COUNT(*) AS amount
FROM risk.high_risk AS reported
GROUP BY
  reported.rule
UNION ALL
SELECT
  'high_risk_borrowers' AS measure,
  COUNT(DISTINCT reported.borrower_id) AS amount
FROM risk.high_risk AS reported;
