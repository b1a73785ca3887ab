-- Borrowers in the audience whose spread is below the policy's minimum, unknown, or not the difference of
-- the two rates beside it.
SELECT
    audience.person_id
FROM refi.refi_audience AS audience
WHERE
    audience.rate_spread IS NULL
    OR audience.rate_spread < :min_rate_spread
    OR audience.current_interest_rate IS NULL
    OR audience.market_rate_offer IS NULL
    OR audience.rate_spread <> audience.current_interest_rate - audience.market_rate_offer
