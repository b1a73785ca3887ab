-- duckdb, trino, athena
SELECT
  CAST(DATE_TRUNC('MONTH', unusual.booked_on) AS DATE) AS month,
  unusual.reason,
  COUNT(*) AS transactions
FROM gold.unusual_transaction AS unusual
GROUP BY
  CAST(DATE_TRUNC('MONTH', unusual.booked_on) AS DATE),
  unusual.reason
ORDER BY
  CAST(DATE_TRUNC('MONTH', unusual.booked_on) AS DATE) ASC,
  unusual.reason ASC;

-- spark
SELECT
  CAST(DATE_TRUNC('MONTH', unusual.booked_on) AS DATE) AS month,
  unusual.reason,
  COUNT(*) AS transactions
FROM gold.unusual_transaction AS unusual
GROUP BY
  CAST(DATE_TRUNC('MONTH', unusual.booked_on) AS DATE),
  unusual.reason
ORDER BY
  CAST(DATE_TRUNC('MONTH', unusual.booked_on) AS DATE) ASC NULLS LAST,
  unusual.reason ASC NULLS LAST;
