-- duckdb
WITH counted AS (
  SELECT
    candidate.month,
    COUNT(purchase.client_id) AS purchases,
    SUM(
      CASE
        WHEN NOT purchase.client_id IS NULL
        AND candidate.recommendation_rank <= CAST('1' AS BIGINT)
        THEN 1
        ELSE 0
      END
    ) AS hits,
    SUM(
      CASE
        WHEN NOT purchase.client_id IS NULL
        AND candidate.popularity_rank <= CAST('1' AS BIGINT)
        THEN 1
        ELSE 0
      END
    ) AS popularity_hits
  FROM gold.product_candidate AS candidate
  LEFT JOIN gold.held_product AS purchase
    ON purchase.client_id = candidate.client_id
    AND purchase.product = candidate.product
    AND purchase.held_since >= candidate.month
    AND purchase.held_since < CAST(candidate.month + INTERVAL 1 MONTH AS DATE)
  WHERE
    candidate.month <= (
      SELECT
        MAX(account_month.month)
      FROM gold.account_month AS account_month
    )
  GROUP BY
    candidate.month
)
SELECT
  counted.month,
  counted.purchases,
  CAST(counted.hits AS BIGINT) AS hits,
  CAST(counted.popularity_hits AS BIGINT) AS popularity_hits,
  CASE
    WHEN counted.purchases > 0
    THEN 100E0 * CAST(counted.hits AS DOUBLE) / CAST(counted.purchases AS DOUBLE)
  END AS hit_rate_pct,
  CASE
    WHEN counted.purchases > 0
    THEN 100E0 * CAST(counted.popularity_hits AS DOUBLE) / CAST(counted.purchases AS DOUBLE)
  END AS popularity_hit_rate_pct
FROM counted;

-- trino, athena
WITH counted AS (
  SELECT
    candidate.month,
    COUNT(purchase.client_id) AS purchases,
    SUM(
      CASE
        WHEN NOT purchase.client_id IS NULL
        AND candidate.recommendation_rank <= CAST('1' AS BIGINT)
        THEN 1
        ELSE 0
      END
    ) AS hits,
    SUM(
      CASE
        WHEN NOT purchase.client_id IS NULL
        AND candidate.popularity_rank <= CAST('1' AS BIGINT)
        THEN 1
        ELSE 0
      END
    ) AS popularity_hits
  FROM gold.product_candidate AS candidate
  LEFT JOIN gold.held_product AS purchase
    ON purchase.client_id = candidate.client_id
    AND purchase.product = candidate.product
    AND purchase.held_since >= candidate.month
    AND purchase.held_since < CAST(DATE_ADD('MONTH', 1, candidate.month) AS DATE)
  WHERE
    candidate.month <= (
      SELECT
        MAX(account_month.month)
      FROM gold.account_month AS account_month
    )
  GROUP BY
    candidate.month
)
SELECT
  counted.month,
  counted.purchases,
  CAST(counted.hits AS BIGINT) AS hits,
  CAST(counted.popularity_hits AS BIGINT) AS popularity_hits,
  CASE
    WHEN counted.purchases > 0
    THEN 100E0 * CAST(counted.hits AS DOUBLE) / CAST(counted.purchases AS DOUBLE)
  END AS hit_rate_pct,
  CASE
    WHEN counted.purchases > 0
    THEN 100E0 * CAST(counted.popularity_hits AS DOUBLE) / CAST(counted.purchases AS DOUBLE)
  END AS popularity_hit_rate_pct
FROM counted;

-- spark
WITH counted AS (
  SELECT
    candidate.month,
    COUNT(purchase.client_id) AS purchases,
    SUM(
      CASE
        WHEN NOT purchase.client_id IS NULL
        AND candidate.recommendation_rank <= CAST('1' AS BIGINT)
        THEN 1
        ELSE 0
      END
    ) AS hits,
    SUM(
      CASE
        WHEN NOT purchase.client_id IS NULL
        AND candidate.popularity_rank <= CAST('1' AS BIGINT)
        THEN 1
        ELSE 0
      END
    ) AS popularity_hits
  FROM gold.product_candidate AS candidate
  LEFT JOIN gold.held_product AS purchase
    ON purchase.client_id = candidate.client_id
    AND purchase.product = candidate.product
    AND purchase.held_since >= candidate.month
    AND purchase.held_since < CAST(ADD_MONTHS(candidate.month, CAST(1 AS INT)) AS DATE)
  WHERE
    candidate.month <= (
      SELECT
        MAX(account_month.month)
      FROM gold.account_month AS account_month
    )
  GROUP BY
    candidate.month
)
SELECT
  counted.month,
  counted.purchases,
  CAST(counted.hits AS BIGINT) AS hits,
  CAST(counted.popularity_hits AS BIGINT) AS popularity_hits,
  CASE
    WHEN counted.purchases > 0
    THEN 100E0 * CAST(counted.hits AS DOUBLE) / CAST(counted.purchases AS DOUBLE)
  END AS hit_rate_pct,
  CASE
    WHEN counted.purchases > 0
    THEN 100E0 * CAST(counted.popularity_hits AS DOUBLE) / CAST(counted.purchases AS DOUBLE)
  END AS popularity_hit_rate_pct
FROM counted;
