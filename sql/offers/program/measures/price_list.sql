-- The place of each tier.
SELECT
    'place: ' || price.credit_tier AS measure,
    CAST(price.tier_place AS BIGINT) AS amount
FROM program.price_list AS price
WHERE
    price.is_largest
