-- The causes of the rows in quarantine, the most frequent first, each with an example.
-- Cells that differ only in their digits and letters are one cause, whatever the length of their numbers and words.
-- A malformed record has no cells: its example is the record itself, as bytes.
WITH cells AS (
    SELECT
        reason,
        column_name,
        problem,
        record_number,
        LEFT(original_cells ->> column_name, 200) AS cell,
        CAST(original_bytes[1:4000] AS BLOB) AS record
    FROM quarantined
),
shaped AS (
    SELECT
        *,
        REGEXP_REPLACE(REGEXP_REPLACE(cell, '\p{N}+(\.\p{N}+)?', '9', 'g'), '[\p{L}\p{M}]+', 'a', 'g') AS shape
    FROM cells
)
SELECT
    reason,
    column_name,
    problem,
    COUNT(*) AS amount,
    MIN(cell) AS cell,
    ARG_MIN(record, record_number) AS record
FROM shaped
GROUP BY
    reason,
    column_name,
    problem,
    shape
ORDER BY
    amount DESC,
    reason ASC,
    column_name ASC NULLS LAST,
    problem ASC NULLS LAST,
    shape ASC NULLS LAST
LIMIT 10
