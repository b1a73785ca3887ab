-- duckdb, trino, athena, spark
SELECT
  borrower.borrower_id,
  'person-' || borrower.borrower_id AS person_id,
  1 AS cluster_size,
  CAST(NULL AS DOUBLE) AS weakest_link
FROM staging.borrower_information AS borrower;
