-- Does the customer's credit allow another loan?
-- Of the payment history, the newest :min_payment_history months count; a month in which nothing was due is known, and
-- not late. Any character but 0 to 6 and . is a month that is not known.
-- grain: customer_id
-- rule credit_score_missing: credit_score is at least :min_credit_score;
--   else eligible when the credit score is known and is :min_credit_score or above.
-- rule credit_score_below_min: credit_score is at least :min_credit_score;
--   else eligible when the credit score is :min_credit_score or above.
-- rule debt_to_income_ratio_missing: debt_to_income_ratio is at most :max_debt_to_income;
--   else eligible when the debt-to-income ratio is known and is :max_debt_to_income or below.
-- rule dti_above_max: debt_to_income_ratio is at most :max_debt_to_income;
--   else eligible when the debt-to-income ratio is :max_debt_to_income or below.
-- rule payment_history_missing: payment_history is without a late payment in its newest :min_payment_history months;
--   else eligible when the newest :min_payment_history months of the payment history are known, without a late payment.
-- rule late_payment: payment_history is without a late payment in its newest :min_payment_history months;
--   else eligible when the newest :min_payment_history months of the payment history have no late payment.
-- rule payment_history_short: payment_history is known for its newest :min_payment_history months;
--   else eligible when the newest :min_payment_history months of the payment history are known.
-- rule existing_loans_missing: existing_loans is at most :max_existing_loans;
--   else eligible when the number of existing loans is known and is :max_existing_loans or fewer.
-- rule too_many_loans: existing_loans is at most :max_existing_loans;
--   else eligible when the number of existing loans is :max_existing_loans or fewer.
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
