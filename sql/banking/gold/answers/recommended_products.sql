-- Recommendations by product and by the source of the rule.
-- grain: product, source
-- customers: Number of customers.
SELECT
    recommendation.product,
    recommendation.source,
    COUNT(DISTINCT recommendation.client_id) AS customers
FROM gold.product_recommendation AS recommendation
GROUP BY
    recommendation.product,
    recommendation.source
ORDER BY
    COUNT(DISTINCT recommendation.client_id) DESC NULLS LAST,
    recommendation.product ASC NULLS LAST,
    recommendation.source ASC NULLS LAST
