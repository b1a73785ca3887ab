-- The last balance of a borrower's deposits on each day.
WITH state AS (
    SELECT
        event.customer_id,
        event.event_on,
        event.balance,
        ROW_NUMBER() OVER (
            PARTITION BY
                event.customer_id,
                event.event_on
            ORDER BY
                event.event_time DESC NULLS LAST,
                event.event_id DESC NULLS LAST
        ) AS choice
    FROM input.event AS event
    WHERE
        event.kind = 'balance'
)
SELECT
    CAST(state.customer_id AS VARCHAR) AS customer_id,
    CAST(state.event_on AS DATE) AS balance_on,
    CAST(state.balance AS DECIMAL(18, 2)) AS balance
FROM state
WHERE
    state.choice = 1
