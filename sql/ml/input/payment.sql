-- Payments that a customer owed; paid_on is null while one is not paid in full.
SELECT
    CAST(payment.customer_id AS VARCHAR) AS customer_id,
    CAST(payment.due_on AS DATE) AS due_on,
    CAST(payment.paid_on AS DATE) AS paid_on
FROM staging.customer_payment AS payment
