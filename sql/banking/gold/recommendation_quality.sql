-- How many purchases of a month were among the products that would have been recommended before it.
-- A purchase is a product that a customer of before the month did not hold before it, and holds since a day in it. The
-- same purchases are compared with the :recommendations_count most popular products that the customer did not hold.
-- grain: month
-- not null: month, purchases, hits, popularity_hits
-- unit percent: hit_rate_pct, popularity_hit_rate_pct
-- month: The first day of the month.
-- purchases: Number of purchases.
-- hits: Purchases that would have been recommended.
-- popularity_hits: Purchases of products that popularity alone would have recommended.
-- hit_rate_pct: Hits in percent of the purchases.
-- popularity_hit_rate_pct: Hits by popularity alone in percent of the purchases.
WITH counted AS (
    SELECT
        candidate.month,
        COUNT(purchase.client_id) AS purchases,
        SUM(
            CASE WHEN purchase.client_id IS NOT NULL AND candidate.recommendation_rank <= :recommendations_count THEN 1 ELSE 0 END
        ) AS hits,
        SUM(
            CASE WHEN purchase.client_id IS NOT NULL AND candidate.popularity_rank <= :recommendations_count THEN 1 ELSE 0 END
        ) AS popularity_hits
    FROM gold.product_candidate AS candidate
    LEFT JOIN gold.held_product AS purchase
        ON purchase.client_id = candidate.client_id
        AND purchase.product = candidate.product
        AND purchase.held_since >= candidate.month
        AND purchase.held_since < CAST(DATE_ADD('month', 1, candidate.month) AS DATE)
    WHERE
        candidate.month <= (SELECT MAX(account_month.month) FROM gold.account_month AS account_month)
    GROUP BY
        candidate.month
)
SELECT
    counted.month,
    counted.purchases,
    CAST(counted.hits AS BIGINT) AS hits,
    CAST(counted.popularity_hits AS BIGINT) AS popularity_hits,
    CASE
        WHEN counted.purchases > 0 THEN 100E0 * CAST(counted.hits AS DOUBLE) / CAST(counted.purchases AS DOUBLE)
    END AS hit_rate_pct,
    CASE
        WHEN counted.purchases > 0
            THEN 100E0 * CAST(counted.popularity_hits AS DOUBLE) / CAST(counted.purchases AS DOUBLE)
    END AS popularity_hit_rate_pct
FROM counted
