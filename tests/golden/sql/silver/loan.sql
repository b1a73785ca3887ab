-- duckdb, trino, athena, spark
SELECT
  loan.loan_id,
  loan.account_id,
  loan.granted_on,
  loan.amount,
  loan.duration_months,
  loan.monthly_payment,
  code.meaning AS status,
  code.meaning IN ('defaulted', 'in_debt') AS is_default,
  UPPER(loan.currency) AS currency
FROM staging.loan AS loan
LEFT JOIN silver.code AS code
  ON code.code_list = 'loan_status' AND code.code = loan.status
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'loan' AND refused.row_key = loan.loan_id
WHERE
  refused.row_key IS NULL;
