-- Rows not to be kept although each is good by itself, since another row has the same key: later copies of an
-- identical row, and every row of a key whose rows differ. `suspect` holds the judged rows with such a key,
-- `read_again` their cells; a row of one is found in the other by its key and the hash of its cells.
CREATE TEMP TABLE keyed_row AS
SELECT
    suspect.file_number,
    suspect.position,
    suspect.fault,
    suspect.row_key,
    read_again.original_cells,
    read_again.trimmed_cells
FROM suspect
INNER JOIN read_again
    ON read_again.file_number = suspect.file_number
    AND read_again.row_key = suspect.row_key
    AND read_again.raw_hash = suspect.raw_hash;

CREATE TEMP TABLE repeated_row AS
WITH compared AS (
    SELECT
        file_number,
        position,
        original_cells,
        COUNT(DISTINCT trimmed_cells) OVER (PARTITION BY row_key) AS versions,
        ROW_NUMBER() OVER (PARTITION BY row_key ORDER BY position) AS copy
    FROM keyed_row
    WHERE
        fault IS NULL
)
SELECT
    file_number,
    position,
    original_cells,
    CASE WHEN versions > 1 THEN 'conflicting_key' ELSE 'duplicate_row' END AS reason
FROM compared
WHERE
    versions > 1
    OR copy > 1
