-- One borrower's accepted row, which is available even if a run stopped before the loans.
-- grain: borrower_id
SELECT
    borrower.borrower_id
FROM staging.borrower_information AS borrower
WHERE
    borrower.borrower_id = :borrower_id
