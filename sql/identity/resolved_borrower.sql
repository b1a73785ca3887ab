-- The person of each borrower record.
-- Matching computes them (see docs/identity.md); this query is the relation without matching: each record is a person.
-- grain: borrower_id
-- not null: borrower_id, person_id, cluster_size
-- not personal person_id, cluster_size, weakest_link:
--   An id of ours, a number of records and a probability; no attribute of the person can be read from them.
-- person_id: The person. It stays the same from run to run.
-- cluster_size: The number of records of the person.
-- weakest_link: Probability of the weakest link that holds the records together; null for a single record.
SELECT
    borrower.borrower_id,
    'person-' || borrower.borrower_id AS person_id,
    1 AS cluster_size,
    CAST(NULL AS DOUBLE) AS weakest_link
FROM staging.borrower_information AS borrower
