-- duckdb
SELECT
  CAST(NULL AS TEXT) AS customer_id,
  CAST(NULL AS DATE) AS due_on,
  CAST(NULL AS DATE) AS paid_on
WHERE
  FALSE;

-- trino, athena
SELECT
  CAST(NULL AS VARCHAR) AS customer_id,
  CAST(NULL AS DATE) AS due_on,
  CAST(NULL AS DATE) AS paid_on
WHERE
  FALSE;

-- spark
SELECT
  CAST(NULL AS STRING) AS customer_id,
  CAST(NULL AS DATE) AS due_on,
  CAST(NULL AS DATE) AS paid_on
WHERE
  FALSE;
