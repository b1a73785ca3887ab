-- duckdb
SELECT
  CAST(decision.customer_id AS TEXT) AS customer_id,
  CAST('all' AS TEXT) AS line_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(decision.revolving_balance AS DECIMAL(18, 2)) AS balance,
  CAST(decision.revolving_limit AS DECIMAL(18, 2)) AS credit_limit
FROM staging.credit_decision AS decision;

-- trino, athena
SELECT
  CAST(decision.customer_id AS VARCHAR) AS customer_id,
  CAST('all' AS VARCHAR) AS line_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(decision.revolving_balance AS DECIMAL(18, 2)) AS balance,
  CAST(decision.revolving_limit AS DECIMAL(18, 2)) AS credit_limit
FROM staging.credit_decision AS decision;

-- spark
SELECT
  CAST(decision.customer_id AS STRING) AS customer_id,
  CAST('all' AS STRING) AS line_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(decision.revolving_balance AS DECIMAL(18, 2)) AS balance,
  CAST(decision.revolving_limit AS DECIMAL(18, 2)) AS credit_limit
FROM staging.credit_decision AS decision;
