-- Incomes of a customer, by the day on which they arrived.
SELECT
    CAST(income.customer_id AS VARCHAR) AS customer_id,
    CAST(income.received_on AS DATE) AS received_on,
    CAST(income.amount AS DECIMAL(18, 2)) AS amount
FROM staging.customer_income AS income
