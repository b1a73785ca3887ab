-- Borrowers without a person, or with two.
WITH counted AS (
    SELECT
        resolved.borrower_id,
        COUNT(*) AS persons
    FROM identity.resolved_borrower AS resolved
    GROUP BY
        resolved.borrower_id
)
SELECT
    COALESCE(borrower.borrower_id, counted.borrower_id) AS borrower_id
FROM staging.borrower_information AS borrower
FULL JOIN counted
    ON counted.borrower_id = borrower.borrower_id
WHERE
    borrower.borrower_id IS NULL
    OR counted.borrower_id IS NULL
    OR counted.persons <> 1
