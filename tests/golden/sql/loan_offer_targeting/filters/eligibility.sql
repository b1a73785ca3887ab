-- duckdb, trino, athena
SELECT
  customer.customer_id,
  CASE
    WHEN DATE_DIFF('DAY', customer.last_offered_on, CAST('2026-02-20' AS DATE)) < CAST('90' AS BIGINT)
    THEN 'offered_within_days'
  END AS suppression,
  CASE WHEN NOT customer.is_reachable THEN 'opted_out' END AS contact
FROM loan_offer_targeting.customers AS customer;

-- spark
SELECT
  customer.customer_id,
  CASE
    WHEN DATEDIFF(DAY, customer.last_offered_on, CAST('2026-02-20' AS DATE)) < CAST('90' AS BIGINT)
    THEN 'offered_within_days'
  END AS suppression,
  CASE WHEN NOT customer.is_reachable THEN 'opted_out' END AS contact
FROM loan_offer_targeting.customers AS customer;
