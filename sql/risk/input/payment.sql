-- Payments that a borrower owed, each by its newest event; paid_on is null while one is not paid in full.
WITH state AS (
    SELECT
        event.customer_id,
        event.due_on,
        event.paid_on,
        ROW_NUMBER() OVER (
            PARTITION BY
                event.customer_id,
                event.payment_id
            ORDER BY
                event.event_time DESC NULLS LAST,
                event.event_id DESC NULLS LAST
        ) AS choice
    FROM input.event AS event
    WHERE
        event.kind = 'payment'
)
SELECT
    CAST(state.customer_id AS VARCHAR) AS customer_id,
    CAST(state.due_on AS DATE) AS due_on,
    CAST(state.paid_on AS DATE) AS paid_on
FROM state
WHERE
    state.choice = 1
