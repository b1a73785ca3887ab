-- duckdb
SELECT
  judged.customer_id,
  'trust' AS filter_id,
  CAST(1 AS INT) AS filter_place,
  CAST(1 AS INT) AS rule_place,
  judged.identity AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.identity IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'trust' AS filter_id,
  CAST(1 AS INT) AS filter_place,
  CAST(2 AS INT) AS rule_place,
  judged.account AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.account IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INT) AS filter_place,
  CAST(1 AS INT) AS rule_place,
  judged.score AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.score IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INT) AS filter_place,
  CAST(2 AS INT) AS rule_place,
  judged.debt AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.debt IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INT) AS filter_place,
  CAST(3 AS INT) AS rule_place,
  judged.payments AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.payments IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INT) AS filter_place,
  CAST(4 AS INT) AS rule_place,
  judged.months_known AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.months_known IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INT) AS filter_place,
  CAST(5 AS INT) AS rule_place,
  judged.loans AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.loans IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INT) AS filter_place,
  CAST(1 AS INT) AS rule_place,
  judged.stability AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.stability IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INT) AS filter_place,
  CAST(2 AS INT) AS rule_place,
  judged.employment AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.employment IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INT) AS filter_place,
  CAST(3 AS INT) AS rule_place,
  judged.debt AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.debt IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INT) AS filter_place,
  CAST(4 AS INT) AS rule_place,
  judged.income AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.income IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INT) AS filter_place,
  CAST(5 AS INT) AS rule_place,
  judged.amount AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.amount IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'eligibility' AS filter_id,
  CAST(4 AS INT) AS filter_place,
  CAST(1 AS INT) AS rule_place,
  judged.suppression AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN DATE_DIFF('DAY', customer.last_offered_on, CAST('2026-02-20' AS DATE)) < CAST('90' AS BIGINT)
      THEN 'offered_within_days'
    END AS suppression,
    CASE WHEN NOT customer.is_reachable THEN 'opted_out' END AS contact
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.suppression IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'eligibility' AS filter_id,
  CAST(4 AS INT) AS filter_place,
  CAST(2 AS INT) AS rule_place,
  judged.contact AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN DATE_DIFF('DAY', customer.last_offered_on, CAST('2026-02-20' AS DATE)) < CAST('90' AS BIGINT)
      THEN 'offered_within_days'
    END AS suppression,
    CASE WHEN NOT customer.is_reachable THEN 'opted_out' END AS contact
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.contact IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'regulatory-compliance' AS filter_id,
  CAST(5 AS INT) AS filter_place,
  CAST(1 AS INT) AS rule_place,
  judged.state AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.state IS NULL
      THEN 'state_missing'
      WHEN customer.state IN (CAST('' AS TEXT))
      THEN 'state_excluded'
      WHEN customer.state_is_licensed
      THEN NULL
      ELSE 'state_excluded'
    END AS state,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
      OR customer.segment_apr_pct IS NULL
      THEN NULL
      WHEN customer.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN customer.covered_borrower
      THEN 'covered_borrower'
    END AS military
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.state IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'regulatory-compliance' AS filter_id,
  CAST(5 AS INT) AS filter_place,
  CAST(2 AS INT) AS rule_place,
  judged.rate_cap AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.state IS NULL
      THEN 'state_missing'
      WHEN customer.state IN (CAST('' AS TEXT))
      THEN 'state_excluded'
      WHEN customer.state_is_licensed
      THEN NULL
      ELSE 'state_excluded'
    END AS state,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
      OR customer.segment_apr_pct IS NULL
      THEN NULL
      WHEN customer.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN customer.covered_borrower
      THEN 'covered_borrower'
    END AS military
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.rate_cap IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'regulatory-compliance' AS filter_id,
  CAST(5 AS INT) AS filter_place,
  CAST(3 AS INT) AS rule_place,
  judged.military AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.state IS NULL
      THEN 'state_missing'
      WHEN customer.state IN (CAST('' AS TEXT))
      THEN 'state_excluded'
      WHEN customer.state_is_licensed
      THEN NULL
      ELSE 'state_excluded'
    END AS state,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
      OR customer.segment_apr_pct IS NULL
      THEN NULL
      WHEN customer.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN customer.covered_borrower
      THEN 'covered_borrower'
    END AS military
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.military IS NULL;

-- trino, athena
SELECT
  judged.customer_id,
  'trust' AS filter_id,
  CAST(1 AS INTEGER) AS filter_place,
  CAST(1 AS INTEGER) AS rule_place,
  judged.identity AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.identity IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'trust' AS filter_id,
  CAST(1 AS INTEGER) AS filter_place,
  CAST(2 AS INTEGER) AS rule_place,
  judged.account AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.account IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INTEGER) AS filter_place,
  CAST(1 AS INTEGER) AS rule_place,
  judged.score AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.score IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INTEGER) AS filter_place,
  CAST(2 AS INTEGER) AS rule_place,
  judged.debt AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.debt IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INTEGER) AS filter_place,
  CAST(3 AS INTEGER) AS rule_place,
  judged.payments AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.payments IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INTEGER) AS filter_place,
  CAST(4 AS INTEGER) AS rule_place,
  judged.months_known AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.months_known IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INTEGER) AS filter_place,
  CAST(5 AS INTEGER) AS rule_place,
  judged.loans AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.loans IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INTEGER) AS filter_place,
  CAST(1 AS INTEGER) AS rule_place,
  judged.stability AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.stability IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INTEGER) AS filter_place,
  CAST(2 AS INTEGER) AS rule_place,
  judged.employment AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.employment IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INTEGER) AS filter_place,
  CAST(3 AS INTEGER) AS rule_place,
  judged.debt AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.debt IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INTEGER) AS filter_place,
  CAST(4 AS INTEGER) AS rule_place,
  judged.income AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.income IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INTEGER) AS filter_place,
  CAST(5 AS INTEGER) AS rule_place,
  judged.amount AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.amount IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'eligibility' AS filter_id,
  CAST(4 AS INTEGER) AS filter_place,
  CAST(1 AS INTEGER) AS rule_place,
  judged.suppression AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN DATE_DIFF('DAY', customer.last_offered_on, CAST('2026-02-20' AS DATE)) < CAST('90' AS BIGINT)
      THEN 'offered_within_days'
    END AS suppression,
    CASE WHEN NOT customer.is_reachable THEN 'opted_out' END AS contact
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.suppression IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'eligibility' AS filter_id,
  CAST(4 AS INTEGER) AS filter_place,
  CAST(2 AS INTEGER) AS rule_place,
  judged.contact AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN DATE_DIFF('DAY', customer.last_offered_on, CAST('2026-02-20' AS DATE)) < CAST('90' AS BIGINT)
      THEN 'offered_within_days'
    END AS suppression,
    CASE WHEN NOT customer.is_reachable THEN 'opted_out' END AS contact
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.contact IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'regulatory-compliance' AS filter_id,
  CAST(5 AS INTEGER) AS filter_place,
  CAST(1 AS INTEGER) AS rule_place,
  judged.state AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.state IS NULL
      THEN 'state_missing'
      WHEN customer.state IN (CAST('' AS VARCHAR))
      THEN 'state_excluded'
      WHEN customer.state_is_licensed
      THEN NULL
      ELSE 'state_excluded'
    END AS state,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
      OR customer.segment_apr_pct IS NULL
      THEN NULL
      WHEN customer.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN customer.covered_borrower
      THEN 'covered_borrower'
    END AS military
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.state IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'regulatory-compliance' AS filter_id,
  CAST(5 AS INTEGER) AS filter_place,
  CAST(2 AS INTEGER) AS rule_place,
  judged.rate_cap AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.state IS NULL
      THEN 'state_missing'
      WHEN customer.state IN (CAST('' AS VARCHAR))
      THEN 'state_excluded'
      WHEN customer.state_is_licensed
      THEN NULL
      ELSE 'state_excluded'
    END AS state,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
      OR customer.segment_apr_pct IS NULL
      THEN NULL
      WHEN customer.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN customer.covered_borrower
      THEN 'covered_borrower'
    END AS military
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.rate_cap IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'regulatory-compliance' AS filter_id,
  CAST(5 AS INTEGER) AS filter_place,
  CAST(3 AS INTEGER) AS rule_place,
  judged.military AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.state IS NULL
      THEN 'state_missing'
      WHEN customer.state IN (CAST('' AS VARCHAR))
      THEN 'state_excluded'
      WHEN customer.state_is_licensed
      THEN NULL
      ELSE 'state_excluded'
    END AS state,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
      OR customer.segment_apr_pct IS NULL
      THEN NULL
      WHEN customer.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN customer.covered_borrower
      THEN 'covered_borrower'
    END AS military
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.military IS NULL;

-- spark
SELECT
  judged.customer_id,
  'trust' AS filter_id,
  CAST(1 AS INT) AS filter_place,
  CAST(1 AS INT) AS rule_place,
  judged.identity AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.identity IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'trust' AS filter_id,
  CAST(1 AS INT) AS filter_place,
  CAST(2 AS INT) AS rule_place,
  judged.account AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.account IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INT) AS filter_place,
  CAST(1 AS INT) AS rule_place,
  judged.score AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.score IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INT) AS filter_place,
  CAST(2 AS INT) AS rule_place,
  judged.debt AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.debt IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INT) AS filter_place,
  CAST(3 AS INT) AS rule_place,
  judged.payments AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.payments IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INT) AS filter_place,
  CAST(4 AS INT) AS rule_place,
  judged.months_known AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.months_known IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'credit-qualification' AS filter_id,
  CAST(2 AS INT) AS filter_place,
  CAST(5 AS INT) AS rule_place,
  judged.loans AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.loans IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INT) AS filter_place,
  CAST(1 AS INT) AS rule_place,
  judged.stability AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.stability IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INT) AS filter_place,
  CAST(2 AS INT) AS rule_place,
  judged.employment AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.employment IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INT) AS filter_place,
  CAST(3 AS INT) AS rule_place,
  judged.debt AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.debt IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INT) AS filter_place,
  CAST(4 AS INT) AS rule_place,
  judged.income AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.income IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'affordability' AS filter_id,
  CAST(3 AS INT) AS filter_place,
  CAST(5 AS INT) AS rule_place,
  judged.amount AS code
FROM (
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
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.amount IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'eligibility' AS filter_id,
  CAST(4 AS INT) AS filter_place,
  CAST(1 AS INT) AS rule_place,
  judged.suppression AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN DATEDIFF(DAY, customer.last_offered_on, CAST('2026-02-20' AS DATE)) < CAST('90' AS BIGINT)
      THEN 'offered_within_days'
    END AS suppression,
    CASE WHEN NOT customer.is_reachable THEN 'opted_out' END AS contact
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.suppression IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'eligibility' AS filter_id,
  CAST(4 AS INT) AS filter_place,
  CAST(2 AS INT) AS rule_place,
  judged.contact AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN DATEDIFF(DAY, customer.last_offered_on, CAST('2026-02-20' AS DATE)) < CAST('90' AS BIGINT)
      THEN 'offered_within_days'
    END AS suppression,
    CASE WHEN NOT customer.is_reachable THEN 'opted_out' END AS contact
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.contact IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'regulatory-compliance' AS filter_id,
  CAST(5 AS INT) AS filter_place,
  CAST(1 AS INT) AS rule_place,
  judged.state AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.state IS NULL
      THEN 'state_missing'
      WHEN customer.state IN (CAST('' AS STRING))
      THEN 'state_excluded'
      WHEN customer.state_is_licensed
      THEN NULL
      ELSE 'state_excluded'
    END AS state,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
      OR customer.segment_apr_pct IS NULL
      THEN NULL
      WHEN customer.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN customer.covered_borrower
      THEN 'covered_borrower'
    END AS military
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.state IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'regulatory-compliance' AS filter_id,
  CAST(5 AS INT) AS filter_place,
  CAST(2 AS INT) AS rule_place,
  judged.rate_cap AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.state IS NULL
      THEN 'state_missing'
      WHEN customer.state IN (CAST('' AS STRING))
      THEN 'state_excluded'
      WHEN customer.state_is_licensed
      THEN NULL
      ELSE 'state_excluded'
    END AS state,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
      OR customer.segment_apr_pct IS NULL
      THEN NULL
      WHEN customer.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN customer.covered_borrower
      THEN 'covered_borrower'
    END AS military
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.rate_cap IS NULL
UNION ALL
SELECT
  judged.customer_id,
  'regulatory-compliance' AS filter_id,
  CAST(5 AS INT) AS filter_place,
  CAST(3 AS INT) AS rule_place,
  judged.military AS code
FROM (
  SELECT
    customer.customer_id,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.state IS NULL
      THEN 'state_missing'
      WHEN customer.state IN (CAST('' AS STRING))
      THEN 'state_excluded'
      WHEN customer.state_is_licensed
      THEN NULL
      ELSE 'state_excluded'
    END AS state,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
      OR customer.segment_apr_pct IS NULL
      THEN NULL
      WHEN customer.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN customer.covered_borrower
      THEN 'covered_borrower'
    END AS military
  FROM loan_offer_targeting.customers AS customer
) AS judged
WHERE
  NOT judged.military IS NULL;
