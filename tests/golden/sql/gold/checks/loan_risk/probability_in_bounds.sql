-- duckdb, trino, athena, spark
SELECT
  risk.loan_id
FROM gold.loan_risk AS risk
WHERE
  NOT risk.probability BETWEEN 0 AND 1
  OR (
    risk.band = 'high'
  ) <> (
    risk.probability * 100 >= CAST('30' AS DECIMAL(9, 6))
  );
