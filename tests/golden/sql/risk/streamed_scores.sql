-- duckdb
SELECT
  CAST(NULL AS TEXT) AS borrower_id,
  CAST(NULL AS DATE) AS as_of,
  CAST(NULL AS DECIMAL(9, 6)) AS probability,
  CAST(NULL AS TEXT) AS band,
  CAST(NULL AS TEXT) AS reasons,
  CAST(NULL AS BIGINT) AS version,
  CAST(NULL AS TIMESTAMP) AS processed_at
WHERE
  FALSE;

-- trino, athena
SELECT
  CAST(NULL AS VARCHAR) AS borrower_id,
  CAST(NULL AS DATE) AS as_of,
  CAST(NULL AS DECIMAL(9, 6)) AS probability,
  CAST(NULL AS VARCHAR) AS band,
  CAST(NULL AS VARCHAR) AS reasons,
  CAST(NULL AS BIGINT) AS version,
  CAST(NULL AS TIMESTAMP) AS processed_at
WHERE
  FALSE;

-- spark
SELECT
  CAST(NULL AS STRING) AS borrower_id,
  CAST(NULL AS DATE) AS as_of,
  CAST(NULL AS DECIMAL(9, 6)) AS probability,
  CAST(NULL AS STRING) AS band,
  CAST(NULL AS STRING) AS reasons,
  CAST(NULL AS BIGINT) AS version,
  CAST(NULL AS TIMESTAMP) AS processed_at
WHERE
  FALSE;
