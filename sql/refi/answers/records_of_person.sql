-- All records of the person behind a borrower, and whether each is in the audience.
-- grain: borrower_id
SELECT
    other.borrower_id,
    other.person_id,
    audience.borrower_id IS NOT NULL AS is_in_audience
FROM identity.resolved_borrower AS own
INNER JOIN identity.resolved_borrower AS other
    ON other.person_id = own.person_id
LEFT JOIN refi.refi_audience AS audience
    ON audience.borrower_id = other.borrower_id
WHERE
    own.borrower_id = :borrower_id
ORDER BY
    other.borrower_id ASC NULLS LAST
