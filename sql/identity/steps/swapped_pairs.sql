-- The number of pairs in which the one's given name is the other's surname and the reverse, in one row.
-- A name that is both given name and surname is not swapped.
WITH name AS (
    SELECT
        feature.name_key,
        feature.name_swapped,
        COUNT(*) AS records
    FROM feature
    WHERE
        feature.given <> feature.surname
    GROUP BY
        feature.name_key,
        feature.name_swapped
)
SELECT
    COALESCE(SUM(own.records * swapped.records), 0) AS pairs
FROM name AS own
INNER JOIN name AS swapped
    ON own.name_key = swapped.name_swapped
