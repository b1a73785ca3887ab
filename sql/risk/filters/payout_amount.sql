-- Does a borrower pay out far more than before?
-- grain: borrower_id, as_of, event_id
-- rule payout_amount: It is a payout of at least :amount_least_usd USD, and more than :amount_factor times the mean of the
--   payouts before it, of which there are at least :history_least_count.
SELECT
    payout.borrower_id,
    payout.as_of,
    payout.event_id,
    CASE
        WHEN payout.payout >= :amount_least_usd
            AND payout.payouts_before >= :history_least_count
            AND payout.payout * payout.payouts_before > payout.total_before * :amount_factor
            THEN 'payout_amount'
    END AS rule
FROM risk.payout AS payout
