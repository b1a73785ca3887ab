-- duckdb, trino, athena
SELECT
  audience.borrower_id
FROM refi_audience AS audience
GROUP BY
  audience.borrower_id
HAVING
  COUNT(*) > 1;
