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
  loan.borrower_id = CAST('B1' AS TEXT) AND NOT loan.property_id IS NULL
UNION
SELECT
  joint_borrower.property_id
FROM staging.loan_information AS loan
INNER JOIN staging.loan_information AS joint_loan
  ON joint_loan.loan_id = loan.loan_id
INNER JOIN staging.borrower_information AS joint_borrower
  ON joint_borrower.borrower_id = joint_loan.borrower_id
WHERE
  loan.borrower_id = CAST('B1' AS TEXT)
  AND loan.property_id IS NULL
  AND NOT joint_borrower.property_id IS NULL;

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
  loan.borrower_id = CAST('B1' AS VARCHAR) AND NOT loan.property_id IS NULL
UNION
SELECT
  joint_borrower.property_id
FROM staging.loan_information AS loan
INNER JOIN staging.loan_information AS joint_loan
  ON joint_loan.loan_id = loan.loan_id
INNER JOIN staging.borrower_information AS joint_borrower
  ON joint_borrower.borrower_id = joint_loan.borrower_id
WHERE
  loan.borrower_id = CAST('B1' AS VARCHAR)
  AND loan.property_id IS NULL
  AND NOT joint_borrower.property_id IS NULL;

-- spark
SELECT
  borrower.property_id
FROM staging.borrower_information AS borrower
WHERE
  borrower.borrower_id = CAST('B1' AS STRING) AND NOT borrower.property_id IS NULL
UNION
SELECT
  loan.property_id
FROM staging.loan_information AS loan
WHERE
  loan.borrower_id = CAST('B1' AS STRING) AND NOT loan.property_id IS NULL
UNION
SELECT
  joint_borrower.property_id
FROM staging.loan_information AS loan
INNER JOIN staging.loan_information AS joint_loan
  ON joint_loan.loan_id = loan.loan_id
INNER JOIN staging.borrower_information AS joint_borrower
  ON joint_borrower.borrower_id = joint_loan.borrower_id
WHERE
  loan.borrower_id = CAST('B1' AS STRING)
  AND loan.property_id IS NULL
  AND NOT joint_borrower.property_id IS NULL;
