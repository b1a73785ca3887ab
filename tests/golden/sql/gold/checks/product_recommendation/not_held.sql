-- duckdb, trino, athena, spark
SELECT
  recommendation.client_id,
  recommendation.recommendation_rank
FROM gold.product_recommendation AS recommendation
INNER JOIN gold.held_product AS held
  ON held.client_id = recommendation.client_id
  AND held.product = recommendation.product;
