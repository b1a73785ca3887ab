-- Accepted borrowers that are not in unified_refi_dataset, and why.
-- Either no accepted loan names them, or the market has no offer for the home of their loans, or only offers of others.
-- grain: borrower_id
-- reason: no_loan, no_market_data or no_own_offer.
WITH with_loan AS (
    SELECT DISTINCT loan.borrower_id
    FROM staging.loan_information AS loan
),
with_others_offer AS (
    SELECT DISTINCT offer.borrower_id
    FROM refi.judged_offer AS offer
    WHERE
        NOT offer.is_own
),
unified AS (
    SELECT DISTINCT dataset.borrower_id
    FROM refi.unified_refi_dataset AS dataset
)
SELECT
    borrower.borrower_id,
    CASE
        WHEN with_loan.borrower_id IS NULL THEN 'no_loan'
        WHEN with_others_offer.borrower_id IS NOT NULL THEN 'no_own_offer'
        ELSE 'no_market_data'
    END AS reason
FROM staging.borrower_information AS borrower
LEFT JOIN with_loan
    ON with_loan.borrower_id = borrower.borrower_id
LEFT JOIN with_others_offer
    ON with_others_offer.borrower_id = borrower.borrower_id
LEFT JOIN unified
    ON unified.borrower_id = borrower.borrower_id
WHERE
    unified.borrower_id IS NULL
