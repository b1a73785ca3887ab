-- Does a borrower pay out unusually often?
-- grain: borrower_id, as_of, event_id
-- rule payout_velocity: It ends at least :velocity_least_count payouts within :velocity_within_minutes minutes.
SELECT
    payout.borrower_id,
    payout.as_of,
    payout.event_id,
    CASE WHEN payout.payouts_of_burst >= :velocity_least_count THEN 'payout_velocity' END AS rule
FROM risk.payout AS payout
