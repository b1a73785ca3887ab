-- duckdb, trino, athena, spark
WITH summed AS (
  SELECT
    owner.client_id,
    loan.currency,
    COUNT(*) AS loans,
    SUM(loan.amount) AS total_amount,
    SUM(CASE loan.status WHEN 'paid' THEN 1 ELSE 0 END) AS paid,
    SUM(CASE loan.status WHEN 'defaulted' THEN 1 ELSE 0 END) AS defaulted,
    SUM(CASE loan.status WHEN 'running' THEN 1 ELSE 0 END) AS running,
    SUM(CASE loan.status WHEN 'in_debt' THEN 1 ELSE 0 END) AS in_debt
  FROM silver.loan AS loan
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = loan.account_id AND owner.role = 'owner'
  GROUP BY
    owner.client_id,
    loan.currency
)
SELECT
  summed.client_id,
  summed.currency,
  summed.loans,
  CAST(summed.total_amount AS DECIMAL(18, 2)) AS total_amount,
  CAST(CAST(FLOOR(CAST(summed.total_amount * 100 AS DOUBLE) / CAST(summed.loans AS DOUBLE) + 0.5E0) AS DECIMAL(18, 0)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS mean_amount,
  CAST(summed.paid AS BIGINT) AS paid,
  CAST(summed.defaulted AS BIGINT) AS defaulted,
  CAST(summed.running AS BIGINT) AS running,
  CAST(summed.in_debt AS BIGINT) AS in_debt
FROM summed;
