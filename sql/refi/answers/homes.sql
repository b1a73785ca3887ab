-- The homes of one borrower: their own, and those their loans name.
-- grain: property_id
SELECT
    borrower.property_id
FROM staging.borrower_information AS borrower
WHERE
    borrower.borrower_id = :borrower_id
    AND borrower.property_id IS NOT NULL
UNION
SELECT
    loan.property_id
FROM staging.loan_information AS loan
WHERE
    loan.borrower_id = :borrower_id
    AND loan.property_id IS NOT NULL
