-- duckdb
SELECT
  CAST(income.customer_id AS TEXT) AS customer_id,
  CAST(income.received_on AS DATE) AS received_on,
  CAST(income.amount AS DECIMAL(18, 2)) AS amount
FROM staging.customer_income AS income;

-- trino, athena
SELECT
  CAST(income.customer_id AS VARCHAR) AS customer_id,
  CAST(income.received_on AS DATE) AS received_on,
  CAST(income.amount AS DECIMAL(18, 2)) AS amount
FROM staging.customer_income AS income;

-- spark
SELECT
  CAST(income.customer_id AS STRING) AS customer_id,
  CAST(income.received_on AS DATE) AS received_on,
  CAST(income.amount AS DECIMAL(18, 2)) AS amount
FROM staging.customer_income AS income;
