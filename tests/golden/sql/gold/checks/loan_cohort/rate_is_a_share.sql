-- duckdb, trino, athena, spark
SELECT
  cohort.cohort_month
FROM gold.loan_cohort AS cohort
WHERE
  cohort.defaulted_accounts > cohort.total_accounts
  OR NOT cohort.default_rate_pct BETWEEN 0 AND 100;
