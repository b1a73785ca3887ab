-- Offers by tier, and the sum of their amounts in cents.
SELECT
    'tier: ' || offers.tier AS measure,
    COUNT(*) AS amount
FROM program.offers AS offers
GROUP BY
    offers.tier
UNION ALL
SELECT
    'cents: ' || offers.tier AS measure,
    CAST(SUM(offers.amount) * 100 AS BIGINT) AS amount
FROM program.offers AS offers
GROUP BY
    offers.tier
