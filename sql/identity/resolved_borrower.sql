-- Which person each borrower record is of.
-- Matching fills it (see docs/identity.md); what stands here is what there is without: everybody is a person.
-- grain: borrower_id
-- not null: borrower_id, person_id, cluster_size
-- person_id: The person. It stays the same from run to run.
-- cluster_size: How many records the person has.
-- weakest_link: Probability of the weakest link that holds the records together; none where there is one record.
SELECT
    borrower.borrower_id,
    'person-' || borrower.borrower_id AS person_id,
    1 AS cluster_size,
    CAST(NULL AS DOUBLE) AS weakest_link
FROM staging.borrower_information AS borrower
