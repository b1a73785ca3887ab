-- All rows that are not accepted, with the reason: malformed records, rows with a fault, rows with a repeated key.
-- A well-formed row's number among all records is its ordinal plus the number of malformed records before it.
CREATE TEMP TABLE quarantined AS
WITH rejected AS (
    SELECT
        reconsidered.file_number,
        reconsidered.position + 1 - source_file.first_position AS ordinal,
        SPLIT_PART(fault, ' ', 1) AS reason,
        SPLIT_PART(fault, ' ', 2) AS column_name,
        original_cells
    FROM reconsidered
    INNER JOIN source_file
        ON source_file.file_number = reconsidered.file_number
    WHERE
        reconsidered.fault IS NOT NULL
    UNION ALL
    SELECT
        repeated_row.file_number,
        repeated_row.position + 1 - source_file.first_position AS ordinal,
        repeated_row.reason,
        NULL AS column_name,
        repeated_row.original_cells
    FROM repeated_row
    INNER JOIN source_file
        ON source_file.file_number = repeated_row.file_number
),
counted AS (
    SELECT
        file_number,
        record_number,
        ROW_NUMBER() OVER (PARTITION BY file_number ORDER BY record_number) AS malformed_until
    FROM malformed
),
gap AS (
    SELECT
        file_number,
        record_number - malformed_until AS well_formed_before,
        MAX(malformed_until) AS malformed_until
    FROM counted
    GROUP BY
        file_number,
        record_number - malformed_until
),
numbered AS (
    SELECT
        rejected.file_number,
        rejected.ordinal + COALESCE(gap.malformed_until, 0) AS record_number,
        rejected.reason,
        rejected.column_name,
        NULL AS problem,
        rejected.original_cells,
        CAST(NULL AS BLOB) AS original_bytes
    FROM rejected
    ASOF LEFT JOIN gap
        ON gap.file_number = rejected.file_number
        AND rejected.ordinal > gap.well_formed_before
    UNION ALL
    SELECT
        malformed.file_number,
        malformed.record_number,
        'malformed_row' AS reason,
        NULL AS column_name,
        malformed.problem,
        NULL AS original_cells,
        malformed.raw AS original_bytes
    FROM malformed
)
SELECT
    source_file.source,
    source_file.file,
    numbered.record_number,
    numbered.reason,
    numbered.column_name,
    numbered.problem,
    numbered.original_cells,
    numbered.original_bytes
FROM numbered
INNER JOIN source_file
    ON source_file.file_number = numbered.file_number
ORDER BY
    source_file.file,
    numbered.record_number
