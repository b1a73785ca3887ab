-- duckdb, trino, athena
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
    COUNT(*) OVER (PARTITION BY booked.account_id, booked.currency, booked.direction) AS transactions
  FROM silver."transaction" AS booked
  WHERE
    booked.purpose IS NULL
    OR NOT booked.purpose IN ('interest', 'penalty_interest', 'statement_fee')
), middle AS (
  SELECT
    ordered.account_id,
    ordered.currency,
    ordered.direction,
    SUM(
      CASE WHEN 2 * ordered.place = ordered.transactions + 1 THEN 2 ELSE 1 END * ordered.amount
    ) AS twice_median
  FROM ordered
  WHERE
    2 * ordered.place BETWEEN ordered.transactions AND ordered.transactions + 2
  GROUP BY
    ordered.account_id,
    ordered.currency,
    ordered.direction
), distant AS (
  SELECT
    ordered.account_id,
    ordered.currency,
    ordered.direction,
    ordered.transactions,
    middle.twice_median,
    ABS(2 * ordered.amount - middle.twice_median) AS twice_distance,
    ROW_NUMBER() OVER (
      PARTITION BY ordered.account_id, ordered.currency, ordered.direction
      ORDER BY ABS(2 * ordered.amount - middle.twice_median) ASC
    ) AS place
  FROM ordered
  INNER JOIN middle
    ON middle.account_id = ordered.account_id
    AND middle.currency = ordered.currency
    AND middle.direction = ordered.direction
)
SELECT
  distant.account_id,
  distant.currency,
  distant.direction,
  distant.transactions,
  CAST(distant.twice_median AS DECIMAL(20, 2)) AS twice_median,
  CAST(SUM(
    CASE WHEN 2 * distant.place = distant.transactions + 1 THEN 2 ELSE 1 END * distant.twice_distance
  ) AS DECIMAL(20, 2)) AS four_mads
FROM distant
WHERE
  2 * distant.place BETWEEN distant.transactions AND distant.transactions + 2
GROUP BY
  distant.account_id,
  distant.currency,
  distant.direction,
  distant.transactions,
  distant.twice_median;

-- spark
WITH ordered AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.direction,
    booked.amount,
    ROW_NUMBER() OVER (
      PARTITION BY booked.account_id, booked.currency, booked.direction
      ORDER BY booked.amount ASC NULLS LAST
    ) AS place,
    COUNT(*) OVER (PARTITION BY booked.account_id, booked.currency, booked.direction) AS transactions
  FROM silver.`transaction` AS booked
  WHERE
    booked.purpose IS NULL
    OR NOT booked.purpose IN ('interest', 'penalty_interest', 'statement_fee')
), middle AS (
  SELECT
    ordered.account_id,
    ordered.currency,
    ordered.direction,
    SUM(
      CASE WHEN 2 * ordered.place = ordered.transactions + 1 THEN 2 ELSE 1 END * ordered.amount
    ) AS twice_median
  FROM ordered
  WHERE
    2 * ordered.place BETWEEN ordered.transactions AND ordered.transactions + 2
  GROUP BY
    ordered.account_id,
    ordered.currency,
    ordered.direction
), distant AS (
  SELECT
    ordered.account_id,
    ordered.currency,
    ordered.direction,
    ordered.transactions,
    middle.twice_median,
    ABS(2 * ordered.amount - middle.twice_median) AS twice_distance,
    ROW_NUMBER() OVER (
      PARTITION BY ordered.account_id, ordered.currency, ordered.direction
      ORDER BY ABS(2 * ordered.amount - middle.twice_median) ASC NULLS LAST
    ) AS place
  FROM ordered
  INNER JOIN middle
    ON middle.account_id = ordered.account_id
    AND middle.currency = ordered.currency
    AND middle.direction = ordered.direction
)
SELECT
  distant.account_id,
  distant.currency,
  distant.direction,
  distant.transactions,
  CAST(distant.twice_median AS DECIMAL(20, 2)) AS twice_median,
  CAST(SUM(
    CASE WHEN 2 * distant.place = distant.transactions + 1 THEN 2 ELSE 1 END * distant.twice_distance
  ) AS DECIMAL(20, 2)) AS four_mads
FROM distant
WHERE
  2 * distant.place BETWEEN distant.transactions AND distant.transactions + 2
GROUP BY
  distant.account_id,
  distant.currency,
  distant.direction,
  distant.transactions,
  distant.twice_median;
