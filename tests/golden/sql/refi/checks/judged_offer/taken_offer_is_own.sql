-- duckdb, trino, athena, spark
SELECT
  judged.borrower_id,
  judged.loan_id
FROM refi.judged_offer AS judged
WHERE
  judged.is_taken
  AND (
    judged.offered_by IS NULL OR LOWER(judged.offered_by) <> 'own'
  );
