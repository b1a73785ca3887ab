-- Months with more hits than purchases.
-- broken by: hits = purchases + 1
SELECT
    quality.month
FROM gold.recommendation_quality AS quality
WHERE
    quality.hits > quality.purchases
    OR quality.popularity_hits > quality.purchases
