-- duckdb, trino, athena, spark
SELECT
  'tier: ' || offers.tier AS measure,
  COUNT(*) AS amount
FROM loan_offer_targeting.offers AS offers
GROUP BY
  offers.tier
UNION ALL
SELECT
  'cents: ' || offers.tier AS measure,
  CAST(SUM(offers.amount) * 100 AS BIGINT) AS amount
FROM loan_offer_targeting.offers AS offers
GROUP BY
  offers.tier;
