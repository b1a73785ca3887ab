-- duckdb, trino, athena, spark
SELECT
  MIN(offer.customer_id) AS customer_id
FROM loan_offer_targeting.offers AS offer
GROUP BY
  offer.person_id
HAVING
  COUNT(*) > 1;
