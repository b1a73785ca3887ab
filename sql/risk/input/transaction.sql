-- Transactions on a borrower's deposits; positive is paid in, negative paid out.
SELECT
    CAST(event.customer_id AS VARCHAR) AS customer_id,
    CAST(event.event_on AS DATE) AS booked_on,
    CAST(event.amount AS DECIMAL(18, 2)) AS amount
FROM input.event AS event
WHERE
    event.kind = 'transaction'
