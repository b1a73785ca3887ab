-- The probability that a borrower defaults within twelve months, by the champion of the model live_default.
-- Python computes it; this query is the relation without a champion: no row.
-- grain: borrower_id
-- not null: borrower_id, as_of, probability, band, reasons, version
-- probability: Probability of default within twelve months, rounded half up to six decimals.
-- band: high from high_band_from_pct of the policy on, medium from medium_band_from_pct on, else low.
-- reasons: The features, at most four, that cost the score most, the costliest first, with | between them.
-- version: Version of the model.
SELECT
    features.borrower_id,
    features.as_of,
    CAST(NULL AS DECIMAL(9, 6)) AS probability,
    CAST(NULL AS VARCHAR) AS band,
    CAST(NULL AS VARCHAR) AS reasons,
    CAST(NULL AS BIGINT) AS version
FROM risk.features AS features
WHERE
    FALSE
