-- duckdb
SELECT
  resolved.borrower_id,
  resolved.person_id,
  resolved.cluster_size,
  resolved.weakest_link
FROM identity.resolved_borrower AS resolved
WHERE
  resolved.borrower_id = CAST('B1' AS TEXT)
  OR resolved.borrower_id = CAST('B2' AS TEXT);

-- trino, athena
SELECT
  resolved.borrower_id,
  resolved.person_id,
  resolved.cluster_size,
  resolved.weakest_link
FROM identity.resolved_borrower AS resolved
WHERE
  resolved.borrower_id = CAST('B1' AS VARCHAR)
  OR resolved.borrower_id = CAST('B2' AS VARCHAR);

-- spark
SELECT
  resolved.borrower_id,
  resolved.person_id,
  resolved.cluster_size,
  resolved.weakest_link
FROM identity.resolved_borrower AS resolved
WHERE
  resolved.borrower_id = CAST('B1' AS STRING)
  OR resolved.borrower_id = CAST('B2' AS STRING);
