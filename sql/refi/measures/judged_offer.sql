-- The lender's own offers, taken offers, and offers for a home that no accepted loan or borrower names.
SELECT
    'own' AS measure,
    COUNT(*) AS amount
FROM refi.judged_offer AS judged
WHERE
    judged.is_own
UNION ALL
SELECT
    'taken' AS measure,
    COUNT(*) AS amount
FROM refi.judged_offer AS judged
WHERE
    judged.is_taken
UNION ALL
SELECT
    'offers_without_home' AS measure,
    COUNT(*) AS amount
FROM staging.market_equity AS market
WHERE
    market.property_id NOT IN (
        SELECT loan.property_id
        FROM staging.loan_information AS loan
        WHERE
            loan.property_id IS NOT NULL
    )
    AND market.property_id NOT IN (
        SELECT borrower.property_id
        FROM staging.borrower_information AS borrower
        WHERE
            borrower.property_id IS NOT NULL
    )
