-- duckdb, trino, athena, spark
SELECT
  score.loan_id,
  features.account_id,
  features.client_id,
  score.probability,
  CASE
    WHEN score.probability * 100 >= CAST('30' AS DECIMAL(9, 6))
    THEN 'high'
    WHEN score.probability * 100 >= CAST('15' AS DECIMAL(9, 6))
    THEN 'medium'
    ELSE 'low'
  END AS band
FROM gold.loan_score AS score
INNER JOIN gold.loan_default_features AS features
  ON features.loan_id = score.loan_id
INNER JOIN silver.loan AS loan
  ON loan.loan_id = score.loan_id
WHERE
  loan.status = 'running';
