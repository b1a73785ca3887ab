-- duckdb, trino, athena
SELECT
  recommendation.product,
  recommendation.source,
  COUNT(DISTINCT recommendation.client_id) AS customers
FROM gold.product_recommendation AS recommendation
GROUP BY
  recommendation.product,
  recommendation.source
ORDER BY
  COUNT(DISTINCT recommendation.client_id) DESC,
  recommendation.product ASC,
  recommendation.source ASC;

-- spark
SELECT
  recommendation.product,
  recommendation.source,
  COUNT(DISTINCT recommendation.client_id) AS customers
FROM gold.product_recommendation AS recommendation
GROUP BY
  recommendation.product,
  recommendation.source
ORDER BY
  COUNT(DISTINCT recommendation.client_id) DESC,
  recommendation.product ASC NULLS LAST,
  recommendation.source ASC NULLS LAST;
