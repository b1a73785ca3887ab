-- Borrowers whose loans are not judged exactly once each.
WITH unified AS (
    SELECT
        dataset.borrower_id,
        COUNT(*) AS loans
    FROM unified_refi_dataset AS dataset
    GROUP BY
        dataset.borrower_id
),
judged AS (
    SELECT
        eligibility.borrower_id,
        COUNT(*) AS loans
    FROM refi_eligibility AS eligibility
    GROUP BY
        eligibility.borrower_id
)
SELECT
    COALESCE(unified.borrower_id, judged.borrower_id) AS borrower_id
FROM unified
FULL JOIN judged
    ON judged.borrower_id = unified.borrower_id
WHERE
    COALESCE(unified.loans, 0) <> COALESCE(judged.loans, 0)
