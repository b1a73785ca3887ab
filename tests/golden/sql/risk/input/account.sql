-- duckdb
SELECT
  CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
  CAST(borrower.opened_on AS DATE) AS opened_on
FROM risk.subject AS subject
INNER JOIN staging.portfolio_borrower AS borrower
  ON borrower.borrower_id = subject.borrower_id;

-- trino, athena
SELECT
  CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
  CAST(borrower.opened_on AS DATE) AS opened_on
FROM risk.subject AS subject
INNER JOIN staging.portfolio_borrower AS borrower
  ON borrower.borrower_id = subject.borrower_id;

-- spark
SELECT
  CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
  CAST(borrower.opened_on AS DATE) AS opened_on
FROM risk.subject AS subject
INNER JOIN staging.portfolio_borrower AS borrower
  ON borrower.borrower_id = subject.borrower_id;
