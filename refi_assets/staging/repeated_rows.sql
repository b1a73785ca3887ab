-- Rows not to be kept although each is good by itself, since another row has the same key: later copies of an
-- identical row, and every row of a key whose rows differ. `keyed_row` holds the rows with such a key.
CREATE TEMP TABLE repeated_row AS
WITH compared AS (
    SELECT
        file_number,
        ordinal,
        original_cells,
        COUNT(DISTINCT trimmed_cells) OVER (PARTITION BY row_key) AS versions,
        ROW_NUMBER() OVER (PARTITION BY row_key ORDER BY file_number, ordinal) AS copy
    FROM keyed_row
    WHERE
        fault IS NULL
)
SELECT
    file_number,
    ordinal,
    original_cells,
    CASE WHEN versions > 1 THEN 'conflicting_key' ELSE 'duplicate_row' END AS reason
FROM compared
WHERE
    versions > 1
    OR copy > 1
