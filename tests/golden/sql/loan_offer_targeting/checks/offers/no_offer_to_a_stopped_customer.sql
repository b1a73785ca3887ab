-- duckdb, trino, athena, spark
SELECT
  offer.customer_id
FROM loan_offer_targeting.offers AS offer
INNER JOIN loan_offer_targeting.judged AS judged
  ON judged.customer_id = offer.customer_id;
