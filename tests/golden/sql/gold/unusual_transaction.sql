-- duckdb
WITH usual AS (
  SELECT
    amount.account_id,
    amount.currency,
    amount.direction,
    amount.twice_median,
    CASE
      WHEN CAST(amount.four_mads AS DECIMAL(24, 4)) IS NULL
      OR CAST(amount.twice_median * CAST('20' AS DECIMAL(9, 6)) * CAST('0.02' AS DECIMAL(3, 2)) AS DECIMAL(24, 4)) IS NULL
      THEN NULL
      ELSE GREATEST(
        CAST(amount.four_mads AS DECIMAL(24, 4)),
        CAST(amount.twice_median * CAST('20' AS DECIMAL(9, 6)) * CAST('0.02' AS DECIMAL(3, 2)) AS DECIMAL(24, 4))
      )
    END AS four_mads
  FROM gold.usual_amount AS amount
  WHERE
    amount.transactions >= CAST('12' AS BIGINT)
), day AS (
  SELECT
    account_day.account_id,
    account_day.booked_on,
    SUM(account_day.transactions) AS transactions
  FROM gold.account_day AS account_day
  GROUP BY
    account_day.account_id,
    account_day.booked_on
), mean_day AS (
  SELECT
    day.account_id,
    COUNT(*) AS days,
    SUM(day.transactions) AS transactions
  FROM day
  GROUP BY
    day.account_id
), busy_day AS (
  SELECT
    day.account_id,
    day.booked_on
  FROM day
  INNER JOIN mean_day
    ON mean_day.account_id = day.account_id
  WHERE
    day.transactions >= CAST('8' AS BIGINT)
    AND day.transactions * mean_day.days > CAST('4' AS BIGINT) * mean_day.transactions
), judged AS (
  SELECT
    booked.transaction_id,
    booked.account_id,
    booked.currency,
    booked.booked_on,
    booked.direction,
    booked.amount,
    2 * booked.amount - usual.twice_median AS twice_above_median,
    usual.four_mads,
    COALESCE(
      CAST('1.349' AS DECIMAL(4, 3)) * (
        2 * booked.amount - usual.twice_median
      ) > CAST('15' AS DECIMAL(12, 6)) * usual.four_mads,
      FALSE
    ) AS has_unusual_amount,
    NOT busy_day.account_id IS NULL AS is_on_busy_day
  FROM silver."transaction" AS booked
  LEFT JOIN usual
    ON usual.account_id = booked.account_id
    AND usual.currency = booked.currency
    AND usual.direction = booked.direction
  LEFT JOIN busy_day
    ON busy_day.account_id = booked.account_id AND busy_day.booked_on = booked.booked_on
  WHERE
    booked.purpose IS NULL
    OR NOT booked.purpose IN ('interest', 'penalty_interest', 'statement_fee')
)
SELECT
  judged.transaction_id,
  judged.account_id,
  judged.currency,
  judged.booked_on,
  judged.direction,
  judged.amount,
  CASE
    WHEN judged.four_mads > 0
    THEN 1.349E0 * CAST(judged.twice_above_median AS DOUBLE) / CAST(judged.four_mads AS DOUBLE)
  END AS robust_z,
  CAST(day.transactions AS BIGINT) AS velocity,
  CASE
    WHEN judged.has_unusual_amount AND judged.is_on_busy_day
    THEN 'amount_and_velocity'
    WHEN judged.has_unusual_amount
    THEN 'amount'
    ELSE 'velocity'
  END AS reason
FROM judged
INNER JOIN day
  ON day.account_id = judged.account_id AND day.booked_on = judged.booked_on
WHERE
  judged.has_unusual_amount OR judged.is_on_busy_day;

-- trino, athena
WITH usual AS (
  SELECT
    amount.account_id,
    amount.currency,
    amount.direction,
    amount.twice_median,
    GREATEST(
      CAST(amount.four_mads AS DECIMAL(24, 4)),
      CAST(amount.twice_median * CAST('20' AS DECIMAL(9, 6)) * CAST('0.02' AS DECIMAL(3, 2)) AS DECIMAL(24, 4))
    ) AS four_mads
  FROM gold.usual_amount AS amount
  WHERE
    amount.transactions >= CAST('12' AS BIGINT)
), day AS (
  SELECT
    account_day.account_id,
    account_day.booked_on,
    SUM(account_day.transactions) AS transactions
  FROM gold.account_day AS account_day
  GROUP BY
    account_day.account_id,
    account_day.booked_on
), mean_day AS (
  SELECT
    day.account_id,
    COUNT(*) AS days,
    SUM(day.transactions) AS transactions
  FROM day
  GROUP BY
    day.account_id
), busy_day AS (
  SELECT
    day.account_id,
    day.booked_on
  FROM day
  INNER JOIN mean_day
    ON mean_day.account_id = day.account_id
  WHERE
    day.transactions >= CAST('8' AS BIGINT)
    AND day.transactions * mean_day.days > CAST('4' AS BIGINT) * mean_day.transactions
), judged AS (
  SELECT
    booked.transaction_id,
    booked.account_id,
    booked.currency,
    booked.booked_on,
    booked.direction,
    booked.amount,
    2 * booked.amount - usual.twice_median AS twice_above_median,
    usual.four_mads,
    COALESCE(
      CAST('1.349' AS DECIMAL(4, 3)) * (
        2 * booked.amount - usual.twice_median
      ) > CAST('15' AS DECIMAL(12, 6)) * usual.four_mads,
      FALSE
    ) AS has_unusual_amount,
    NOT busy_day.account_id IS NULL AS is_on_busy_day
  FROM silver."transaction" AS booked
  LEFT JOIN usual
    ON usual.account_id = booked.account_id
    AND usual.currency = booked.currency
    AND usual.direction = booked.direction
  LEFT JOIN busy_day
    ON busy_day.account_id = booked.account_id AND busy_day.booked_on = booked.booked_on
  WHERE
    booked.purpose IS NULL
    OR NOT booked.purpose IN ('interest', 'penalty_interest', 'statement_fee')
)
SELECT
  judged.transaction_id,
  judged.account_id,
  judged.currency,
  judged.booked_on,
  judged.direction,
  judged.amount,
  CASE
    WHEN judged.four_mads > 0
    THEN 1.349E0 * CAST(judged.twice_above_median AS DOUBLE) / CAST(judged.four_mads AS DOUBLE)
  END AS robust_z,
  CAST(day.transactions AS BIGINT) AS velocity,
  CASE
    WHEN judged.has_unusual_amount AND judged.is_on_busy_day
    THEN 'amount_and_velocity'
    WHEN judged.has_unusual_amount
    THEN 'amount'
    ELSE 'velocity'
  END AS reason
FROM judged
INNER JOIN day
  ON day.account_id = judged.account_id AND day.booked_on = judged.booked_on
WHERE
  judged.has_unusual_amount OR judged.is_on_busy_day;

-- spark
WITH usual AS (
  SELECT
    amount.account_id,
    amount.currency,
    amount.direction,
    amount.twice_median,
    GREATEST(
      CAST(amount.four_mads AS DECIMAL(24, 4)),
      CAST(amount.twice_median * CAST('20' AS DECIMAL(9, 6)) * CAST('0.02' AS DECIMAL(3, 2)) AS DECIMAL(24, 4))
    ) AS four_mads
  FROM gold.usual_amount AS amount
  WHERE
    amount.transactions >= CAST('12' AS BIGINT)
), day AS (
  SELECT
    account_day.account_id,
    account_day.booked_on,
    SUM(account_day.transactions) AS transactions
  FROM gold.account_day AS account_day
  GROUP BY
    account_day.account_id,
    account_day.booked_on
), mean_day AS (
  SELECT
    day.account_id,
    COUNT(*) AS days,
    SUM(day.transactions) AS transactions
  FROM day
  GROUP BY
    day.account_id
), busy_day AS (
  SELECT
    day.account_id,
    day.booked_on
  FROM day
  INNER JOIN mean_day
    ON mean_day.account_id = day.account_id
  WHERE
    day.transactions >= CAST('8' AS BIGINT)
    AND day.transactions * mean_day.days > CAST('4' AS BIGINT) * mean_day.transactions
), judged AS (
  SELECT
    booked.transaction_id,
    booked.account_id,
    booked.currency,
    booked.booked_on,
    booked.direction,
    booked.amount,
    2 * booked.amount - usual.twice_median AS twice_above_median,
    usual.four_mads,
    COALESCE(
      CAST('1.349' AS DECIMAL(4, 3)) * (
        2 * booked.amount - usual.twice_median
      ) > CAST('15' AS DECIMAL(12, 6)) * usual.four_mads,
      FALSE
    ) AS has_unusual_amount,
    NOT busy_day.account_id IS NULL AS is_on_busy_day
  FROM silver.`transaction` AS booked
  LEFT JOIN usual
    ON usual.account_id = booked.account_id
    AND usual.currency = booked.currency
    AND usual.direction = booked.direction
  LEFT JOIN busy_day
    ON busy_day.account_id = booked.account_id AND busy_day.booked_on = booked.booked_on
  WHERE
    booked.purpose IS NULL
    OR NOT booked.purpose IN ('interest', 'penalty_interest', 'statement_fee')
)
SELECT
  judged.transaction_id,
  judged.account_id,
  judged.currency,
  judged.booked_on,
  judged.direction,
  judged.amount,
  CASE
    WHEN judged.four_mads > 0
    THEN 1.349E0 * CAST(judged.twice_above_median AS DOUBLE) / CAST(judged.four_mads AS DOUBLE)
  END AS robust_z,
  CAST(day.transactions AS BIGINT) AS velocity,
  CASE
    WHEN judged.has_unusual_amount AND judged.is_on_busy_day
    THEN 'amount_and_velocity'
    WHEN judged.has_unusual_amount
    THEN 'amount'
    ELSE 'velocity'
  END AS reason
FROM judged
INNER JOIN day
  ON day.account_id = judged.account_id AND day.booked_on = judged.booked_on
WHERE
  judged.has_unusual_amount OR judged.is_on_busy_day;
