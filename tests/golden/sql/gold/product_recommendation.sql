-- duckdb, trino, athena, spark
SELECT
  candidate.client_id,
  candidate.recommendation_rank,
  candidate.product,
  candidate.source,
  candidate.held_product,
  candidate.expected_pct,
  candidate.lift_pct
FROM gold.product_candidate AS candidate
WHERE
  candidate.recommendation_rank <= CAST('1' AS BIGINT)
  AND candidate.month > (
    SELECT
      MAX(account_month.month)
    FROM gold.account_month AS account_month
  );
