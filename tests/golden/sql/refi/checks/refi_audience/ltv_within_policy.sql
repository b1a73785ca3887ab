-- duckdb, trino, athena, spark
SELECT
  audience.person_id
FROM refi.refi_audience AS audience
WHERE
  audience.ltv_ratio IS NULL OR audience.ltv_ratio > CAST('80' AS DECIMAL(12, 6));
