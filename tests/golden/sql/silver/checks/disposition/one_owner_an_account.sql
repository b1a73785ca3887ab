-- duckdb, trino, athena, spark
SELECT
  disposition.disposition_id
FROM silver.disposition AS disposition
INNER JOIN silver.disposition AS another
  ON another.account_id = disposition.account_id
  AND another.disposition_id < disposition.disposition_id
WHERE
  disposition.role = 'owner' AND another.role = 'owner';
