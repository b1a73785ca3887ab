-- duckdb
SELECT
  borrower.borrower_id
FROM staging.borrower_information AS borrower
WHERE
  borrower.borrower_id = CAST('B1' AS TEXT);

-- trino, athena
SELECT
  borrower.borrower_id
FROM staging.borrower_information AS borrower
WHERE
  borrower.borrower_id = CAST('B1' AS VARCHAR);

-- spark
SELECT
  borrower.borrower_id
FROM staging.borrower_information AS borrower
WHERE
  borrower.borrower_id = CAST('B1' AS STRING);
