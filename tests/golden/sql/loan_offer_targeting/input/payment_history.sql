-- duckdb
SELECT
  CAST(customer.customer_id AS TEXT) AS customer_id,
  CAST(CAST('2026-02-20' AS DATE) AS DATE) AS reported_on,
  CAST(customer.payment_history AS TEXT) AS payment_history
FROM loan_offer_targeting.customers AS customer;

-- trino, athena
SELECT
  CAST(customer.customer_id AS VARCHAR) AS customer_id,
  CAST(CAST('2026-02-20' AS DATE) AS DATE) AS reported_on,
  CAST(customer.payment_history AS VARCHAR) AS payment_history
FROM loan_offer_targeting.customers AS customer;

-- spark
SELECT
  CAST(customer.customer_id AS STRING) AS customer_id,
  CAST(CAST('2026-02-20' AS DATE) AS DATE) AS reported_on,
  CAST(customer.payment_history AS STRING) AS payment_history
FROM loan_offer_targeting.customers AS customer;
