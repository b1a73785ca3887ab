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
    owner.client_id
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
    product.product
  FROM customer
  INNER JOIN gold.held_product AS product
    ON product.client_id = customer.client_id AND product.held_since < customer.month
), everybody AS (
  SELECT
    customer.month,
    COUNT(*) AS customers
  FROM customer
  GROUP BY
    customer.month
), popular AS (
  SELECT
    held.month,
    held.product,
    COUNT(*) AS holders
  FROM held
  GROUP BY
    held.month,
    held.product
), pair AS (
  SELECT
    one.month,
    one.product AS held_product,
    another.product,
    COUNT(*) AS holders_of_both
  FROM held AS one
  INNER JOIN held AS another
    ON another.month = one.month
    AND another.client_id = one.client_id
    AND another.product <> one.product
  GROUP BY
    one.month,
    one.product,
    another.product
), association AS (
  SELECT
    pair.month,
    pair.held_product,
    pair.product,
    100E0 * CAST(pair.holders_of_both AS DOUBLE) / CAST(of_held.holders AS DOUBLE) AS confidence_pct,
    100E0 * CAST(pair.holders_of_both * everybody.customers AS DOUBLE) / CAST(of_held.holders * of_product.holders AS DOUBLE) AS lift_pct
  FROM pair
  INNER JOIN popular AS of_held
    ON of_held.month = pair.month AND of_held.product = pair.held_product
  INNER JOIN popular AS of_product
    ON of_product.month = pair.month AND of_product.product = pair.product
  INNER JOIN everybody
    ON everybody.month = pair.month
  WHERE
    100 * pair.holders_of_both >= CAST('0.5' AS DECIMAL(9, 6)) * everybody.customers
    AND 100 * pair.holders_of_both >= CAST('1' AS DECIMAL(9, 6)) * of_held.holders
    AND 100 * pair.holders_of_both * everybody.customers >= CAST('105' AS DECIMAL(12, 6)) * of_held.holders * of_product.holders
), associated AS (
  SELECT
    held.month,
    held.client_id,
    association.product,
    association.held_product,
    association.confidence_pct,
    association.lift_pct,
    ROW_NUMBER() OVER (
      PARTITION BY held.month, held.client_id, association.product
      ORDER BY association.confidence_pct DESC, association.held_product ASC
    ) AS choice
  FROM held
  INNER JOIN association
    ON association.month = held.month AND association.held_product = held.product
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
  CROSS JOIN silver.loan AS loan
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = loan.account_id AND owner.role = 'owner'
  WHERE
    reference.is_next AND loan.is_default
), candidate AS (
  SELECT
    customer.month,
    customer.client_id,
    popular.product,
    popular.holders,
    CASE
      WHEN popular.product IN (CAST('card' AS TEXT), CAST('loan' AS TEXT))
      AND NOT in_arrears.client_id IS NULL
      THEN NULL
      WHEN NOT associated.product IS NULL
      THEN 'association'
      WHEN popular.product = 'card' AND NOT steady.client_id IS NULL
      THEN 'rule'
      ELSE 'popularity'
    END AS source,
    associated.held_product,
    associated.confidence_pct,
    associated.lift_pct
  FROM customer
  INNER JOIN popular
    ON popular.month = customer.month
  LEFT JOIN held
    ON held.month = customer.month
    AND held.client_id = customer.client_id
    AND held.product = popular.product
  LEFT JOIN associated
    ON associated.month = customer.month
    AND associated.client_id = customer.client_id
    AND associated.product = popular.product
    AND associated.choice = 1
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
  CASE WHEN candidate.source = 'association' THEN candidate.confidence_pct END AS confidence_pct,
  CASE WHEN candidate.source = 'association' THEN candidate.lift_pct END AS lift_pct,
  CASE
    WHEN NOT candidate.source IS NULL
    THEN CAST(ROW_NUMBER() OVER (
      PARTITION BY candidate.month, candidate.client_id
      ORDER BY CASE candidate.source
        WHEN 'association'
        THEN 1
        WHEN 'rule'
        THEN 2
        WHEN 'popularity'
        THEN 3
        ELSE 4
      END ASC, candidate.confidence_pct DESC, candidate.holders DESC, candidate.product ASC
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
    owner.client_id
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
    product.product
  FROM customer
  INNER JOIN gold.held_product AS product
    ON product.client_id = customer.client_id AND product.held_since < customer.month
), everybody AS (
  SELECT
    customer.month,
    COUNT(*) AS customers
  FROM customer
  GROUP BY
    customer.month
), popular AS (
  SELECT
    held.month,
    held.product,
    COUNT(*) AS holders
  FROM held
  GROUP BY
    held.month,
    held.product
), pair AS (
  SELECT
    one.month,
    one.product AS held_product,
    another.product,
    COUNT(*) AS holders_of_both
  FROM held AS one
  INNER JOIN held AS another
    ON another.month = one.month
    AND another.client_id = one.client_id
    AND another.product <> one.product
  GROUP BY
    one.month,
    one.product,
    another.product
), association AS (
  SELECT
    pair.month,
    pair.held_product,
    pair.product,
    100E0 * CAST(pair.holders_of_both AS DOUBLE) / CAST(of_held.holders AS DOUBLE) AS confidence_pct,
    100E0 * CAST(pair.holders_of_both * everybody.customers AS DOUBLE) / CAST(of_held.holders * of_product.holders AS DOUBLE) AS lift_pct
  FROM pair
  INNER JOIN popular AS of_held
    ON of_held.month = pair.month AND of_held.product = pair.held_product
  INNER JOIN popular AS of_product
    ON of_product.month = pair.month AND of_product.product = pair.product
  INNER JOIN everybody
    ON everybody.month = pair.month
  WHERE
    100 * pair.holders_of_both >= CAST('0.5' AS DECIMAL(9, 6)) * everybody.customers
    AND 100 * pair.holders_of_both >= CAST('1' AS DECIMAL(9, 6)) * of_held.holders
    AND 100 * pair.holders_of_both * everybody.customers >= CAST('105' AS DECIMAL(12, 6)) * of_held.holders * of_product.holders
), associated AS (
  SELECT
    held.month,
    held.client_id,
    association.product,
    association.held_product,
    association.confidence_pct,
    association.lift_pct,
    ROW_NUMBER() OVER (
      PARTITION BY held.month, held.client_id, association.product
      ORDER BY association.confidence_pct DESC, association.held_product ASC
    ) AS choice
  FROM held
  INNER JOIN association
    ON association.month = held.month AND association.held_product = held.product
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
  CROSS JOIN silver.loan AS loan
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = loan.account_id AND owner.role = 'owner'
  WHERE
    reference.is_next AND loan.is_default
), candidate AS (
  SELECT
    customer.month,
    customer.client_id,
    popular.product,
    popular.holders,
    CASE
      WHEN popular.product IN (CAST('card' AS VARCHAR), CAST('loan' AS VARCHAR))
      AND NOT in_arrears.client_id IS NULL
      THEN NULL
      WHEN NOT associated.product IS NULL
      THEN 'association'
      WHEN popular.product = 'card' AND NOT steady.client_id IS NULL
      THEN 'rule'
      ELSE 'popularity'
    END AS source,
    associated.held_product,
    associated.confidence_pct,
    associated.lift_pct
  FROM customer
  INNER JOIN popular
    ON popular.month = customer.month
  LEFT JOIN held
    ON held.month = customer.month
    AND held.client_id = customer.client_id
    AND held.product = popular.product
  LEFT JOIN associated
    ON associated.month = customer.month
    AND associated.client_id = customer.client_id
    AND associated.product = popular.product
    AND associated.choice = 1
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
  CASE WHEN candidate.source = 'association' THEN candidate.confidence_pct END AS confidence_pct,
  CASE WHEN candidate.source = 'association' THEN candidate.lift_pct END AS lift_pct,
  CASE
    WHEN NOT candidate.source IS NULL
    THEN CAST(ROW_NUMBER() OVER (
      PARTITION BY candidate.month, candidate.client_id
      ORDER BY CASE candidate.source
        WHEN 'association'
        THEN 1
        WHEN 'rule'
        THEN 2
        WHEN 'popularity'
        THEN 3
        ELSE 4
      END ASC, candidate.confidence_pct DESC, candidate.holders DESC, candidate.product ASC
    ) AS BIGINT)
  END AS recommendation_rank,
  CAST(ROW_NUMBER() OVER (
    PARTITION BY candidate.month, candidate.client_id
    ORDER BY candidate.holders DESC, candidate.product ASC
  ) AS BIGINT) AS popularity_rank
FROM candidate;
