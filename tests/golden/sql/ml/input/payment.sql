-- duckdb
SELECT
  CAST(payment.customer_id AS TEXT) AS customer_id,
  CAST(payment.due_on AS DATE) AS due_on,
  CAST(payment.paid_on AS DATE) AS paid_on
FROM staging.customer_payment AS payment;

-- trino, athena
SELECT
  CAST(payment.customer_id AS VARCHAR) AS customer_id,
  CAST(payment.due_on AS DATE) AS due_on,
  CAST(payment.paid_on AS DATE) AS paid_on
FROM staging.customer_payment AS payment;

-- spark
SELECT
  CAST(payment.customer_id AS STRING) AS customer_id,
  CAST(payment.due_on AS DATE) AS due_on,
  CAST(payment.paid_on AS DATE) AS paid_on
FROM staging.customer_payment AS payment;
