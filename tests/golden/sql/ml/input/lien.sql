-- duckdb
SELECT
  CAST(decision.customer_id AS TEXT) AS customer_id,
  CAST('first' AS TEXT) AS lien_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(1 AS INT) AS lien_position,
  CAST(decision.first_lien AS DECIMAL(18, 2)) AS balance
FROM staging.credit_decision AS decision
UNION ALL
SELECT
  CAST(decision.customer_id AS TEXT) AS customer_id,
  CAST('others' AS TEXT) AS lien_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(2 AS INT) AS lien_position,
  CAST(decision.other_liens AS DECIMAL(18, 2)) AS balance
FROM staging.credit_decision AS decision;

-- trino, athena
SELECT
  CAST(decision.customer_id AS VARCHAR) AS customer_id,
  CAST('first' AS VARCHAR) AS lien_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(1 AS INTEGER) AS lien_position,
  CAST(decision.first_lien AS DECIMAL(18, 2)) AS balance
FROM staging.credit_decision AS decision
UNION ALL
SELECT
  CAST(decision.customer_id AS VARCHAR) AS customer_id,
  CAST('others' AS VARCHAR) AS lien_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(2 AS INTEGER) AS lien_position,
  CAST(decision.other_liens AS DECIMAL(18, 2)) AS balance
FROM staging.credit_decision AS decision;

-- spark
SELECT
  CAST(decision.customer_id AS STRING) AS customer_id,
  CAST('first' AS STRING) AS lien_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(1 AS INT) AS lien_position,
  CAST(decision.first_lien AS DECIMAL(18, 2)) AS balance
FROM staging.credit_decision AS decision
UNION ALL
SELECT
  CAST(decision.customer_id AS STRING) AS customer_id,
  CAST('others' AS STRING) AS lien_id,
  CAST(decision.decided_on AS DATE) AS reported_on,
  CAST(2 AS INT) AS lien_position,
  CAST(decision.other_liens AS DECIMAL(18, 2)) AS balance
FROM staging.credit_decision AS decision;
