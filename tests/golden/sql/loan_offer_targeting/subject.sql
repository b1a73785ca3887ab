-- duckdb, trino, athena, spark
SELECT
  customer.customer_id,
  CAST('2026-02-20' AS DATE) AS as_of
FROM loan_offer_targeting.customers AS customer
LEFT JOIN loan_offer_targeting.judged AS judged
  ON judged.customer_id = customer.customer_id
WHERE
  judged.customer_id IS NULL;
