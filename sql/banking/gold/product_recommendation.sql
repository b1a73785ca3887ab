-- The products to recommend to each customer next month, at most :recommendations_count each, none that the customer holds.
-- grain: client_id, recommendation_rank
-- not null: client_id, recommendation_rank, product, source
SELECT
    candidate.client_id,
    candidate.recommendation_rank,
    candidate.product,
    candidate.source,
    candidate.held_product,
    candidate.expected_pct,
    candidate.lift_pct
FROM gold.product_candidate AS candidate
WHERE
    candidate.recommendation_rank <= :recommendations_count
    AND candidate.month > (SELECT MAX(account_month.month) FROM gold.account_month AS account_month)
