-- What a borrower earns and owes a month, by the newest statement.
WITH state AS (
    SELECT
        event.customer_id,
        event.event_on,
        event.gross_monthly_income,
        event.monthly_debt,
        ROW_NUMBER() OVER (
            PARTITION BY
                event.customer_id,
                event.kind
            ORDER BY
                event.event_time DESC NULLS LAST,
                event.event_id DESC NULLS LAST
        ) AS choice
    FROM input.event AS event
    WHERE
        event.kind = 'statement'
)
SELECT
    CAST(state.customer_id AS VARCHAR) AS customer_id,
    CAST(state.event_on AS DATE) AS stated_on,
    CAST(state.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
    CAST(state.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
FROM state
WHERE
    state.choice = 1
