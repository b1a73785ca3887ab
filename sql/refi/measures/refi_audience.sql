-- The audience by tier.
SELECT
    'tier: ' || audience.marketing_category AS measure,
    COUNT(*) AS amount
FROM refi.refi_audience AS audience
GROUP BY
    audience.marketing_category
