-- duckdb, trino, athena, spark
SELECT
  audience.person_id
FROM refi.refi_audience AS audience
WHERE
  audience.monthly_savings_est < CAST('0' AS DECIMAL(18, 2));
