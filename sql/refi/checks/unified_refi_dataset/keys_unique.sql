-- Borrowers with more than one row for the same loan.
SELECT
    dataset.borrower_id
FROM refi.unified_refi_dataset AS dataset
GROUP BY
    dataset.borrower_id,
    dataset.loan_id
HAVING
    COUNT(*) > 1
