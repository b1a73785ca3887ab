-- Accepted borrowers that are not in unified_refi_dataset, and why.
-- No accepted loan names them, or the market has no offer for the home of their loans, or only other lenders' offers.
-- grain: borrower_id
-- not null: borrower_id, reason
-- reason: no_loan, no_market_data or no_own_offer.
-- rule no_loan: No accepted loan names this borrower.
-- rule no_market_data: There is a loan, but no accepted market offer for its home.
-- rule no_own_offer: There is a loan, but only other lenders make offers for its home.
WITH lost AS (
    -- DISTINCT drops no row: it makes DuckDB materialize the few unmatched rows instead of computing them three times.
    SELECT DISTINCT borrower.borrower_id
    FROM staging.borrower_information AS borrower
    LEFT JOIN refi.unified_refi_dataset AS unified
        ON unified.borrower_id = borrower.borrower_id
    WHERE
        unified.borrower_id IS NULL
),
with_loan AS (
    SELECT DISTINCT loan.borrower_id
    FROM lost
    INNER JOIN staging.loan_information AS loan
        ON loan.borrower_id = lost.borrower_id
),
with_others_offer AS (
    SELECT DISTINCT offer.borrower_id
    FROM lost
    INNER JOIN refi.judged_offer AS offer
        ON offer.borrower_id = lost.borrower_id
    WHERE
        NOT offer.is_own
)
SELECT
    lost.borrower_id,
    CASE
        WHEN with_loan.borrower_id IS NULL THEN 'no_loan'
        WHEN with_others_offer.borrower_id IS NOT NULL THEN 'no_own_offer'
        ELSE 'no_market_data'
    END AS reason
FROM lost
LEFT JOIN with_loan
    ON with_loan.borrower_id = lost.borrower_id
LEFT JOIN with_others_offer
    ON with_others_offer.borrower_id = lost.borrower_id
