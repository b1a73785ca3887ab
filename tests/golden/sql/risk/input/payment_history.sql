-- duckdb
SELECT
  CAST(NULL AS TEXT) AS customer_id,
  CAST(NULL AS DATE) AS reported_on,
  CAST(NULL AS TEXT) AS payment_history
WHERE
  FALSE;

-- trino, athena
SELECT
  CAST(NULL AS VARCHAR) AS customer_id,
  CAST(NULL AS DATE) AS reported_on,
  CAST(NULL AS VARCHAR) AS payment_history
WHERE
  FALSE;

-- spark
SELECT
  CAST(NULL AS STRING) AS customer_id,
  CAST(NULL AS DATE) AS reported_on,
  CAST(NULL AS STRING) AS payment_history
WHERE
  FALSE;
