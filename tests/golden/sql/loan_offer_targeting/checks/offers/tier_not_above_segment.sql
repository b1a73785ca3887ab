-- duckdb, trino, athena, spark
SELECT
  offer.customer_id
FROM loan_offer_targeting.offers AS offer
INNER JOIN staging.customer_credit_profiles AS profile
  ON profile.customer_id = offer.customer_id
LEFT JOIN loan_offer_targeting.price_list AS segment
  ON segment.is_largest
  AND profile.credit_score BETWEEN segment.score_from AND segment.score_to
LEFT JOIN loan_offer_targeting.price_list AS tier
  ON tier.is_largest AND tier.credit_tier = offer.tier
WHERE
  segment.tier_place IS NULL
  OR tier.tier_place IS NULL
  OR tier.tier_place < segment.tier_place;
