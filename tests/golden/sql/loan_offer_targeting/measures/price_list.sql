-- duckdb, trino, athena, spark
SELECT
  'place: ' || price.credit_tier AS measure,
  CAST(price.tier_place AS BIGINT) AS amount
FROM loan_offer_targeting.price_list AS price
WHERE
  price.is_largest;
