-- duckdb
WITH borrowing AS (
  SELECT
    account.account_id,
    SUBSTRING(CAST(account.opened_on AS TEXT), 1, 7) AS cohort_month,
    MAX(CASE WHEN loan.is_default THEN 1 ELSE 0 END) AS defaulted
  FROM silver.account AS account
  INNER JOIN silver.loan AS loan
    ON loan.account_id = account.account_id
  GROUP BY
    account.account_id,
    account.opened_on
), counted AS (
  SELECT
    borrowing.cohort_month,
    COUNT(*) AS total_accounts,
    SUM(borrowing.defaulted) AS defaulted_accounts
  FROM borrowing
  GROUP BY
    borrowing.cohort_month
)
SELECT
  counted.cohort_month,
  counted.total_accounts,
  CAST(counted.defaulted_accounts AS BIGINT) AS defaulted_accounts,
  CAST(CAST(FLOOR(
    CAST(counted.defaulted_accounts * 100000000 AS DOUBLE) / CAST(counted.total_accounts AS DOUBLE) + 0.5E0
  ) AS DECIMAL(18, 0)) * CAST('0.000001' AS DECIMAL(6, 6)) AS DECIMAL(9, 6)) AS default_rate_pct
FROM counted;

-- trino, athena
WITH borrowing AS (
  SELECT
    account.account_id,
    SUBSTR(CAST(account.opened_on AS VARCHAR), 1, 7) AS cohort_month,
    MAX(CASE WHEN loan.is_default THEN 1 ELSE 0 END) AS defaulted
  FROM silver.account AS account
  INNER JOIN silver.loan AS loan
    ON loan.account_id = account.account_id
  GROUP BY
    account.account_id,
    account.opened_on
), counted AS (
  SELECT
    borrowing.cohort_month,
    COUNT(*) AS total_accounts,
    SUM(borrowing.defaulted) AS defaulted_accounts
  FROM borrowing
  GROUP BY
    borrowing.cohort_month
)
SELECT
  counted.cohort_month,
  counted.total_accounts,
  CAST(counted.defaulted_accounts AS BIGINT) AS defaulted_accounts,
  CAST(CAST(FLOOR(
    CAST(counted.defaulted_accounts * 100000000 AS DOUBLE) / CAST(counted.total_accounts AS DOUBLE) + 0.5E0
  ) AS DECIMAL(18, 0)) * CAST('0.000001' AS DECIMAL(6, 6)) AS DECIMAL(9, 6)) AS default_rate_pct
FROM counted;

-- spark
WITH borrowing AS (
  SELECT
    account.account_id,
    SUBSTRING(CAST(account.opened_on AS STRING), 1, 7) AS cohort_month,
    MAX(CASE WHEN loan.is_default THEN 1 ELSE 0 END) AS defaulted
  FROM silver.account AS account
  INNER JOIN silver.loan AS loan
    ON loan.account_id = account.account_id
  GROUP BY
    account.account_id,
    account.opened_on
), counted AS (
  SELECT
    borrowing.cohort_month,
    COUNT(*) AS total_accounts,
    SUM(borrowing.defaulted) AS defaulted_accounts
  FROM borrowing
  GROUP BY
    borrowing.cohort_month
)
SELECT
  counted.cohort_month,
  counted.total_accounts,
  CAST(counted.defaulted_accounts AS BIGINT) AS defaulted_accounts,
  CAST(CAST(FLOOR(
    CAST(counted.defaulted_accounts * 100000000 AS DOUBLE) / CAST(counted.total_accounts AS DOUBLE) + 0.5E0
  ) AS DECIMAL(18, 0)) * CAST('0.000001' AS DECIMAL(6, 6)) AS DECIMAL(9, 6)) AS default_rate_pct
FROM counted;
