-- A borrower record and the person that it was resolved to, as identity.resolved_borrower has it.
CREATE TABLE resolved AS
SELECT
    clustered.borrower_id,
    clustered.person_id,
    CAST(clustered.cluster_size AS INTEGER) AS cluster_size,
    CAST(clustered.weakest_link AS DOUBLE) AS weakest_link
FROM clustered
