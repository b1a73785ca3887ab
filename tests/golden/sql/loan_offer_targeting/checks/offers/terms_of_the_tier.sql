-- duckdb, trino, athena, spark
SELECT
  offer.customer_id
FROM loan_offer_targeting.offers AS offer
LEFT JOIN loan_offer_targeting.price_list AS price
  ON price.credit_tier = offer.tier AND price.amount = offer.amount
WHERE
  price.amount IS NULL
  OR offer.amount < CAST('1000' AS DECIMAL(18, 2))
  OR offer.note_rate_pct <> price.note_rate_pct
  OR offer.term_months <> price.term_months
  OR offer.origination_fee <> price.origination_fee;
