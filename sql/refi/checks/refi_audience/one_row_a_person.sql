-- Persons who would hear more than once.
SELECT
    audience.person_id
FROM refi.refi_audience AS audience
GROUP BY
    audience.person_id
HAVING
    COUNT(*) > 1
