-- duckdb, trino, athena, spark
WITH band AS (
  SELECT
    audience.person_id,
    audience.rate_spread,
    CASE audience.marketing_category
      WHEN 'Immediate Action'
      THEN CAST('1.25' AS DECIMAL(12, 6))
      WHEN 'Hot Lead'
      THEN CAST('0.75' AS DECIMAL(12, 6))
      WHEN 'Watchlist'
      THEN CAST('0.50' AS DECIMAL(12, 6))
    END AS above,
    CASE audience.marketing_category
      WHEN 'Hot Lead'
      THEN CAST('1.25' AS DECIMAL(12, 6))
      WHEN 'Watchlist'
      THEN CAST('0.75' AS DECIMAL(12, 6))
    END AS up_to
  FROM refi.refi_audience AS audience
)
SELECT
  band.person_id
FROM band
WHERE
  band.above IS NULL
  OR band.rate_spread IS NULL
  OR band.rate_spread <= band.above
  OR band.rate_spread > band.up_to;
