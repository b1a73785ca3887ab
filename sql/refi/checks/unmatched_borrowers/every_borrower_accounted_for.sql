-- Accepted borrowers that are neither unified nor unmatched, or both, and unmatched ones nobody accepted.
WITH unified AS (
    SELECT DISTINCT dataset.borrower_id
    FROM unified_refi_dataset AS dataset
)
SELECT
    COALESCE(borrower.borrower_id, unmatched.borrower_id) AS borrower_id
FROM borrower_information AS borrower
FULL JOIN unmatched_borrowers AS unmatched
    ON unmatched.borrower_id = borrower.borrower_id
LEFT JOIN unified
    ON unified.borrower_id = borrower.borrower_id
WHERE
    borrower.borrower_id IS NULL
    OR (unified.borrower_id IS NULL AND unmatched.borrower_id IS NULL)
    OR (unified.borrower_id IS NOT NULL AND unmatched.borrower_id IS NOT NULL)
