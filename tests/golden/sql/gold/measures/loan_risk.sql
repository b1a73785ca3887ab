-- duckdb, trino, athena, spark
SELECT
  'high_risk_customers' AS measure,
  COUNT(DISTINCT risk.client_id) AS amount
FROM gold.loan_risk AS risk
WHERE
  risk.band = 'high'
UNION ALL
SELECT
  risk.band AS measure,
  COUNT(*) AS amount
FROM gold.loan_risk AS risk
GROUP BY
  risk.band;
