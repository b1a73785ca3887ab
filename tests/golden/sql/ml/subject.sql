-- duckdb, trino, athena, spark
SELECT
  decision.customer_id,
  decision.decided_on AS as_of
FROM staging.credit_decision AS decision
WHERE
  decision.decided_on <= CAST('2026-02-20' AS DATE)
UNION
SELECT
  account.customer_id,
  CAST('2026-02-20' AS DATE) AS as_of
FROM staging.customer_account AS account
WHERE
  account.opened_on <= CAST('2026-02-20' AS DATE);
