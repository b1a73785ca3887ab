-- Transaction patterns: the number of transactions of 90 days, and how much of the money paid out went into the largest.
-- The 90 days end with the as-of day. The number is unknown if there is no transaction up to that day at all, the share if
-- nothing was paid out in these days.
-- grain: customer_id, as_of
-- unit transactions: transactions_90d
-- unit ratio: largest_payout_share_90d
-- transactions_90d: Number of transactions of the last 90 days.
-- largest_payout_share_90d: The largest amount paid out over all amounts paid out in the last 90 days.
WITH booked AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        DATE_DIFF('day', movement.booked_on, subject.as_of) AS days_ago,
        CASE WHEN movement.amount < 0 THEN -movement.amount END AS paid_out
    FROM input.subject AS subject
    INNER JOIN input.transaction AS movement
        ON movement.customer_id = subject.customer_id
        AND movement.booked_on <= subject.as_of
),
summed AS (
    SELECT
        booked.customer_id,
        booked.as_of,
        SUM(CASE WHEN booked.days_ago < 90 THEN 1 ELSE 0 END) AS transactions,
        MAX(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS largest,
        SUM(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS paid_out
    FROM booked
    GROUP BY
        booked.customer_id,
        booked.as_of
)
SELECT
    subject.customer_id,
    subject.as_of,
    CAST(summed.transactions AS DOUBLE) AS transactions_90d,
    CAST(summed.largest AS DOUBLE) / CAST(summed.paid_out AS DOUBLE) AS largest_payout_share_90d
FROM input.subject AS subject
LEFT JOIN summed
    ON summed.customer_id = subject.customer_id
    AND summed.as_of = subject.as_of
