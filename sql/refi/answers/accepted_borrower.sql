-- One borrower's accepted row, also of a run that did not get as far as the loans.
-- grain: borrower_id
SELECT
    borrower.borrower_id
FROM staging.borrower_information AS borrower
WHERE
    borrower.borrower_id = :borrower_id
