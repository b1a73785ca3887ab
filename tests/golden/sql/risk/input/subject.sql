-- duckdb
SELECT
  CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
  CAST(subject.as_of AS DATE) AS as_of
FROM risk.subject AS subject;

-- trino, athena
SELECT
  CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
  CAST(subject.as_of AS DATE) AS as_of
FROM risk.subject AS subject;

-- spark
SELECT
  CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
  CAST(subject.as_of AS DATE) AS as_of
FROM risk.subject AS subject;
