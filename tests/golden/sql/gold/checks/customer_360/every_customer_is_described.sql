-- duckdb, trino, athena, spark
SELECT DISTINCT
  disposition.client_id
FROM silver.disposition AS disposition
LEFT JOIN gold.customer_360 AS customer
  ON customer.client_id = disposition.client_id
WHERE
  customer.client_id IS NULL;
