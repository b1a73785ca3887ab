-- duckdb, trino, athena, spark
SELECT
  loan.loan_id,
  loan.customer_id,
  loan.decided_on,
  CAST(loan.account_age AS DOUBLE) AS account_age,
  CAST(loan.deposit_balance AS DOUBLE) AS deposit_balance,
  CAST(loan.savings_rate AS DOUBLE) AS savings_rate,
  CAST(loan.transactions_90d AS DOUBLE) AS transactions_90d,
  CAST(loan.overdrafts_12m AS DOUBLE) AS overdrafts_12m,
  CASE
    WHEN loan.outcome_known_on <= CAST('2026-02-20' AS DATE)
    THEN loan.defaulted
  END AS defaulted,
  CASE
    WHEN loan.outcome_known_on <= CAST('2026-02-20' AS DATE)
    THEN loan.outcome_known_on
  END AS outcome_known_on
FROM staging.loan_history AS loan
WHERE
  loan.decided_on <= CAST('2026-02-20' AS DATE);
