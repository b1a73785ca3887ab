-- Offers by tier.
SELECT
    'tier: ' || offers.tier AS measure,
    COUNT(*) AS amount
FROM program.offers AS offers
GROUP BY
    offers.tier
