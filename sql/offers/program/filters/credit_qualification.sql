-- Does the customer's credit allow another loan?
-- Of the payment history, the newest :min_payment_history months count; a month in which nothing was due is known, and
-- not late. Any character but 0 to 6 and . is a month that is not known.
-- grain: customer_id
-- rule credit_score_missing: The credit score is unknown.
-- rule credit_score_below_min: The credit score is below :min_credit_score.
-- rule debt_to_income_ratio_missing: The debt-to-income ratio is unknown.
-- rule dti_above_max: The debt-to-income ratio is above :max_debt_to_income.
-- rule payment_history_missing: The payment history is unknown.
-- rule late_payment: A payment of the newest :min_payment_history months was a month late or more.
-- rule payment_history_short: Fewer than :min_payment_history months of the payment history are known.
-- rule existing_loans_missing: The number of existing loans is unknown.
-- rule too_many_loans: The customer has more than :max_existing_loans loans.
SELECT
    customer.customer_id,
    CASE
        WHEN customer.credit_score IS NULL THEN 'credit_score_missing'
        WHEN customer.credit_score < :min_credit_score THEN 'credit_score_below_min'
    END AS score,
    CASE
        WHEN customer.debt_to_income_ratio IS NULL THEN 'debt_to_income_ratio_missing'
        WHEN customer.debt_to_income_ratio > :max_debt_to_income THEN 'dti_above_max'
    END AS debt,
    CASE
        WHEN customer.payment_history IS NULL THEN 'payment_history_missing'
        WHEN REGEXP_LIKE(SUBSTR(customer.payment_history, 1, :min_payment_history), '[1-6]') THEN 'late_payment'
    END AS payments,
    CASE
        WHEN LENGTH(REGEXP_REPLACE(SUBSTR(customer.payment_history, 1, :min_payment_history), '[^0-6.]', ''))
            < :min_payment_history THEN 'payment_history_short'
    END AS months_known,
    CASE
        WHEN customer.existing_loans IS NULL THEN 'existing_loans_missing'
        WHEN customer.existing_loans > :max_existing_loans THEN 'too_many_loans'
    END AS loans
FROM program.customers AS customer
