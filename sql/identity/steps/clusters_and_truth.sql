-- A record of the files of refi resolve: the cluster that it is in, and the true one.
SELECT
    CAST(cluster_of.cluster AS VARCHAR) AS cluster,
    loaded.truth
FROM loaded
INNER JOIN cluster_of
    ON cluster_of.record = loaded.record
ORDER BY
    loaded.record ASC
