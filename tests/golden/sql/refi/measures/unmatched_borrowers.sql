-- duckdb, trino, athena, spark
SELECT
  unmatched.reason AS measure,
  COUNT(*) AS amount
FROM refi.unmatched_borrowers AS unmatched
GROUP BY
  unmatched.reason
UNION ALL
SELECT
  'loans_without_borrower' AS measure,
  COUNT(*) AS amount
FROM staging.loan_information AS loan
LEFT JOIN staging.borrower_information AS borrower
  ON borrower.borrower_id = loan.borrower_id
WHERE
  borrower.borrower_id IS NULL;
