-- duckdb, trino, athena
SELECT
  'borrowers' AS measure,
  COUNT(DISTINCT dataset.borrower_id) AS amount
FROM refi.unified_refi_dataset AS dataset;
