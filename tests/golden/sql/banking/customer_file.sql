-- duckdb, trino, athena
SELECT
  customer.client_id,
  customer.sex,
  customer.district_id,
  customer.region,
  customer.customer_since,
  customer.owned_accounts,
  customer.used_accounts,
  customer.currencies,
  customer.currency,
  customer.closing_balance,
  customer.mean_inflow,
  customer.mean_outflow,
  customer.days_below_zero,
  customer.cards,
  customer.loans,
  customer.has_default,
  customer.standing_orders,
  customer.next_product
FROM gold.customer_360 AS customer
ORDER BY
  customer.client_id ASC;

-- spark
SELECT
  customer.client_id,
  customer.sex,
  customer.district_id,
  customer.region,
  customer.customer_since,
  customer.owned_accounts,
  customer.used_accounts,
  customer.currencies,
  customer.currency,
  customer.closing_balance,
  customer.mean_inflow,
  customer.mean_outflow,
  customer.days_below_zero,
  customer.cards,
  customer.loans,
  customer.has_default,
  customer.standing_orders,
  customer.next_product
FROM gold.customer_360 AS customer
ORDER BY
  customer.client_id ASC NULLS LAST;
