-- duckdb
SELECT
  CAST(account.customer_id AS TEXT) AS customer_id,
  CAST(account.opened_on AS DATE) AS opened_on
FROM staging.customer_account AS account;

-- trino, athena
SELECT
  CAST(account.customer_id AS VARCHAR) AS customer_id,
  CAST(account.opened_on AS DATE) AS opened_on
FROM staging.customer_account AS account;

-- spark
SELECT
  CAST(account.customer_id AS STRING) AS customer_id,
  CAST(account.opened_on AS DATE) AS opened_on
FROM staging.customer_account AS account;
