-- duckdb
WITH ordered AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.direction,
    booked.amount,
    ROW_NUMBER() OVER (
      PARTITION BY booked.account_id, booked.currency, booked.direction
      ORDER BY booked.amount ASC
    ) AS place,
    COUNT(*) OVER (PARTITION BY booked.account_id, booked.currency, booked.direction) AS amounts
  FROM silver."transaction" AS booked
), middle AS (
  SELECT
    ordered.account_id,
    ordered.currency,
    ordered.direction,
    SUM(ordered.amount * CASE WHEN ordered.amounts % 2 = 1 THEN 2 ELSE 1 END) AS twice_median
  FROM ordered
  WHERE
    ordered.amounts >= CAST('20' AS BIGINT)
    AND 2 * ordered.place BETWEEN ordered.amounts AND ordered.amounts + 2
    AND (
      ordered.amounts % 2 = 0 OR 2 * ordered.place = ordered.amounts + 1
    )
  GROUP BY
    ordered.account_id,
    ordered.currency,
    ordered.direction
), distant AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.direction,
    ABS(2 * booked.amount - middle.twice_median) AS twice_distance,
    ROW_NUMBER() OVER (
      PARTITION BY booked.account_id, booked.currency, booked.direction
      ORDER BY ABS(2 * booked.amount - middle.twice_median) ASC
    ) AS place,
    COUNT(*) OVER (PARTITION BY booked.account_id, booked.currency, booked.direction) AS amounts
  FROM silver."transaction" AS booked
  INNER JOIN middle
    ON middle.account_id = booked.account_id
    AND middle.currency = booked.currency
    AND middle.direction = booked.direction
), spread AS (
  SELECT
    distant.account_id,
    distant.currency,
    distant.direction,
    SUM(distant.twice_distance * CASE WHEN distant.amounts % 2 = 1 THEN 2 ELSE 1 END) AS four_times_mad
  FROM distant
  WHERE
    2 * distant.place BETWEEN distant.amounts AND distant.amounts + 2
    AND (
      distant.amounts % 2 = 0 OR 2 * distant.place = distant.amounts + 1
    )
  GROUP BY
    distant.account_id,
    distant.currency,
    distant.direction
), usual AS (
  SELECT
    middle.account_id,
    middle.currency,
    middle.direction,
    middle.twice_median,
    CASE
      WHEN CAST(spread.four_times_mad AS DECIMAL(28, 10)) IS NULL
      OR CAST(2 * middle.twice_median * CAST('10' AS DECIMAL(9, 6)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(28, 10)) IS NULL
      THEN NULL
      ELSE GREATEST(
        CAST(spread.four_times_mad AS DECIMAL(28, 10)),
        CAST(2 * middle.twice_median * CAST('10' AS DECIMAL(9, 6)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(28, 10))
      )
    END AS four_times_mad
  FROM middle
  INNER JOIN spread
    ON spread.account_id = middle.account_id
    AND spread.currency = middle.currency
    AND spread.direction = middle.direction
), busy AS (
  SELECT
    day.account_id,
    SUM(day.transactions) AS transactions,
    COUNT(DISTINCT day.booked_on) AS days
  FROM gold.account_day AS day
  GROUP BY
    day.account_id
), day AS (
  SELECT
    booked.account_id,
    booked.booked_on,
    SUM(booked.transactions) AS transactions
  FROM gold.account_day AS booked
  GROUP BY
    booked.account_id,
    booked.booked_on
), judged AS (
  SELECT
    booked.transaction_id,
    booked.account_id,
    booked.currency,
    booked.booked_on,
    booked.direction,
    booked.amount,
    2 * booked.amount - usual.twice_median AS twice_above_median,
    usual.four_times_mad,
    day.transactions AS velocity,
    COALESCE(
      CAST(CAST('8' AS DECIMAL(12, 6)) AS DECIMAL(12, 6)) * usual.four_times_mad < CAST('1.3490' AS DECIMAL(5, 4)) * (
        2 * booked.amount - usual.twice_median
      ),
      FALSE
    ) AS has_unusual_amount,
    day.transactions >= CAST('8' AS BIGINT)
    AND day.transactions * busy.days > CAST('4' AS BIGINT) * busy.transactions AS is_on_busy_day
  FROM silver."transaction" AS booked
  INNER JOIN day
    ON day.account_id = booked.account_id AND day.booked_on = booked.booked_on
  INNER JOIN busy
    ON busy.account_id = booked.account_id
  LEFT JOIN usual
    ON usual.account_id = booked.account_id
    AND usual.currency = booked.currency
    AND usual.direction = booked.direction
)
SELECT
  judged.transaction_id,
  judged.account_id,
  judged.currency,
  judged.booked_on,
  judged.direction,
  judged.amount,
  CASE
    WHEN judged.four_times_mad > 0
    THEN 1.349E0 * CAST(judged.twice_above_median AS DOUBLE) / CAST(judged.four_times_mad AS DOUBLE)
  END AS robust_z,
  CAST(judged.velocity AS BIGINT) AS velocity,
  CASE
    WHEN judged.has_unusual_amount AND judged.is_on_busy_day
    THEN 'amount_and_velocity'
    WHEN judged.has_unusual_amount
    THEN 'amount'
    ELSE 'velocity'
  END AS reason
FROM judged
WHERE
  judged.has_unusual_amount OR judged.is_on_busy_day;

-- trino, athena
WITH ordered AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.direction,
    booked.amount,
    ROW_NUMBER() OVER (
      PARTITION BY booked.account_id, booked.currency, booked.direction
      ORDER BY booked.amount ASC
    ) AS place,
    COUNT(*) OVER (PARTITION BY booked.account_id, booked.currency, booked.direction) AS amounts
  FROM silver."transaction" AS booked
), middle AS (
  SELECT
    ordered.account_id,
    ordered.currency,
    ordered.direction,
    SUM(ordered.amount * CASE WHEN ordered.amounts % 2 = 1 THEN 2 ELSE 1 END) AS twice_median
  FROM ordered
  WHERE
    ordered.amounts >= CAST('20' AS BIGINT)
    AND 2 * ordered.place BETWEEN ordered.amounts AND ordered.amounts + 2
    AND (
      ordered.amounts % 2 = 0 OR 2 * ordered.place = ordered.amounts + 1
    )
  GROUP BY
    ordered.account_id,
    ordered.currency,
    ordered.direction
), distant AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.direction,
    ABS(2 * booked.amount - middle.twice_median) AS twice_distance,
    ROW_NUMBER() OVER (
      PARTITION BY booked.account_id, booked.currency, booked.direction
      ORDER BY ABS(2 * booked.amount - middle.twice_median) ASC
    ) AS place,
    COUNT(*) OVER (PARTITION BY booked.account_id, booked.currency, booked.direction) AS amounts
  FROM silver."transaction" AS booked
  INNER JOIN middle
    ON middle.account_id = booked.account_id
    AND middle.currency = booked.currency
    AND middle.direction = booked.direction
), spread AS (
  SELECT
    distant.account_id,
    distant.currency,
    distant.direction,
    SUM(distant.twice_distance * CASE WHEN distant.amounts % 2 = 1 THEN 2 ELSE 1 END) AS four_times_mad
  FROM distant
  WHERE
    2 * distant.place BETWEEN distant.amounts AND distant.amounts + 2
    AND (
      distant.amounts % 2 = 0 OR 2 * distant.place = distant.amounts + 1
    )
  GROUP BY
    distant.account_id,
    distant.currency,
    distant.direction
), usual AS (
  SELECT
    middle.account_id,
    middle.currency,
    middle.direction,
    middle.twice_median,
    GREATEST(
      CAST(spread.four_times_mad AS DECIMAL(28, 10)),
      CAST(2 * middle.twice_median * CAST('10' AS DECIMAL(9, 6)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(28, 10))
    ) AS four_times_mad
  FROM middle
  INNER JOIN spread
    ON spread.account_id = middle.account_id
    AND spread.currency = middle.currency
    AND spread.direction = middle.direction
), busy AS (
  SELECT
    day.account_id,
    SUM(day.transactions) AS transactions,
    COUNT(DISTINCT day.booked_on) AS days
  FROM gold.account_day AS day
  GROUP BY
    day.account_id
), day AS (
  SELECT
    booked.account_id,
    booked.booked_on,
    SUM(booked.transactions) AS transactions
  FROM gold.account_day AS booked
  GROUP BY
    booked.account_id,
    booked.booked_on
), judged AS (
  SELECT
    booked.transaction_id,
    booked.account_id,
    booked.currency,
    booked.booked_on,
    booked.direction,
    booked.amount,
    2 * booked.amount - usual.twice_median AS twice_above_median,
    usual.four_times_mad,
    day.transactions AS velocity,
    COALESCE(
      CAST(CAST('8' AS DECIMAL(12, 6)) AS DECIMAL(12, 6)) * usual.four_times_mad < CAST('1.3490' AS DECIMAL(5, 4)) * (
        2 * booked.amount - usual.twice_median
      ),
      FALSE
    ) AS has_unusual_amount,
    day.transactions >= CAST('8' AS BIGINT)
    AND day.transactions * busy.days > CAST('4' AS BIGINT) * busy.transactions AS is_on_busy_day
  FROM silver."transaction" AS booked
  INNER JOIN day
    ON day.account_id = booked.account_id AND day.booked_on = booked.booked_on
  INNER JOIN busy
    ON busy.account_id = booked.account_id
  LEFT JOIN usual
    ON usual.account_id = booked.account_id
    AND usual.currency = booked.currency
    AND usual.direction = booked.direction
)
SELECT
  judged.transaction_id,
  judged.account_id,
  judged.currency,
  judged.booked_on,
  judged.direction,
  judged.amount,
  CASE
    WHEN judged.four_times_mad > 0
    THEN 1.349E0 * CAST(judged.twice_above_median AS DOUBLE) / CAST(judged.four_times_mad AS DOUBLE)
  END AS robust_z,
  CAST(judged.velocity AS BIGINT) AS velocity,
  CASE
    WHEN judged.has_unusual_amount AND judged.is_on_busy_day
    THEN 'amount_and_velocity'
    WHEN judged.has_unusual_amount
    THEN 'amount'
    ELSE 'velocity'
  END AS reason
FROM judged
WHERE
  judged.has_unusual_amount OR judged.is_on_busy_day;
