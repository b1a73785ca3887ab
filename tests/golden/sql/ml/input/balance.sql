-- duckdb
SELECT
  CAST(balance.customer_id AS TEXT) AS customer_id,
  CAST(balance.balance_on AS DATE) AS balance_on,
  CAST(balance.balance AS DECIMAL(18, 2)) AS balance
FROM staging.customer_balance AS balance;

-- trino, athena
SELECT
  CAST(balance.customer_id AS VARCHAR) AS customer_id,
  CAST(balance.balance_on AS DATE) AS balance_on,
  CAST(balance.balance AS DECIMAL(18, 2)) AS balance
FROM staging.customer_balance AS balance;

-- spark
SELECT
  CAST(balance.customer_id AS STRING) AS customer_id,
  CAST(balance.balance_on AS DATE) AS balance_on,
  CAST(balance.balance AS DECIMAL(18, 2)) AS balance
FROM staging.customer_balance AS balance;
