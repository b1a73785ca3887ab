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
WITH good AS (
    FROM keyed_row
    WHERE
        fault IS NULL
),
repeated AS (
    SELECT
        row_key,
        MIN(position) AS first_position,
        MIN(trimmed_cells) <> MAX(trimmed_cells) AS differs
    FROM good
    GROUP BY
        row_key
)
SELECT
    good.file_number,
    good.position,
    good.original_cells,
    CASE WHEN repeated.differs THEN 'conflicting_key' ELSE 'duplicate_row' END AS reason
FROM good
INNER JOIN repeated
    ON repeated.row_key = good.row_key
WHERE
    repeated.differs
    OR good.position > repeated.first_position
