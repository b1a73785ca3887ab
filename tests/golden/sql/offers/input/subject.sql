-- duckdb
SELECT DISTINCT
  CAST(application.customer_id AS TEXT) AS customer_id,
  CAST(application.decided_on AS DATE) AS as_of
FROM staging.application_history AS application;

-- trino, athena
SELECT DISTINCT
  CAST(application.customer_id AS VARCHAR) AS customer_id,
  CAST(application.decided_on AS DATE) AS as_of
FROM staging.application_history AS application;

-- spark
SELECT DISTINCT
  CAST(application.customer_id AS STRING) AS customer_id,
  CAST(application.decided_on AS DATE) AS as_of
FROM staging.application_history AS application;
