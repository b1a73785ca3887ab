-- duckdb, trino, athena
SELECT
  loan.currency,
  loan.status,
  COUNT(*) AS loans,
  SUM(loan.amount) AS amount
FROM silver.loan AS loan
GROUP BY
  loan.currency,
  loan.status
ORDER BY
  loan.currency ASC,
  loan.status ASC;

-- spark
SELECT
  loan.currency,
  loan.status,
  COUNT(*) AS loans,
  SUM(loan.amount) AS amount
FROM silver.loan AS loan
GROUP BY
  loan.currency,
  loan.status
ORDER BY
  loan.currency ASC NULLS LAST,
  loan.status ASC NULLS LAST;
