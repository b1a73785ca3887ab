-- The persons to which two borrowers were resolved.
-- grain: borrower_id
SELECT
    resolved.borrower_id,
    resolved.person_id,
    resolved.cluster_size,
    resolved.weakest_link
FROM identity.resolved_borrower AS resolved
WHERE
    resolved.borrower_id = :borrower_id_1
    OR resolved.borrower_id = :borrower_id_2
