-- duckdb
SELECT
  customer.customer_id,
  CASE
    WHEN customer.credit_score IS NULL
    THEN 'credit_score_missing'
    WHEN customer.credit_score < CAST(NULL AS BIGINT)
    THEN 'credit_score_below_min'
  END AS score,
  CASE
    WHEN customer.debt_to_income_ratio IS NULL
    THEN 'debt_to_income_ratio_missing'
    WHEN customer.debt_to_income_ratio > CAST('0.43' AS DECIMAL(9, 6))
    THEN 'dti_above_max'
  END AS debt,
  CASE
    WHEN customer.payment_history IS NULL
    THEN 'payment_history_missing'
    WHEN REGEXP_MATCHES(SUBSTRING(customer.payment_history, 1, CAST('12' AS BIGINT)), '[1-6]')
    THEN 'late_payment'
  END AS payments,
  CASE
    WHEN LENGTH(
      REGEXP_REPLACE(SUBSTRING(customer.payment_history, 1, CAST('12' AS BIGINT)), '[^0-6.]', '', 'g')
    ) < CAST('12' AS BIGINT)
    THEN 'payment_history_short'
  END AS months_known,
  CASE
    WHEN customer.existing_loans IS NULL
    THEN 'existing_loans_missing'
    WHEN customer.existing_loans > CAST('2' AS BIGINT)
    THEN 'too_many_loans'
  END AS loans
FROM loan_offer_targeting.customers AS customer;

-- trino, athena
SELECT
  customer.customer_id,
  CASE
    WHEN customer.credit_score IS NULL
    THEN 'credit_score_missing'
    WHEN customer.credit_score < CAST(NULL AS BIGINT)
    THEN 'credit_score_below_min'
  END AS score,
  CASE
    WHEN customer.debt_to_income_ratio IS NULL
    THEN 'debt_to_income_ratio_missing'
    WHEN customer.debt_to_income_ratio > CAST('0.43' AS DECIMAL(9, 6))
    THEN 'dti_above_max'
  END AS debt,
  CASE
    WHEN customer.payment_history IS NULL
    THEN 'payment_history_missing'
    WHEN REGEXP_LIKE(SUBSTR(customer.payment_history, 1, CAST('12' AS BIGINT)), '[1-6]')
    THEN 'late_payment'
  END AS payments,
  CASE
    WHEN LENGTH(
      REGEXP_REPLACE(SUBSTR(customer.payment_history, 1, CAST('12' AS BIGINT)), '[^0-6.]', '')
    ) < CAST('12' AS BIGINT)
    THEN 'payment_history_short'
  END AS months_known,
  CASE
    WHEN customer.existing_loans IS NULL
    THEN 'existing_loans_missing'
    WHEN customer.existing_loans > CAST('2' AS BIGINT)
    THEN 'too_many_loans'
  END AS loans
FROM loan_offer_targeting.customers AS customer;

-- spark
SELECT
  customer.customer_id,
  CASE
    WHEN customer.credit_score IS NULL
    THEN 'credit_score_missing'
    WHEN customer.credit_score < CAST(NULL AS BIGINT)
    THEN 'credit_score_below_min'
  END AS score,
  CASE
    WHEN customer.debt_to_income_ratio IS NULL
    THEN 'debt_to_income_ratio_missing'
    WHEN customer.debt_to_income_ratio > CAST('0.43' AS DECIMAL(9, 6))
    THEN 'dti_above_max'
  END AS debt,
  CASE
    WHEN customer.payment_history IS NULL
    THEN 'payment_history_missing'
    WHEN SUBSTRING(customer.payment_history, 1, CAST('12' AS BIGINT)) RLIKE '[1-6]'
    THEN 'late_payment'
  END AS payments,
  CASE
    WHEN LENGTH(
      REGEXP_REPLACE(SUBSTRING(customer.payment_history, 1, CAST('12' AS BIGINT)), '[^0-6.]', '')
    ) < CAST('12' AS BIGINT)
    THEN 'payment_history_short'
  END AS months_known,
  CASE
    WHEN customer.existing_loans IS NULL
    THEN 'existing_loans_missing'
    WHEN customer.existing_loans > CAST('2' AS BIGINT)
    THEN 'too_many_loans'
  END AS loans
FROM loan_offer_targeting.customers AS customer;
