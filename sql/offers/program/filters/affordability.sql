-- Can the customer afford the smallest loan, from an income that is steady?
-- grain: customer_id
-- rule income_variation_missing: The variation of the income is unknown.
-- rule income_unstable: The variation of the income is above :max_income_variation.
-- rule employment_status_missing: The employment status is unknown.
-- rule employment_not_accepted: The employment status is not one that the program accepts.
-- rule debt_to_income_ratio_missing: The debt-to-income ratio is unknown.
-- rule income_missing: The income is unknown.
-- rule amount_below_min: The amount that the customer can afford is below :min_loan_amount USD.
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
