-- duckdb, trino, athena
SELECT
  'borrowers' AS measure,
  COUNT(DISTINCT dataset.borrower_id) AS amount
FROM unified_refi_dataset AS dataset;
