-- Changes of persons since the run before: records whose person no longer exists were merged, others were split off.
-- Matching computes them from two runs; this query is the relation without an earlier run: no change.
-- grain: person_id, from_person_id
-- not null: event, person_id, from_person_id
-- event: merged or split.
-- person_id: The person that the records have now.
-- from_person_id: The person that they had before.
-- borrowers: The number of records.
SELECT
    CAST(NULL AS VARCHAR) AS event,
    resolved.person_id,
    resolved.person_id AS from_person_id,
    CAST(0 AS BIGINT) AS borrowers
FROM identity.resolved_borrower AS resolved
WHERE
    FALSE
