-- duckdb
SELECT
  borrower.property_id
FROM staging.borrower_information AS borrower
WHERE
  borrower.borrower_id = CAST('B1' AS TEXT) AND NOT borrower.property_id IS NULL
UNION
SELECT
  loan.property_id
FROM staging.loan_information AS loan
WHERE
  loan.borrower_id = CAST('B1' AS TEXT) AND NOT loan.property_id IS NULL;

-- trino, athena
SELECT
  borrower.property_id
FROM staging.borrower_information AS borrower
WHERE
  borrower.borrower_id = CAST('B1' AS VARCHAR) AND NOT borrower.property_id IS NULL
UNION
SELECT
  loan.property_id
FROM staging.loan_information AS loan
WHERE
  loan.borrower_id = CAST('B1' AS VARCHAR) AND NOT loan.property_id IS NULL;
