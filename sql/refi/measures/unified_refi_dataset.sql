-- Borrowers that the rows belong to; engagement that names no accepted borrower; offers for a home that no accepted loan
-- or borrower names.
SELECT
    'borrowers' AS measure,
    COUNT(DISTINCT dataset.borrower_id) AS amount
FROM refi.unified_refi_dataset AS dataset
UNION ALL
SELECT
    'engagement_without_borrower' AS measure,
    COUNT(*) AS amount
FROM staging.borrower_engagement AS engagement
LEFT JOIN staging.borrower_information AS borrower
    ON borrower.borrower_id = engagement.borrower_id
WHERE
    borrower.borrower_id IS NULL
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
