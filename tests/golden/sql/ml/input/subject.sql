-- duckdb
SELECT
  CAST(subject.customer_id AS TEXT) AS customer_id,
  CAST(subject.as_of AS DATE) AS as_of
FROM ml.subject AS subject;

-- trino, athena
SELECT
  CAST(subject.customer_id AS VARCHAR) AS customer_id,
  CAST(subject.as_of AS DATE) AS as_of
FROM ml.subject AS subject;

-- spark
SELECT
  CAST(subject.customer_id AS STRING) AS customer_id,
  CAST(subject.as_of AS DATE) AS as_of
FROM ml.subject AS subject;
