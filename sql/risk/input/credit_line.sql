-- Balance and limit of each revolving line of a borrower, by its newest report.
WITH state AS (
    SELECT
        event.customer_id,
        event.credit_line_id,
        event.event_on,
        event.balance,
        event.credit_limit,
        ROW_NUMBER() OVER (
            PARTITION BY
                event.customer_id,
                event.credit_line_id
            ORDER BY
                event.event_time DESC NULLS LAST,
                event.event_id DESC NULLS LAST
        ) AS choice
    FROM input.event AS event
    WHERE
        event.kind = 'limit'
)
SELECT
    CAST(state.customer_id AS VARCHAR) AS customer_id,
    CAST(state.credit_line_id AS VARCHAR) AS line_id,
    CAST(state.event_on AS DATE) AS reported_on,
    CAST(state.balance AS DECIMAL(18, 2)) AS balance,
    CAST(state.credit_limit AS DECIMAL(18, 2)) AS credit_limit
FROM state
WHERE
    state.choice = 1
