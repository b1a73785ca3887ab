-- duckdb, trino, athena, spark
SELECT
  audience.person_id
FROM refi.refi_audience AS audience
WHERE
  audience.rate_spread IS NULL
  OR audience.rate_spread < CAST('1.0' AS DECIMAL(12, 6))
  OR audience.current_interest_rate IS NULL
  OR audience.market_rate_offer IS NULL
  OR audience.rate_spread <> audience.current_interest_rate - audience.market_rate_offer;
