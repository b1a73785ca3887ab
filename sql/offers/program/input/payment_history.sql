-- Payment histories as texts of one character a month, the month of the as-of day first.
SELECT
    CAST(customer.customer_id AS VARCHAR) AS customer_id,
    CAST(:as_of AS DATE) AS reported_on,
    CAST(customer.payment_history AS VARCHAR) AS payment_history
FROM program.customers AS customer
