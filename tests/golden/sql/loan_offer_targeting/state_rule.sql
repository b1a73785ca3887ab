-- duckdb
SELECT
  CAST(NULL AS TEXT) AS state,
  CAST(NULL AS BOOLEAN) AS is_licensed,
  CAST(NULL AS DECIMAL(9, 6)) AS max_apr_pct
WHERE
  FALSE;

-- trino, athena
SELECT
  CAST(NULL AS VARCHAR) AS state,
  CAST(NULL AS BOOLEAN) AS is_licensed,
  CAST(NULL AS DECIMAL(9, 6)) AS max_apr_pct
WHERE
  FALSE;

-- spark
SELECT
  CAST(NULL AS STRING) AS state,
  CAST(NULL AS BOOLEAN) AS is_licensed,
  CAST(NULL AS DECIMAL(9, 6)) AS max_apr_pct
WHERE
  FALSE;
