-- duckdb, trino, athena
SELECT
  audience.person_id
FROM refi.refi_audience AS audience
GROUP BY
  audience.person_id
HAVING
  COUNT(*) > 1;
