-- duckdb
SELECT
  CAST(decision.customer_id AS TEXT) AS customer_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(decision.payment_history AS TEXT) AS payment_history
FROM staging.credit_decision AS decision;

-- trino, athena
SELECT
  CAST(decision.customer_id AS VARCHAR) AS customer_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(decision.payment_history AS VARCHAR) AS payment_history
FROM staging.credit_decision AS decision;

-- spark
SELECT
  CAST(decision.customer_id AS STRING) AS customer_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(decision.payment_history AS STRING) AS payment_history
FROM staging.credit_decision AS decision;
