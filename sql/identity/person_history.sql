-- What became of persons since the run before: whose person is gone was merged, other records were split off.
-- A run that compares itself with one before fills it; what stands here is what there is without: nothing.
-- grain: person_id, from_person_id
-- not null: event, person_id, from_person_id
-- event: merged or split.
-- person_id: The person that the records have now.
-- from_person_id: The person that they had before.
-- borrowers: How many records.
SELECT
    CAST(NULL AS VARCHAR) AS event,
    resolved.person_id,
    resolved.person_id AS from_person_id,
    CAST(0 AS BIGINT) AS borrowers
FROM identity.resolved_borrower AS resolved
WHERE
    FALSE
