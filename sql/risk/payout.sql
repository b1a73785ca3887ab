-- Payouts of borrowers, known at the end of the day of their features, that arrived on that day; each with the borrower's
-- payouts up to it, in the order of their times.
-- grain: borrower_id, as_of, event_id
-- not null: borrower_id, as_of, event_id, event_time, payout, payouts_before, total_before, payouts_of_burst
-- as_of: The day on which it arrived.
-- payout: The amount paid out.
-- payouts_before: Number of payouts before it.
-- total_before: Sum of the payouts before it.
-- payouts_of_burst: Number of payouts within :velocity_within_minutes minutes that end with it, itself included.
-- not personal payee_since: It is a time, and does not say who was paid.
-- payee_since: Time of the first payout to its payee.
WITH paying AS (
    SELECT DISTINCT
        features.borrower_id,
        features.as_of
    FROM risk.features AS features
    INNER JOIN risk.events AS event
        ON event.borrower_id = features.borrower_id
        AND CAST(event.received_at AS DATE) = features.as_of
    WHERE
        event.kind = 'transaction'
        AND event.amount < 0
        AND NOT event.is_too_late
),
known AS (
    SELECT
        paying.borrower_id,
        paying.as_of,
        event.event_id,
        event.event_time,
        CAST(event.received_at AS DATE) AS received_on,
        event.payee_id,
        -event.amount AS payout
    FROM paying
    INNER JOIN risk.events AS event
        ON event.borrower_id = paying.borrower_id
        AND CAST(event.received_at AS DATE) <= paying.as_of
    WHERE
        event.kind = 'transaction'
        AND event.amount < 0
        AND NOT event.is_too_late
),
counted AS (
    SELECT
        known.borrower_id,
        known.as_of,
        known.event_id,
        known.event_time,
        known.received_on,
        known.payout,
        COUNT(*) OVER (
            PARTITION BY
                known.borrower_id,
                known.as_of
            ORDER BY
                known.event_time ASC NULLS LAST,
                known.event_id ASC NULLS LAST
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) - 1 AS payouts_before,
        SUM(known.payout) OVER (
            PARTITION BY
                known.borrower_id,
                known.as_of
            ORDER BY
                known.event_time ASC NULLS LAST,
                known.event_id ASC NULLS LAST
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) - known.payout AS total_before,
        COUNT(*) OVER (
            PARTITION BY
                known.borrower_id,
                known.as_of
            ORDER BY
                known.event_time ASC NULLS LAST
            RANGE BETWEEN :velocity_within_minutes * INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW
        ) AS payouts_of_burst,
        CASE
            WHEN known.payee_id IS NOT NULL
                THEN MIN(known.event_time) OVER (
                    PARTITION BY
                        known.borrower_id,
                        known.as_of,
                        known.payee_id
                )
        END AS payee_since
    FROM known
)
SELECT
    counted.borrower_id,
    counted.as_of,
    counted.event_id,
    counted.event_time,
    CAST(counted.payout AS DECIMAL(18, 2)) AS payout,
    counted.payouts_before,
    CAST(counted.total_before AS DECIMAL(18, 2)) AS total_before,
    counted.payouts_of_burst,
    counted.payee_since
FROM counted
WHERE
    counted.received_on = counted.as_of
