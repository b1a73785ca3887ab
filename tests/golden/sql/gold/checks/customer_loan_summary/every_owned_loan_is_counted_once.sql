-- duckdb, trino, athena, spark
WITH counted AS (
  SELECT
    owner.client_id,
    loan.currency,
    COUNT(DISTINCT loan.loan_id) AS loans
  FROM silver.loan AS loan
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = loan.account_id AND owner.role = 'owner'
  GROUP BY
    owner.client_id,
    loan.currency
)
SELECT
  COALESCE(counted.client_id, summary.client_id) AS client_id,
  COALESCE(counted.currency, summary.currency) AS currency
FROM counted
FULL OUTER JOIN gold.customer_loan_summary AS summary
  ON summary.client_id = counted.client_id AND summary.currency = counted.currency
WHERE
  COALESCE(counted.loans, 0) <> COALESCE(summary.loans, 0);
