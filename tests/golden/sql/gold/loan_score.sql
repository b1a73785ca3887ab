-- duckdb, trino, athena, spark
SELECT
  features.loan_id,
  CAST(NULL AS DECIMAL(9, 6)) AS probability
FROM gold.loan_default_features AS features
WHERE
  FALSE;
