-- duckdb
SELECT
  CAST(decision.customer_id AS TEXT) AS customer_id,
  CAST(decision.decided_on AS DATE) AS stated_on,
  CAST(decision.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
  CAST(decision.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
FROM staging.credit_decision AS decision;

-- trino, athena
SELECT
  CAST(decision.customer_id AS VARCHAR) AS customer_id,
  CAST(decision.decided_on AS DATE) AS stated_on,
  CAST(decision.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
  CAST(decision.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
FROM staging.credit_decision AS decision;

-- spark
SELECT
  CAST(decision.customer_id AS STRING) AS customer_id,
  CAST(decision.decided_on AS DATE) AS stated_on,
  CAST(decision.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
  CAST(decision.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
FROM staging.credit_decision AS decision;
