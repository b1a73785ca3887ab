-- The newest scores of borrowers of an earlier day, for rules on changes.
-- Python copies them from the newest run of an earlier day; this query is the relation without one: no row.
-- grain: borrower_id
-- not null: borrower_id, as_of, probability, band
-- band: The band that the run gave.
SELECT
    CAST(NULL AS VARCHAR) AS borrower_id,
    CAST(NULL AS DATE) AS as_of,
    CAST(NULL AS DECIMAL(9, 6)) AS probability,
    CAST(NULL AS VARCHAR) AS band
WHERE
    FALSE
