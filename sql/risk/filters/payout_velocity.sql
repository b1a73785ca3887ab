-- Does a borrower pay out unusually often?
-- grain: borrower_id, as_of, event_id
-- rule payout_velocity: It is the last of :velocity_least_count payouts within :velocity_within_minutes minutes.
SELECT
    payout.borrower_id,
    payout.as_of,
    payout.event_id,
    CASE
        WHEN payout.event_time <= payout.burst_since + :velocity_within_minutes * INTERVAL '1' MINUTE
            THEN 'payout_velocity'
    END AS rule
FROM risk.payout AS payout
