-- A record of the files of refi resolve, in their order, with its person, who is named after the person's first record.
-- Ids are unique within a source: if two sources share one, names of persons begin with the source.
SELECT
    own.id,
    own.source,
    'person-'
    || CASE
        WHEN (SELECT COUNT(*) > COUNT(DISTINCT loaded.id) FROM loaded)
            THEN first.source || ':'
        ELSE ''
    END
    || first.id AS person_id,
    ROUND(cluster_of.weakest_link, 6) AS probability
FROM loaded AS own
INNER JOIN cluster_of
    ON cluster_of.record = own.record
INNER JOIN loaded AS first
    ON first.record = cluster_of.cluster
ORDER BY
    own.record ASC
