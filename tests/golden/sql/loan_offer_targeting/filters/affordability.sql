-- duckdb
SELECT
  customer.customer_id,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.income_variation IS NULL
    THEN 'income_variation_missing'
    WHEN customer.income_variation > CAST('0.5' AS DECIMAL(9, 6))
    THEN 'income_unstable'
  END AS stability,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.employment_status IS NULL
    THEN 'employment_status_missing'
    WHEN NOT customer.employment_status IN (
      CAST('full_time' AS TEXT),
      CAST('part_time' AS TEXT),
      CAST('self_employed' AS TEXT),
      CAST('retired' AS TEXT),
      CAST('public_assistance' AS TEXT)
    )
    THEN 'employment_not_accepted'
  END AS employment,
  CASE
    WHEN customer.debt_to_income_ratio IS NULL
    THEN 'debt_to_income_ratio_missing'
  END AS debt,
  CASE WHEN customer.income IS NULL THEN 'income_missing' END AS income,
  CASE
    WHEN customer.segment_amount < CAST('1000' AS DECIMAL(18, 2))
    THEN 'amount_below_min'
  END AS amount
FROM loan_offer_targeting.customers AS customer;

-- trino, athena
SELECT
  customer.customer_id,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.income_variation IS NULL
    THEN 'income_variation_missing'
    WHEN customer.income_variation > CAST('0.5' AS DECIMAL(9, 6))
    THEN 'income_unstable'
  END AS stability,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.employment_status IS NULL
    THEN 'employment_status_missing'
    WHEN NOT customer.employment_status IN (
      CAST('full_time' AS VARCHAR),
      CAST('part_time' AS VARCHAR),
      CAST('self_employed' AS VARCHAR),
      CAST('retired' AS VARCHAR),
      CAST('public_assistance' AS VARCHAR)
    )
    THEN 'employment_not_accepted'
  END AS employment,
  CASE
    WHEN customer.debt_to_income_ratio IS NULL
    THEN 'debt_to_income_ratio_missing'
  END AS debt,
  CASE WHEN customer.income IS NULL THEN 'income_missing' END AS income,
  CASE
    WHEN customer.segment_amount < CAST('1000' AS DECIMAL(18, 2))
    THEN 'amount_below_min'
  END AS amount
FROM loan_offer_targeting.customers AS customer;

-- spark
SELECT
  customer.customer_id,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.income_variation IS NULL
    THEN 'income_variation_missing'
    WHEN customer.income_variation > CAST('0.5' AS DECIMAL(9, 6))
    THEN 'income_unstable'
  END AS stability,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.employment_status IS NULL
    THEN 'employment_status_missing'
    WHEN NOT customer.employment_status IN (
      CAST('full_time' AS STRING),
      CAST('part_time' AS STRING),
      CAST('self_employed' AS STRING),
      CAST('retired' AS STRING),
      CAST('public_assistance' AS STRING)
    )
    THEN 'employment_not_accepted'
  END AS employment,
  CASE
    WHEN customer.debt_to_income_ratio IS NULL
    THEN 'debt_to_income_ratio_missing'
  END AS debt,
  CASE WHEN customer.income IS NULL THEN 'income_missing' END AS income,
  CASE
    WHEN customer.segment_amount < CAST('1000' AS DECIMAL(18, 2))
    THEN 'amount_below_min'
  END AS amount
FROM loan_offer_targeting.customers AS customer;
