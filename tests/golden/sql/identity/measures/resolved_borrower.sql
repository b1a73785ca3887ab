-- duckdb, trino, athena
SELECT
  'persons' AS measure,
  COUNT(CASE WHEN resolved.cluster_size = 1 THEN 1 END) + COUNT(DISTINCT CASE WHEN resolved.cluster_size > 1 THEN resolved.person_id END) AS amount
FROM identity.resolved_borrower AS resolved
UNION ALL
SELECT
  'records in clusters' AS measure,
  COUNT(*) AS amount
FROM identity.resolved_borrower AS resolved
WHERE
  resolved.cluster_size > 1
UNION ALL
SELECT
  'largest cluster' AS measure,
  COALESCE(MAX(CAST(resolved.cluster_size AS BIGINT)), 0) AS amount
FROM identity.resolved_borrower AS resolved;
