-- duckdb, trino, athena
SELECT
  CAST(DATE_TRUNC('QUARTER', exposure.originated_on) AS DATE) AS vintage,
  exposure.product,
  COUNT(*) AS loans,
  CAST(SUM(exposure.balance) AS DECIMAL(38, 2)) AS balance,
  CAST(SUM(
    CASE
      WHEN exposure.days_past_due >= 30
      THEN exposure.balance
      ELSE CAST(0 AS DECIMAL(18, 2))
    END
  ) AS DECIMAL(38, 2)) AS past_due_balance,
  CAST(SUM(exposure.probability * exposure.balance) AS DECIMAL(38, 8)) AS likely_balance
FROM risk.loan_exposure AS exposure
GROUP BY
  CAST(DATE_TRUNC('QUARTER', exposure.originated_on) AS DATE),
  exposure.product
ORDER BY
  CAST(DATE_TRUNC('QUARTER', exposure.originated_on) AS DATE) ASC,
  exposure.product ASC;

-- spark
SELECT
  CAST(DATE_TRUNC('QUARTER', exposure.originated_on) AS DATE) AS vintage,
  exposure.product,
  COUNT(*) AS loans,
  CAST(SUM(exposure.balance) AS DECIMAL(38, 2)) AS balance,
  CAST(SUM(
    CASE
      WHEN exposure.days_past_due >= 30
      THEN exposure.balance
      ELSE CAST(0 AS DECIMAL(18, 2))
    END
  ) AS DECIMAL(38, 2)) AS past_due_balance,
  CAST(SUM(exposure.probability * exposure.balance) AS DECIMAL(38, 8)) AS likely_balance
FROM risk.loan_exposure AS exposure
GROUP BY
  CAST(DATE_TRUNC('QUARTER', exposure.originated_on) AS DATE),
  exposure.product
ORDER BY
  CAST(DATE_TRUNC('QUARTER', exposure.originated_on) AS DATE) ASC NULLS LAST,
  exposure.product ASC NULLS LAST;
