-- duckdb, trino, athena
SELECT
  'customers' AS measure,
  COUNT(*) AS amount
FROM silver.client AS client
UNION ALL
SELECT
  'accounts' AS measure,
  COUNT(*) AS amount
FROM silver.account AS account
UNION ALL
SELECT
  'transactions' AS measure,
  COUNT(*) AS amount
FROM silver."transaction" AS booked
UNION ALL
SELECT
  'loans' AS measure,
  COUNT(*) AS amount
FROM silver.loan AS loan
UNION ALL
SELECT
  'rows in quarantine' AS measure,
  COUNT(*) AS amount
FROM silver.quarantine AS refused;

-- spark
SELECT
  'customers' AS measure,
  COUNT(*) AS amount
FROM silver.client AS client
UNION ALL
SELECT
  'accounts' AS measure,
  COUNT(*) AS amount
FROM silver.account AS account
UNION ALL
SELECT
  'transactions' AS measure,
  COUNT(*) AS amount
FROM silver.`transaction` AS booked
UNION ALL
SELECT
  'loans' AS measure,
  COUNT(*) AS amount
FROM silver.loan AS loan
UNION ALL
SELECT
  'rows in quarantine' AS measure,
  COUNT(*) AS amount
FROM silver.quarantine AS refused;
