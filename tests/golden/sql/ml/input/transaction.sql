-- duckdb
SELECT
  CAST(movement.customer_id AS TEXT) AS customer_id,
  CAST(movement.booked_on AS DATE) AS booked_on,
  CAST(movement.amount AS DECIMAL(18, 2)) AS amount
FROM staging.customer_transaction AS movement;

-- trino, athena
SELECT
  CAST(movement.customer_id AS VARCHAR) AS customer_id,
  CAST(movement.booked_on AS DATE) AS booked_on,
  CAST(movement.amount AS DECIMAL(18, 2)) AS amount
FROM staging.customer_transaction AS movement;

-- spark
SELECT
  CAST(movement.customer_id AS STRING) AS customer_id,
  CAST(movement.booked_on AS DATE) AS booked_on,
  CAST(movement.amount AS DECIMAL(18, 2)) AS amount
FROM staging.customer_transaction AS movement;
