-- duckdb
SELECT
  account_month.account_id,
  account_month.currency,
  account_month.month
FROM gold.account_month AS account_month
WHERE
  account_month.days_below_zero < 0
  OR account_month.days_below_zero > DAY(
    CAST(CAST(account_month.month + INTERVAL 1 MONTH AS DATE) + INTERVAL (-1) DAY AS DATE)
  );

-- trino, athena
SELECT
  account_month.account_id,
  account_month.currency,
  account_month.month
FROM gold.account_month AS account_month
WHERE
  account_month.days_below_zero < 0
  OR account_month.days_below_zero > DAY(
    CAST(DATE_ADD('DAY', -1, CAST(DATE_ADD('MONTH', 1, account_month.month) AS DATE)) AS DATE)
  );

-- spark
SELECT
  account_month.account_id,
  account_month.currency,
  account_month.month
FROM gold.account_month AS account_month
WHERE
  account_month.days_below_zero < 0
  OR account_month.days_below_zero > DAY(
    CAST(DATE_ADD(CAST(ADD_MONTHS(account_month.month, CAST(1 AS INT)) AS DATE), CAST(-1 AS INT)) AS DATE)
  );
