-- duckdb
SELECT
  CAST(NULL AS TEXT) AS borrower_id,
  CAST(NULL AS DATE) AS as_of,
  CAST(NULL AS DECIMAL(9, 6)) AS probability,
  CAST(NULL AS TEXT) AS band
WHERE
  FALSE;

-- trino, athena
SELECT
  CAST(NULL AS VARCHAR) AS borrower_id,
  CAST(NULL AS DATE) AS as_of,
  CAST(NULL AS DECIMAL(9, 6)) AS probability,
  CAST(NULL AS VARCHAR) AS band
WHERE
  FALSE;

-- spark
SELECT
  CAST(NULL AS STRING) AS borrower_id,
  CAST(NULL AS DATE) AS as_of,
  CAST(NULL AS DECIMAL(9, 6)) AS probability,
  CAST(NULL AS STRING) AS band
WHERE
  FALSE;
