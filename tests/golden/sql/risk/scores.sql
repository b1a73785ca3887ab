-- duckdb
SELECT
  features.borrower_id,
  features.as_of,
  CAST(NULL AS DECIMAL(9, 6)) AS probability,
  CAST(NULL AS TEXT) AS band,
  CAST(NULL AS TEXT) AS reasons,
  CAST(NULL AS BIGINT) AS version
FROM risk.features AS features
WHERE
  FALSE;

-- trino, athena
SELECT
  features.borrower_id,
  features.as_of,
  CAST(NULL AS DECIMAL(9, 6)) AS probability,
  CAST(NULL AS VARCHAR) AS band,
  CAST(NULL AS VARCHAR) AS reasons,
  CAST(NULL AS BIGINT) AS version
FROM risk.features AS features
WHERE
  FALSE;

-- spark
SELECT
  features.borrower_id,
  features.as_of,
  CAST(NULL AS DECIMAL(9, 6)) AS probability,
  CAST(NULL AS STRING) AS band,
  CAST(NULL AS STRING) AS reasons,
  CAST(NULL AS BIGINT) AS version
FROM risk.features AS features
WHERE
  FALSE;
