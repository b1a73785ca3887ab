-- duckdb
SELECT
  CAST(decision.customer_id AS TEXT) AS customer_id,
  CAST(decision.decided_on AS DATE) AS valued_on,
  CAST(decision.property_value AS DECIMAL(18, 2)) AS value
FROM staging.credit_decision AS decision;

-- trino, athena
SELECT
  CAST(decision.customer_id AS VARCHAR) AS customer_id,
  CAST(decision.decided_on AS DATE) AS valued_on,
  CAST(decision.property_value AS DECIMAL(18, 2)) AS value
FROM staging.credit_decision AS decision;

-- spark
SELECT
  CAST(decision.customer_id AS STRING) AS customer_id,
  CAST(decision.decided_on AS DATE) AS valued_on,
  CAST(decision.property_value AS DECIMAL(18, 2)) AS value
FROM staging.credit_decision AS decision;
