-- duckdb, trino, athena, spark
SELECT
  quality.month
FROM gold.recommendation_quality AS quality
WHERE
  quality.hits > quality.purchases OR quality.popularity_hits > quality.purchases;
