-- Rows to be rejected although each is good in itself, since other rows have the same key: later copies of an identical
-- row, and all rows of a thing whose rows contradict one another. Parties that share a thing differ only in the columns
-- about the party. `suspect` has the judged rows of things with several rows, `at_odds` the things whose rows differ in
-- facts, `read_again` the cells of the rows to be compared.
CREATE TEMP TABLE contradicted AS
FROM at_odds
UNION
SELECT
    suspect.thing
FROM suspect
INNER JOIN read_again
    ON read_again.position = suspect.position
GROUP BY
    suspect.thing,
    suspect.party
HAVING
    MIN(read_again.trimmed_cells) <> MAX(read_again.trimmed_cells);

CREATE TEMP TABLE repeated_row AS
WITH ranked AS (
    SELECT
        suspect.file_number,
        suspect.position,
        contradicted.thing IS NOT NULL AS is_contradicted,
        ROW_NUMBER() OVER (PARTITION BY suspect.thing, suspect.party ORDER BY suspect.position) AS copy
    FROM suspect
    LEFT JOIN contradicted
        ON contradicted.thing = suspect.thing
)
SELECT
    ranked.file_number,
    ranked.position,
    read_again.original_cells,
    CASE WHEN ranked.is_contradicted THEN 'conflicting_key' ELSE 'duplicate_row' END AS reason
FROM ranked
LEFT JOIN read_again
    ON read_again.position = ranked.position
WHERE
    ranked.is_contradicted
    OR ranked.copy > 1
