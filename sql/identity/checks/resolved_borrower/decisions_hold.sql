-- Borrowers for whom a decision (same person as another borrower, or different) does not hold.
SELECT
    pair.borrower_id_1 AS borrower_id
FROM identity.matched_pairs AS pair
INNER JOIN identity.resolved_borrower AS one
    ON one.borrower_id = pair.borrower_id_1
INNER JOIN identity.resolved_borrower AS other
    ON other.borrower_id = pair.borrower_id_2
WHERE
    (
        pair.decision = 'same'
        AND one.person_id <> other.person_id
    )
    OR (
        pair.decision = 'different'
        AND one.person_id = other.person_id
    )
