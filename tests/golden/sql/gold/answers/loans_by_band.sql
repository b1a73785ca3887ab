-- duckdb, trino, athena, spark
SELECT
  risk.band,
  COUNT(*) AS loans,
  COUNT(DISTINCT risk.client_id) AS customers
FROM gold.loan_risk AS risk
GROUP BY
  risk.band
ORDER BY
  MIN(risk.probability) DESC;
