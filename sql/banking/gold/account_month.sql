-- Each account's months, from its first transaction to the last month in which any account has one.
-- A month without transactions has zeros and the balance of the month before. Days without transactions keep the balance
-- of the day before; the last month ends on the last day on which any account has a transaction. An account has at most
-- a hundred years, so that a wrong date does not make millions of months.
-- grain: account_id, currency, month
-- not null: account_id, currency, month, transactions, inflow, outflow, closing_balance, days_below_zero
-- unit currency: inflow, outflow, closing_balance
-- unit days: days_below_zero
-- month: The first day of the month.
-- transactions: Number of transactions.
-- inflow: Sum of the amounts that were paid in.
-- outflow: Sum of the amounts that were paid out.
-- closing_balance: Balance at the end of the month.
-- days_below_zero: Days that ended with a balance below zero.
WITH history AS (
    SELECT
        CAST(DATE_ADD('day', 1, MAX(day.booked_on)) AS DATE) AS ends_before
    FROM gold.account_day AS day
),
day AS (
    SELECT
        booked.account_id,
        booked.currency,
        booked.booked_on,
        CAST(DATE_TRUNC('month', booked.booked_on) AS DATE) AS month,
        booked.transactions,
        booked.inflow,
        booked.outflow,
        booked.closing_balance,
        LEAD(booked.booked_on) OVER (
            PARTITION BY
                booked.account_id,
                booked.currency,
                CAST(DATE_TRUNC('month', booked.booked_on) AS DATE)
            ORDER BY booked.booked_on ASC NULLS LAST
        ) AS next_day
    FROM gold.account_day AS booked
),
active AS (
    SELECT
        day.account_id,
        day.currency,
        day.month,
        SUM(day.transactions) AS transactions,
        SUM(day.inflow) AS inflow,
        SUM(day.outflow) AS outflow,
        MIN(day.booked_on) AS first_day,
        MAX(CASE WHEN day.next_day IS NULL THEN day.closing_balance END) AS closing_balance,
        SUM(
            CASE
                WHEN day.closing_balance < 0
                    THEN DATE_DIFF(
                        'day',
                        day.booked_on,
                        COALESCE(
                            day.next_day,
                            LEAST(CAST(DATE_ADD('month', 1, day.month) AS DATE), history.ends_before)
                        )
                    )
                ELSE 0
            END
        ) AS days_below_zero
    FROM day
    CROSS JOIN history
    GROUP BY
        day.account_id,
        day.currency,
        day.month
),
span AS (
    SELECT
        active.account_id,
        active.currency,
        MIN(active.month) AS first_month
    FROM active
    GROUP BY
        active.account_id,
        active.currency
),
calendar AS (
    SELECT
        span.account_id,
        span.currency,
        CAST(DATE_ADD('month', step.number, span.first_month) AS DATE) AS month
    FROM span
    CROSS JOIN history
    CROSS JOIN UNNEST(
        SEQUENCE(
            0,
            LEAST(
                1199,
                (YEAR(history.ends_before) - YEAR(span.first_month)) * 12
                + MONTH(history.ends_before) - MONTH(span.first_month)
            )
        )
    ) AS step (number)
    WHERE
        CAST(DATE_ADD('month', step.number, span.first_month) AS DATE) < history.ends_before
),
carried AS (
    SELECT
        calendar.account_id,
        calendar.currency,
        calendar.month,
        active.transactions,
        active.inflow,
        active.outflow,
        active.first_day,
        active.closing_balance,
        active.days_below_zero,
        LAG(active.closing_balance) IGNORE NULLS OVER (
            PARTITION BY calendar.account_id, calendar.currency
            ORDER BY calendar.month ASC NULLS LAST
        ) AS opening_balance
    FROM calendar
    LEFT JOIN active
        ON active.account_id = calendar.account_id
        AND active.currency = calendar.currency
        AND active.month = calendar.month
)
SELECT
    carried.account_id,
    carried.currency,
    carried.month,
    CAST(COALESCE(carried.transactions, 0) AS BIGINT) AS transactions,
    CAST(COALESCE(carried.inflow, 0) AS DECIMAL(18, 2)) AS inflow,
    CAST(COALESCE(carried.outflow, 0) AS DECIMAL(18, 2)) AS outflow,
    COALESCE(carried.closing_balance, carried.opening_balance) AS closing_balance,
    CAST(
        COALESCE(carried.days_below_zero, 0)
        + CASE
            WHEN carried.opening_balance < 0
                THEN DATE_DIFF(
                    'day',
                    carried.month,
                    COALESCE(
                        carried.first_day,
                        LEAST(CAST(DATE_ADD('month', 1, carried.month) AS DATE), history.ends_before)
                    )
                )
            ELSE 0
        END
        AS BIGINT
    ) AS days_below_zero
FROM carried
CROSS JOIN history
