-- The last score by the stream of each borrower of whom an event arrived on the as-of day; no row until the day has ended.
-- Python reads them from the stream's files; this query is the relation without a stream: no row.
-- grain: borrower_id
-- not null: borrower_id, as_of, probability, band, reasons, version, processed_at
-- reasons: As in risk/scores.
-- version: Version of the model.
-- processed_at: Start of the batch that scored.
SELECT
    CAST(NULL AS VARCHAR) AS borrower_id,
    CAST(NULL AS DATE) AS as_of,
    CAST(NULL AS DECIMAL(9, 6)) AS probability,
    CAST(NULL AS VARCHAR) AS band,
    CAST(NULL AS VARCHAR) AS reasons,
    CAST(NULL AS BIGINT) AS version,
    CAST(NULL AS TIMESTAMP) AS processed_at
WHERE
    FALSE
