-- duckdb
WITH latest AS (
  SELECT
    MAX(account_month.month) AS month
  FROM gold.account_month AS account_month
), reference AS (
  SELECT
    CAST(latest.month + INTERVAL (1 - step.number) MONTH AS DATE) AS month,
    step.number = 0 AS is_next
  FROM latest
  CROSS JOIN UNNEST(GENERATE_SERIES(0, CAST('6' AS BIGINT))) AS step(number)
  WHERE
    NOT latest.month IS NULL
), customer AS (
  SELECT
    reference.month,
    owner.client_id,
    MIN(account.opened_on) AS customer_since
  FROM reference
  INNER JOIN silver.account AS account
    ON account.opened_on < reference.month
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = account.account_id AND owner.role = 'owner'
  GROUP BY
    reference.month,
    owner.client_id
), held AS (
  SELECT
    customer.month,
    customer.client_id,
    product.product,
    product.held_since
  FROM customer
  INNER JOIN gold.held_product AS product
    ON product.client_id = customer.client_id AND product.held_since < customer.month
), popular AS (
  SELECT
    held.month,
    held.product,
    COUNT(*) AS holders
  FROM held
  GROUP BY
    held.month,
    held.product
), usual AS (
  SELECT
    customer.month,
    popular.product,
    popular.holders,
    COUNT(held.held_since) AS purchases,
    SUM(
      CASE
        WHEN 1 IS NULL
        OR DATE_DIFF('DAY', customer.customer_since, COALESCE(held.held_since, customer.month)) IS NULL
        THEN NULL
        ELSE GREATEST(
          1,
          DATE_DIFF('DAY', customer.customer_since, COALESCE(held.held_since, customer.month))
        )
      END
    ) AS days
  FROM customer
  INNER JOIN popular
    ON popular.month = customer.month
  LEFT JOIN held
    ON held.month = customer.month
    AND held.client_id = customer.client_id
    AND held.product = popular.product
  GROUP BY
    customer.month,
    popular.product,
    popular.holders
), following AS (
  SELECT
    holder.month,
    holder.product AS held_product,
    popular.product,
    COUNT(held.held_since) AS purchases,
    SUM(
      CASE
        WHEN 1 IS NULL
        OR DATE_DIFF('DAY', holder.held_since, COALESCE(held.held_since, holder.month)) IS NULL
        THEN NULL
        ELSE GREATEST(1, DATE_DIFF('DAY', holder.held_since, COALESCE(held.held_since, holder.month)))
      END
    ) AS days
  FROM held AS holder
  INNER JOIN popular
    ON popular.month = holder.month AND popular.product <> holder.product
  LEFT JOIN held
    ON held.month = holder.month
    AND held.client_id = holder.client_id
    AND held.product = popular.product
  WHERE
    held.held_since IS NULL OR held.held_since > holder.held_since
  GROUP BY
    holder.month,
    holder.product,
    popular.product
), compared AS (
  SELECT
    following.month,
    following.held_product,
    following.product,
    following.purchases,
    36525E0 * CAST(following.purchases AS DOUBLE) / CAST(following.days AS DOUBLE) AS expected_pct,
    100E0 * (
      CAST(following.purchases AS DOUBLE) * CAST(usual.days AS DOUBLE)
    ) / (
      CAST(following.days AS DOUBLE) * CAST(usual.purchases AS DOUBLE)
    ) AS lift_pct
  FROM following
  INNER JOIN usual
    ON usual.month = following.month AND usual.product = following.product
  WHERE
    following.days >= CAST('36525' AS BIGINT)
), changing AS (
  SELECT
    held.month,
    held.client_id,
    compared.product,
    compared.held_product,
    compared.purchases,
    compared.expected_pct,
    compared.lift_pct,
    ROW_NUMBER() OVER (
      PARTITION BY held.month, held.client_id, compared.product
      ORDER BY CASE
        WHEN compared.lift_pct >= 100E0
        THEN compared.lift_pct
        WHEN compared.lift_pct > 0E0
        THEN 10000E0 / compared.lift_pct
      END DESC NULLS FIRST, compared.held_product ASC
    ) AS choice
  FROM held
  INNER JOIN compared
    ON compared.month = held.month AND compared.held_product = held.product
), steady_account AS (
  SELECT
    reference.month,
    account_month.account_id
  FROM reference
  INNER JOIN gold.account_month AS account_month
    ON account_month.month < reference.month
    AND account_month.month >= CAST(reference.month + INTERVAL (-CAST('3' AS BIGINT)) MONTH AS DATE)
  WHERE
    account_month.closing_balance > 0
  GROUP BY
    reference.month,
    account_month.account_id,
    account_month.currency
  HAVING
    COUNT(*) = CAST('3' AS BIGINT)
), steady AS (
  SELECT DISTINCT
    steady_account.month,
    owner.client_id
  FROM steady_account
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = steady_account.account_id AND owner.role = 'owner'
), in_arrears AS (
  SELECT
    reference.month,
    owner.client_id
  FROM reference
  INNER JOIN gold.account_month AS account_month
    ON account_month.month < reference.month
    AND account_month.month >= CAST(reference.month + INTERVAL (-CAST('3' AS BIGINT)) MONTH AS DATE)
    AND account_month.days_below_zero > 0
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = account_month.account_id AND owner.role = 'owner'
  UNION
  SELECT
    reference.month,
    owner.client_id
  FROM reference
  INNER JOIN silver.loan AS loan
    ON loan.granted_on < reference.month
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = loan.account_id AND owner.role = 'owner'
  WHERE
    reference.is_next AND loan.is_default
), candidate AS (
  SELECT
    customer.month,
    customer.client_id,
    usual.product,
    usual.holders,
    CASE
      WHEN usual.product IN (CAST('card' AS TEXT), CAST('loan' AS TEXT))
      AND NOT in_arrears.client_id IS NULL
      THEN NULL
      WHEN changing.purchases >= CAST('20' AS BIGINT)
      AND changing.lift_pct >= CAST(CAST('120' AS DECIMAL(12, 6)) AS DOUBLE)
      AND changing.expected_pct >= CAST(CAST('1' AS DECIMAL(9, 6)) AS DOUBLE)
      THEN 'association'
      WHEN usual.product = 'card' AND NOT steady.client_id IS NULL
      THEN 'rule'
      ELSE 'popularity'
    END AS source,
    COALESCE(
      changing.expected_pct,
      36525E0 * CAST(usual.purchases AS DOUBLE) / CAST(usual.days AS DOUBLE)
    ) AS expected_pct,
    changing.held_product,
    changing.lift_pct
  FROM customer
  INNER JOIN usual
    ON usual.month = customer.month
  LEFT JOIN held
    ON held.month = customer.month
    AND held.client_id = customer.client_id
    AND held.product = usual.product
  LEFT JOIN changing
    ON changing.month = customer.month
    AND changing.client_id = customer.client_id
    AND changing.product = usual.product
    AND changing.choice = 1
  LEFT JOIN steady
    ON steady.month = customer.month AND steady.client_id = customer.client_id
  LEFT JOIN in_arrears
    ON in_arrears.month = customer.month AND in_arrears.client_id = customer.client_id
  WHERE
    held.client_id IS NULL
)
SELECT
  candidate.client_id,
  candidate.month,
  candidate.product,
  CAST(candidate.source AS TEXT) AS source,
  CASE WHEN candidate.source = 'association' THEN candidate.held_product END AS held_product,
  candidate.expected_pct,
  CASE WHEN candidate.source = 'association' THEN candidate.lift_pct END AS lift_pct,
  CASE
    WHEN NOT candidate.source IS NULL
    THEN CAST(ROW_NUMBER() OVER (
      PARTITION BY candidate.month, candidate.client_id, NOT candidate.source IS NULL
      ORDER BY candidate.expected_pct DESC, candidate.holders DESC, candidate.product ASC
    ) AS BIGINT)
  END AS recommendation_rank,
  CAST(ROW_NUMBER() OVER (
    PARTITION BY candidate.month, candidate.client_id
    ORDER BY candidate.holders DESC, candidate.product ASC
  ) AS BIGINT) AS popularity_rank
FROM candidate;

-- trino, athena
WITH latest AS (
  SELECT
    MAX(account_month.month) AS month
  FROM gold.account_month AS account_month
), reference AS (
  SELECT
    CAST(DATE_ADD('MONTH', CAST(1 - step.number AS BIGINT), latest.month) AS DATE) AS month,
    step.number = 0 AS is_next
  FROM latest
  CROSS JOIN UNNEST(SEQUENCE(0, CAST('6' AS BIGINT))) AS step(number)
  WHERE
    NOT latest.month IS NULL
), customer AS (
  SELECT
    reference.month,
    owner.client_id,
    MIN(account.opened_on) AS customer_since
  FROM reference
  INNER JOIN silver.account AS account
    ON account.opened_on < reference.month
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = account.account_id AND owner.role = 'owner'
  GROUP BY
    reference.month,
    owner.client_id
), held AS (
  SELECT
    customer.month,
    customer.client_id,
    product.product,
    product.held_since
  FROM customer
  INNER JOIN gold.held_product AS product
    ON product.client_id = customer.client_id AND product.held_since < customer.month
), popular AS (
  SELECT
    held.month,
    held.product,
    COUNT(*) AS holders
  FROM held
  GROUP BY
    held.month,
    held.product
), usual AS (
  SELECT
    customer.month,
    popular.product,
    popular.holders,
    COUNT(held.held_since) AS purchases,
    SUM(
      GREATEST(
        1,
        DATE_DIFF('DAY', customer.customer_since, COALESCE(held.held_since, customer.month))
      )
    ) AS days
  FROM customer
  INNER JOIN popular
    ON popular.month = customer.month
  LEFT JOIN held
    ON held.month = customer.month
    AND held.client_id = customer.client_id
    AND held.product = popular.product
  GROUP BY
    customer.month,
    popular.product,
    popular.holders
), following AS (
  SELECT
    holder.month,
    holder.product AS held_product,
    popular.product,
    COUNT(held.held_since) AS purchases,
    SUM(
      GREATEST(1, DATE_DIFF('DAY', holder.held_since, COALESCE(held.held_since, holder.month)))
    ) AS days
  FROM held AS holder
  INNER JOIN popular
    ON popular.month = holder.month AND popular.product <> holder.product
  LEFT JOIN held
    ON held.month = holder.month
    AND held.client_id = holder.client_id
    AND held.product = popular.product
  WHERE
    held.held_since IS NULL OR held.held_since > holder.held_since
  GROUP BY
    holder.month,
    holder.product,
    popular.product
), compared AS (
  SELECT
    following.month,
    following.held_product,
    following.product,
    following.purchases,
    36525E0 * CAST(following.purchases AS DOUBLE) / CAST(following.days AS DOUBLE) AS expected_pct,
    100E0 * (
      CAST(following.purchases AS DOUBLE) * CAST(usual.days AS DOUBLE)
    ) / (
      CAST(following.days AS DOUBLE) * CAST(usual.purchases AS DOUBLE)
    ) AS lift_pct
  FROM following
  INNER JOIN usual
    ON usual.month = following.month AND usual.product = following.product
  WHERE
    following.days >= CAST('36525' AS BIGINT)
), changing AS (
  SELECT
    held.month,
    held.client_id,
    compared.product,
    compared.held_product,
    compared.purchases,
    compared.expected_pct,
    compared.lift_pct,
    ROW_NUMBER() OVER (
      PARTITION BY held.month, held.client_id, compared.product
      ORDER BY CASE
        WHEN compared.lift_pct >= 100E0
        THEN compared.lift_pct
        WHEN compared.lift_pct > 0E0
        THEN 10000E0 / compared.lift_pct
      END DESC NULLS FIRST, compared.held_product ASC
    ) AS choice
  FROM held
  INNER JOIN compared
    ON compared.month = held.month AND compared.held_product = held.product
), steady_account AS (
  SELECT
    reference.month,
    account_month.account_id
  FROM reference
  INNER JOIN gold.account_month AS account_month
    ON account_month.month < reference.month
    AND account_month.month >= CAST(DATE_ADD('MONTH', -CAST('3' AS BIGINT), reference.month) AS DATE)
  WHERE
    account_month.closing_balance > 0
  GROUP BY
    reference.month,
    account_month.account_id,
    account_month.currency
  HAVING
    COUNT(*) = CAST('3' AS BIGINT)
), steady AS (
  SELECT DISTINCT
    steady_account.month,
    owner.client_id
  FROM steady_account
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = steady_account.account_id AND owner.role = 'owner'
), in_arrears AS (
  SELECT
    reference.month,
    owner.client_id
  FROM reference
  INNER JOIN gold.account_month AS account_month
    ON account_month.month < reference.month
    AND account_month.month >= CAST(DATE_ADD('MONTH', -CAST('3' AS BIGINT), reference.month) AS DATE)
    AND account_month.days_below_zero > 0
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = account_month.account_id AND owner.role = 'owner'
  UNION
  SELECT
    reference.month,
    owner.client_id
  FROM reference
  INNER JOIN silver.loan AS loan
    ON loan.granted_on < reference.month
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = loan.account_id AND owner.role = 'owner'
  WHERE
    reference.is_next AND loan.is_default
), candidate AS (
  SELECT
    customer.month,
    customer.client_id,
    usual.product,
    usual.holders,
    CASE
      WHEN usual.product IN (CAST('card' AS VARCHAR), CAST('loan' AS VARCHAR))
      AND NOT in_arrears.client_id IS NULL
      THEN NULL
      WHEN changing.purchases >= CAST('20' AS BIGINT)
      AND changing.lift_pct >= CAST(CAST('120' AS DECIMAL(12, 6)) AS DOUBLE)
      AND changing.expected_pct >= CAST(CAST('1' AS DECIMAL(9, 6)) AS DOUBLE)
      THEN 'association'
      WHEN usual.product = 'card' AND NOT steady.client_id IS NULL
      THEN 'rule'
      ELSE 'popularity'
    END AS source,
    COALESCE(
      changing.expected_pct,
      36525E0 * CAST(usual.purchases AS DOUBLE) / CAST(usual.days AS DOUBLE)
    ) AS expected_pct,
    changing.held_product,
    changing.lift_pct
  FROM customer
  INNER JOIN usual
    ON usual.month = customer.month
  LEFT JOIN held
    ON held.month = customer.month
    AND held.client_id = customer.client_id
    AND held.product = usual.product
  LEFT JOIN changing
    ON changing.month = customer.month
    AND changing.client_id = customer.client_id
    AND changing.product = usual.product
    AND changing.choice = 1
  LEFT JOIN steady
    ON steady.month = customer.month AND steady.client_id = customer.client_id
  LEFT JOIN in_arrears
    ON in_arrears.month = customer.month AND in_arrears.client_id = customer.client_id
  WHERE
    held.client_id IS NULL
)
SELECT
  candidate.client_id,
  candidate.month,
  candidate.product,
  CAST(candidate.source AS VARCHAR) AS source,
  CASE WHEN candidate.source = 'association' THEN candidate.held_product END AS held_product,
  candidate.expected_pct,
  CASE WHEN candidate.source = 'association' THEN candidate.lift_pct END AS lift_pct,
  CASE
    WHEN NOT candidate.source IS NULL
    THEN CAST(ROW_NUMBER() OVER (
      PARTITION BY candidate.month, candidate.client_id, NOT candidate.source IS NULL
      ORDER BY candidate.expected_pct DESC, candidate.holders DESC, candidate.product ASC
    ) AS BIGINT)
  END AS recommendation_rank,
  CAST(ROW_NUMBER() OVER (
    PARTITION BY candidate.month, candidate.client_id
    ORDER BY candidate.holders DESC, candidate.product ASC
  ) AS BIGINT) AS popularity_rank
FROM candidate;

-- spark
WITH latest AS (
  SELECT
    MAX(account_month.month) AS month
  FROM gold.account_month AS account_month
), reference AS (
  SELECT
    CAST(ADD_MONTHS(latest.month, CAST(1 - step.number AS INT)) AS DATE) AS month,
    step.number = 0 AS is_next
  FROM latest
  LATERAL VIEW
  EXPLODE(SEQUENCE(0, CAST('6' AS BIGINT))) step AS number
  WHERE
    NOT latest.month IS NULL
), customer AS (
  SELECT
    reference.month,
    owner.client_id,
    MIN(account.opened_on) AS customer_since
  FROM reference
  INNER JOIN silver.account AS account
    ON account.opened_on < reference.month
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = account.account_id AND owner.role = 'owner'
  GROUP BY
    reference.month,
    owner.client_id
), held AS (
  SELECT
    customer.month,
    customer.client_id,
    product.product,
    product.held_since
  FROM customer
  INNER JOIN gold.held_product AS product
    ON product.client_id = customer.client_id AND product.held_since < customer.month
), popular AS (
  SELECT
    held.month,
    held.product,
    COUNT(*) AS holders
  FROM held
  GROUP BY
    held.month,
    held.product
), usual AS (
  SELECT
    customer.month,
    popular.product,
    popular.holders,
    COUNT(held.held_since) AS purchases,
    SUM(
      GREATEST(
        1,
        DATEDIFF(DAY, customer.customer_since, COALESCE(held.held_since, customer.month))
      )
    ) AS days
  FROM customer
  INNER JOIN popular
    ON popular.month = customer.month
  LEFT JOIN held
    ON held.month = customer.month
    AND held.client_id = customer.client_id
    AND held.product = popular.product
  GROUP BY
    customer.month,
    popular.product,
    popular.holders
), following AS (
  SELECT
    holder.month,
    holder.product AS held_product,
    popular.product,
    COUNT(held.held_since) AS purchases,
    SUM(
      GREATEST(1, DATEDIFF(DAY, holder.held_since, COALESCE(held.held_since, holder.month)))
    ) AS days
  FROM held AS holder
  INNER JOIN popular
    ON popular.month = holder.month AND popular.product <> holder.product
  LEFT JOIN held
    ON held.month = holder.month
    AND held.client_id = holder.client_id
    AND held.product = popular.product
  WHERE
    held.held_since IS NULL OR held.held_since > holder.held_since
  GROUP BY
    holder.month,
    holder.product,
    popular.product
), compared AS (
  SELECT
    following.month,
    following.held_product,
    following.product,
    following.purchases,
    36525E0 * CAST(following.purchases AS DOUBLE) / CAST(following.days AS DOUBLE) AS expected_pct,
    100E0 * (
      CAST(following.purchases AS DOUBLE) * CAST(usual.days AS DOUBLE)
    ) / (
      CAST(following.days AS DOUBLE) * CAST(usual.purchases AS DOUBLE)
    ) AS lift_pct
  FROM following
  INNER JOIN usual
    ON usual.month = following.month AND usual.product = following.product
  WHERE
    following.days >= CAST('36525' AS BIGINT)
), changing AS (
  SELECT
    held.month,
    held.client_id,
    compared.product,
    compared.held_product,
    compared.purchases,
    compared.expected_pct,
    compared.lift_pct,
    ROW_NUMBER() OVER (
      PARTITION BY held.month, held.client_id, compared.product
      ORDER BY CASE
        WHEN compared.lift_pct >= 100E0
        THEN compared.lift_pct
        WHEN compared.lift_pct > 0E0
        THEN 10000E0 / compared.lift_pct
      END DESC NULLS FIRST, compared.held_product ASC NULLS LAST
    ) AS choice
  FROM held
  INNER JOIN compared
    ON compared.month = held.month AND compared.held_product = held.product
), steady_account AS (
  SELECT
    reference.month,
    account_month.account_id
  FROM reference
  INNER JOIN gold.account_month AS account_month
    ON account_month.month < reference.month
    AND account_month.month >= CAST(ADD_MONTHS(reference.month, CAST(-CAST('3' AS BIGINT) AS INT)) AS DATE)
  WHERE
    account_month.closing_balance > 0
  GROUP BY
    reference.month,
    account_month.account_id,
    account_month.currency
  HAVING
    COUNT(*) = CAST('3' AS BIGINT)
), steady AS (
  SELECT DISTINCT
    steady_account.month,
    owner.client_id
  FROM steady_account
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = steady_account.account_id AND owner.role = 'owner'
), in_arrears AS (
  SELECT
    reference.month,
    owner.client_id
  FROM reference
  INNER JOIN gold.account_month AS account_month
    ON account_month.month < reference.month
    AND account_month.month >= CAST(ADD_MONTHS(reference.month, CAST(-CAST('3' AS BIGINT) AS INT)) AS DATE)
    AND account_month.days_below_zero > 0
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = account_month.account_id AND owner.role = 'owner'
  UNION
  SELECT
    reference.month,
    owner.client_id
  FROM reference
  INNER JOIN silver.loan AS loan
    ON loan.granted_on < reference.month
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = loan.account_id AND owner.role = 'owner'
  WHERE
    reference.is_next AND loan.is_default
), candidate AS (
  SELECT
    customer.month,
    customer.client_id,
    usual.product,
    usual.holders,
    CASE
      WHEN usual.product IN (CAST('card' AS STRING), CAST('loan' AS STRING))
      AND NOT in_arrears.client_id IS NULL
      THEN NULL
      WHEN changing.purchases >= CAST('20' AS BIGINT)
      AND changing.lift_pct >= CAST(CAST('120' AS DECIMAL(12, 6)) AS DOUBLE)
      AND changing.expected_pct >= CAST(CAST('1' AS DECIMAL(9, 6)) AS DOUBLE)
      THEN 'association'
      WHEN usual.product = 'card' AND NOT steady.client_id IS NULL
      THEN 'rule'
      ELSE 'popularity'
    END AS source,
    COALESCE(
      changing.expected_pct,
      36525E0 * CAST(usual.purchases AS DOUBLE) / CAST(usual.days AS DOUBLE)
    ) AS expected_pct,
    changing.held_product,
    changing.lift_pct
  FROM customer
  INNER JOIN usual
    ON usual.month = customer.month
  LEFT JOIN held
    ON held.month = customer.month
    AND held.client_id = customer.client_id
    AND held.product = usual.product
  LEFT JOIN changing
    ON changing.month = customer.month
    AND changing.client_id = customer.client_id
    AND changing.product = usual.product
    AND changing.choice = 1
  LEFT JOIN steady
    ON steady.month = customer.month AND steady.client_id = customer.client_id
  LEFT JOIN in_arrears
    ON in_arrears.month = customer.month AND in_arrears.client_id = customer.client_id
  WHERE
    held.client_id IS NULL
)
SELECT
  candidate.client_id,
  candidate.month,
  candidate.product,
  CAST(candidate.source AS STRING) AS source,
  CASE WHEN candidate.source = 'association' THEN candidate.held_product END AS held_product,
  candidate.expected_pct,
  CASE WHEN candidate.source = 'association' THEN candidate.lift_pct END AS lift_pct,
  CASE
    WHEN NOT candidate.source IS NULL
    THEN CAST(ROW_NUMBER() OVER (
      PARTITION BY candidate.month, candidate.client_id, NOT candidate.source IS NULL
      ORDER BY candidate.expected_pct DESC, candidate.holders DESC, candidate.product ASC NULLS LAST
    ) AS BIGINT)
  END AS recommendation_rank,
  CAST(ROW_NUMBER() OVER (
    PARTITION BY candidate.month, candidate.client_id
    ORDER BY candidate.holders DESC, candidate.product ASC NULLS LAST
  ) AS BIGINT) AS popularity_rank
FROM candidate;
