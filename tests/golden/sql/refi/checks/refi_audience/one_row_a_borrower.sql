-- duckdb, trino, athena, spark
SELECT
  MIN(audience.person_id) AS person_id
FROM refi.refi_audience AS audience
GROUP BY
  audience.borrower_id
HAVING
  COUNT(*) > 1;
