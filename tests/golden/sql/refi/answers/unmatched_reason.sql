-- duckdb
SELECT
  unmatched.reason
FROM refi.unmatched_borrowers AS unmatched
WHERE
  unmatched.borrower_id = CAST('B1' AS TEXT);

-- trino, athena
SELECT
  unmatched.reason
FROM refi.unmatched_borrowers AS unmatched
WHERE
  unmatched.borrower_id = CAST('B1' AS VARCHAR);

-- spark
SELECT
  unmatched.reason
FROM refi.unmatched_borrowers AS unmatched
WHERE
  unmatched.borrower_id = CAST('B1' AS STRING);
