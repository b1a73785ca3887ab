-- duckdb
WITH least AS (
  SELECT
    price.credit_tier,
    MIN(price.monthly_payment) AS payment
  FROM loan_offer_targeting.price_list AS price
  GROUP BY
    price.credit_tier
)
SELECT
  customer.customer_id,
  customer.person_id,
  customer.credit_score,
  customer.income,
  customer.debt_to_income_ratio,
  customer.account_age,
  customer.deposit_balance,
  customer.existing_loans,
  customer.payment_history,
  customer.state,
  customer.identity_verified,
  customer.account_status,
  customer.employment_status,
  customer.income_variation,
  customer.savings_rate,
  customer.transactions_90d,
  customer.overdrafts_12m,
  customer.covered_borrower,
  customer.is_reachable,
  customer.last_offered_on,
  customer.segment_tier,
  customer.segment_amount,
  customer.segment_apr_pct,
  customer.state_is_licensed,
  customer.state_max_apr_pct,
  least.payment AS segment_least_payment,
  CAST(customer.last_offered_on + INTERVAL (CAST('90' AS BIGINT)) DAY AS DATE) AS suppressed_until
FROM loan_offer_targeting.customers AS customer
LEFT JOIN least
  ON least.credit_tier = customer.segment_tier
WHERE
  customer.customer_id = CAST('C1' AS TEXT);

-- trino, athena
WITH least AS (
  SELECT
    price.credit_tier,
    MIN(price.monthly_payment) AS payment
  FROM loan_offer_targeting.price_list AS price
  GROUP BY
    price.credit_tier
)
SELECT
  customer.customer_id,
  customer.person_id,
  customer.credit_score,
  customer.income,
  customer.debt_to_income_ratio,
  customer.account_age,
  customer.deposit_balance,
  customer.existing_loans,
  customer.payment_history,
  customer.state,
  customer.identity_verified,
  customer.account_status,
  customer.employment_status,
  customer.income_variation,
  customer.savings_rate,
  customer.transactions_90d,
  customer.overdrafts_12m,
  customer.covered_borrower,
  customer.is_reachable,
  customer.last_offered_on,
  customer.segment_tier,
  customer.segment_amount,
  customer.segment_apr_pct,
  customer.state_is_licensed,
  customer.state_max_apr_pct,
  least.payment AS segment_least_payment,
  CAST(DATE_ADD('DAY', CAST('90' AS BIGINT), customer.last_offered_on) AS DATE) AS suppressed_until
FROM loan_offer_targeting.customers AS customer
LEFT JOIN least
  ON least.credit_tier = customer.segment_tier
WHERE
  customer.customer_id = CAST('C1' AS VARCHAR);

-- spark
WITH least AS (
  SELECT
    price.credit_tier,
    MIN(price.monthly_payment) AS payment
  FROM loan_offer_targeting.price_list AS price
  GROUP BY
    price.credit_tier
)
SELECT
  customer.customer_id,
  customer.person_id,
  customer.credit_score,
  customer.income,
  customer.debt_to_income_ratio,
  customer.account_age,
  customer.deposit_balance,
  customer.existing_loans,
  customer.payment_history,
  customer.state,
  customer.identity_verified,
  customer.account_status,
  customer.employment_status,
  customer.income_variation,
  customer.savings_rate,
  customer.transactions_90d,
  customer.overdrafts_12m,
  customer.covered_borrower,
  customer.is_reachable,
  customer.last_offered_on,
  customer.segment_tier,
  customer.segment_amount,
  customer.segment_apr_pct,
  customer.state_is_licensed,
  customer.state_max_apr_pct,
  least.payment AS segment_least_payment,
  CAST(DATE_ADD(customer.last_offered_on, CAST(CAST('90' AS BIGINT) AS INT)) AS DATE) AS suppressed_until
FROM loan_offer_targeting.customers AS customer
LEFT JOIN least
  ON least.credit_tier = customer.segment_tier
WHERE
  customer.customer_id = CAST('C1' AS STRING);
