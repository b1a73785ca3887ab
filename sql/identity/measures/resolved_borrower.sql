-- Persons, records that share a person with another, and the most records of one person.
SELECT
    'persons' AS measure,
    COUNT(DISTINCT resolved.person_id) AS amount
FROM identity.resolved_borrower AS resolved
UNION ALL
SELECT
    'records in clusters' AS measure,
    COUNT(*) AS amount
FROM identity.resolved_borrower AS resolved
WHERE
    resolved.cluster_size > 1
UNION ALL
SELECT
    'largest cluster' AS measure,
    COALESCE(MAX(CAST(resolved.cluster_size AS BIGINT)), 0) AS amount
FROM identity.resolved_borrower AS resolved
