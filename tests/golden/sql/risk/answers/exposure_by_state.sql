-- duckdb, trino, athena
SELECT
  COALESCE(exposure.state, 'unknown') AS state,
  COUNT(*) AS loans,
  CAST(SUM(exposure.balance) AS DECIMAL(38, 2)) AS balance
FROM risk.loan_exposure AS exposure
GROUP BY
  COALESCE(exposure.state, 'unknown')
ORDER BY
  SUM(exposure.balance) DESC,
  COALESCE(exposure.state, 'unknown') ASC;

-- spark
SELECT
  COALESCE(exposure.state, 'unknown') AS state,
  COUNT(*) AS loans,
  CAST(SUM(exposure.balance) AS DECIMAL(38, 2)) AS balance
FROM risk.loan_exposure AS exposure
GROUP BY
  COALESCE(exposure.state, 'unknown')
ORDER BY
  SUM(exposure.balance) DESC,
  COALESCE(exposure.state, 'unknown') ASC NULLS LAST;
