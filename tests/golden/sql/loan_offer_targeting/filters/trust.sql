-- duckdb, trino, athena, spark
SELECT
  customer.customer_id,
  CASE
    WHEN customer.identity_verified IS NULL
    THEN 'identity_verified_missing'
    WHEN NOT customer.identity_verified
    THEN 'identity_unverified'
  END AS identity,
  CASE
    WHEN customer.account_status IS NULL
    THEN 'account_status_missing'
    WHEN customer.account_status <> 'active'
    THEN 'account_not_active'
  END AS account
FROM loan_offer_targeting.customers AS customer;
