-- duckdb, trino, athena, spark
SELECT
  'borrowers' AS measure,
  COUNT(DISTINCT dataset.borrower_id) AS amount
FROM refi.unified_refi_dataset AS dataset
UNION ALL
SELECT
  'engagement_without_borrower' AS measure,
  COUNT(*) AS amount
FROM staging.borrower_engagement AS engagement
LEFT JOIN staging.borrower_information AS borrower
  ON borrower.borrower_id = engagement.borrower_id
WHERE
  borrower.borrower_id IS NULL;
