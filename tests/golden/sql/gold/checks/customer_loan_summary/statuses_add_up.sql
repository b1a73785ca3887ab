-- duckdb, trino, athena, spark
SELECT
  summary.client_id,
  summary.currency
FROM gold.customer_loan_summary AS summary
WHERE
  summary.paid + summary.defaulted + summary.running + summary.in_debt <> summary.loans;
