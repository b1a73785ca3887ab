-- Offers of a better tier than the segment of the customer's credit score, and offers to customers in no segment.
SELECT
    offer.customer_id
FROM program.offers AS offer
INNER JOIN staging.customer_credit_profiles AS profile
    ON profile.customer_id = offer.customer_id
LEFT JOIN program.price_list AS segment
    ON segment.is_largest
    AND profile.credit_score BETWEEN segment.score_from AND segment.score_to
LEFT JOIN program.price_list AS tier
    ON tier.is_largest
    AND tier.credit_tier = offer.tier
WHERE
    segment.tier_place IS NULL
    OR tier.tier_place IS NULL
    OR tier.tier_place < segment.tier_place
