-- duckdb
SELECT
  CAST(NULL AS TEXT) AS event,
  resolved.person_id,
  resolved.person_id AS from_person_id,
  CAST(0 AS BIGINT) AS borrowers
FROM identity.resolved_borrower AS resolved
WHERE
  FALSE;

-- trino, athena
SELECT
  CAST(NULL AS VARCHAR) AS event,
  resolved.person_id,
  resolved.person_id AS from_person_id,
  CAST(0 AS BIGINT) AS borrowers
FROM identity.resolved_borrower AS resolved
WHERE
  FALSE;

-- spark
SELECT
  CAST(NULL AS STRING) AS event,
  resolved.person_id,
  resolved.person_id AS from_person_id,
  CAST(0 AS BIGINT) AS borrowers
FROM identity.resolved_borrower AS resolved
WHERE
  FALSE;
