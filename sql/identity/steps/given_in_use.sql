-- A given name with its number of records, and whether it is on the list of names that people have.
-- The list has names in Latin script: in another script every name counts as known.
CREATE TABLE given_in_use AS
WITH counted AS (
    SELECT
        stated.given AS name,
        COUNT(*) AS records
    FROM stated
    WHERE
        stated.given IS NOT NULL
    GROUP BY
        stated.given
),
spelled AS (
    SELECT
        counted.name,
        counted.records,
        UNNEST(STRING_SPLIT(counted.name, ' ')) AS word
    FROM counted
)
SELECT
    spelled.name,
    spelled.records,
    BOOL_AND(listed.word IS NOT NULL OR is_other_script(spelled.word)) AS is_known
FROM spelled
LEFT JOIN listed_name AS listed
    ON listed.word = spelled.word
GROUP BY
    spelled.name,
    spelled.records
