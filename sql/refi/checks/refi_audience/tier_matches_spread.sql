-- Borrowers in the audience whose spread is outside the band of their tier.
-- broken by: marketing_category = 'Watchlist'
WITH band AS (
    SELECT
        audience.person_id,
        audience.rate_spread,
        CASE audience.marketing_category
            WHEN 'Immediate Action' THEN :immediate_action_above
            WHEN 'Hot Lead' THEN :hot_lead_above
            WHEN 'Watchlist' THEN :watchlist_above
        END AS above,
        CASE audience.marketing_category
            WHEN 'Hot Lead' THEN :immediate_action_above
            WHEN 'Watchlist' THEN :hot_lead_above
        END AS up_to
    FROM refi.refi_audience AS audience
)
SELECT
    band.person_id
FROM band
WHERE
    band.above IS NULL
    OR band.rate_spread IS NULL
    OR band.rate_spread <= band.above
    OR band.rate_spread > band.up_to
