-- duckdb
SELECT
  recommendation.client_id,
  recommendation.recommendation_rank
FROM gold.product_recommendation AS recommendation
INNER JOIN silver.disposition AS owner
  ON owner.client_id = recommendation.client_id AND owner.role = 'owner'
INNER JOIN silver.loan AS loan
  ON loan.account_id = owner.account_id
WHERE
  loan.is_default
  AND recommendation.product IN (CAST('card' AS TEXT), CAST('loan' AS TEXT));

-- trino, athena
SELECT
  recommendation.client_id,
  recommendation.recommendation_rank
FROM gold.product_recommendation AS recommendation
INNER JOIN silver.disposition AS owner
  ON owner.client_id = recommendation.client_id AND owner.role = 'owner'
INNER JOIN silver.loan AS loan
  ON loan.account_id = owner.account_id
WHERE
  loan.is_default
  AND recommendation.product IN (CAST('card' AS VARCHAR), CAST('loan' AS VARCHAR));

-- spark
SELECT
  recommendation.client_id,
  recommendation.recommendation_rank
FROM gold.product_recommendation AS recommendation
INNER JOIN silver.disposition AS owner
  ON owner.client_id = recommendation.client_id AND owner.role = 'owner'
INNER JOIN silver.loan AS loan
  ON loan.account_id = owner.account_id
WHERE
  loan.is_default
  AND recommendation.product IN (CAST('card' AS STRING), CAST('loan' AS STRING));
