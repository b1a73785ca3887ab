-- Why one accepted borrower is not in the unified view.
-- grain: borrower_id
SELECT
    unmatched.reason
FROM refi.unmatched_borrowers AS unmatched
WHERE
    unmatched.borrower_id = :borrower_id
