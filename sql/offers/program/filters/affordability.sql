-- Can the customer afford the smallest loan, from an income that is steady?
-- grain: customer_id
-- rule income_variation_missing: income_variation is at most :max_income_variation
--   (checkIncomeStability: :check_income_stability);
--   else eligible when the variation of the income is known and is :max_income_variation or below.
-- rule income_unstable: income_variation is at most :max_income_variation
--   (checkIncomeStability: :check_income_stability);
--   else eligible when the variation of the income is :max_income_variation or below.
-- rule employment_status_missing: employment_status is among :employment_accepted
--   (checkEmploymentStatus: :check_employment_status);
--   else eligible when the employment status is known and is among :employment_accepted.
-- rule employment_not_accepted: employment_status is among :employment_accepted
--   (checkEmploymentStatus: :check_employment_status);
--   else eligible when the employment status is among :employment_accepted.
-- rule debt_to_income_ratio_missing: debt_to_income_ratio is known;
--   else eligible when the debt-to-income ratio is known.
-- rule income_missing: income is known; else eligible when the income is known.
-- rule amount_below_min: segment_amount is at least :min_loan_amount USD;
--   else eligible when the income has room for a payment of :segment_least_payment USD a month or more,
--   or else the amount that the customer can afford is :min_loan_amount USD or more.
SELECT
    customer.customer_id,
    CASE
        WHEN NOT :check_income_stability THEN NULL
        WHEN customer.income_variation IS NULL THEN 'income_variation_missing'
        WHEN customer.income_variation > :max_income_variation THEN 'income_unstable'
    END AS stability,
    CASE
        WHEN NOT :check_employment_status THEN NULL
        WHEN customer.employment_status IS NULL THEN 'employment_status_missing'
        WHEN customer.employment_status NOT IN (:employment_accepted) THEN 'employment_not_accepted'
    END AS employment,
    CASE WHEN customer.debt_to_income_ratio IS NULL THEN 'debt_to_income_ratio_missing' END AS debt,
    CASE WHEN customer.income IS NULL THEN 'income_missing' END AS income,
    CASE WHEN customer.segment_amount < :min_loan_amount THEN 'amount_below_min' END AS amount
FROM program.customers AS customer
