-- duckdb, trino, athena, spark
SELECT
  features.loan_id
FROM gold.loan_default_features AS features
WHERE
  features.months_of_history < 1 OR features.outcome_known_on < features.granted_on;
