-- duckdb
SELECT
  CAST(application.customer_id AS TEXT) AS customer_id,
  CAST(application.decided_on AS DATE) AS reported_on,
  CAST(application.payment_history AS TEXT) AS payment_history
FROM staging.application_history AS application;

-- trino, athena
SELECT
  CAST(application.customer_id AS VARCHAR) AS customer_id,
  CAST(application.decided_on AS DATE) AS reported_on,
  CAST(application.payment_history AS VARCHAR) AS payment_history
FROM staging.application_history AS application;

-- spark
SELECT
  CAST(application.customer_id AS STRING) AS customer_id,
  CAST(application.decided_on AS DATE) AS reported_on,
  CAST(application.payment_history AS STRING) AS payment_history
FROM staging.application_history AS application;
