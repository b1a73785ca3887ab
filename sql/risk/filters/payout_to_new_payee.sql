-- Does a borrower pay a large amount to somebody whom they paid for the first time some hours ago?
-- grain: borrower_id, as_of, event_id
-- rule payout_to_new_payee: It is a payout of at least :payee_payout_least_usd USD, and more than :payee_factor times the
--   mean of the payouts before it, of which there are at least :history_least_count; and the first payout to the payee was
--   at most :payee_within_hours hours before.
SELECT
    payout.borrower_id,
    payout.as_of,
    payout.event_id,
    CASE
        WHEN payout.payout >= :payee_payout_least_usd
            AND payout.payouts_before >= :history_least_count
            AND payout.payout * payout.payouts_before > payout.total_before * :payee_factor
            AND payout.event_time > payout.payee_since
            AND payout.event_time <= payout.payee_since + :payee_within_hours * INTERVAL '1' HOUR
            THEN 'payout_to_new_payee'
    END AS rule
FROM risk.payout AS payout
