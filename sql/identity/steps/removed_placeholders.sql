-- An attribute and a reason for which values of it are missing: the number of such values, and of their records.
SELECT
    placeholder.attribute,
    placeholder.reason,
    COUNT(*) AS number_of_values,
    CAST(SUM(placeholder.records) AS BIGINT) AS records
FROM placeholder
GROUP BY
    placeholder.attribute,
    placeholder.reason
ORDER BY
    placeholder.attribute ASC,
    placeholder.reason ASC
