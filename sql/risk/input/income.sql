-- Incomes of a borrower, by the day on which they arrived.
SELECT
    CAST(event.customer_id AS VARCHAR) AS customer_id,
    CAST(event.event_on AS DATE) AS received_on,
    CAST(event.amount AS DECIMAL(18, 2)) AS amount
FROM input.event AS event
WHERE
    event.kind = 'income'
