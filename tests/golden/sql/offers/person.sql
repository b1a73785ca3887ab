-- duckdb, trino, athena, spark
SELECT
  profile.customer_id,
  'person-' || profile.customer_id AS person_id,
  1 AS cluster_size,
  CAST(NULL AS DOUBLE) AS weakest_link
FROM staging.customer_credit_profiles AS profile;
