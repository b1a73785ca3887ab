-- duckdb
WITH day AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    COUNT(*) AS transactions,
    SUM(CASE booked.direction WHEN 'in' THEN booked.amount ELSE 0 END) AS inflow,
    SUM(CASE booked.direction WHEN 'out' THEN booked.amount ELSE 0 END) AS outflow,
    MIN(booked.balance) AS smallest_balance
  FROM silver."transaction" AS booked
  GROUP BY
    booked.account_id,
    booked.currency,
    booked.booked_on
), side AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    booked.balance,
    1 AS times
  FROM silver."transaction" AS booked
  UNION ALL
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    CAST(booked.balance - booked.signed_amount AS DECIMAL(18, 2)) AS balance,
    -1 AS times
  FROM silver."transaction" AS booked
), not_continued AS (
  SELECT
    side.account_id,
    side.currency,
    side.booked_on,
    side.balance
  FROM side
  GROUP BY
    side.account_id,
    side.currency,
    side.booked_on,
    side.balance
  HAVING
    SUM(side.times) > 0
), last AS (
  SELECT
    not_continued.account_id,
    not_continued.currency,
    not_continued.booked_on,
    MIN(not_continued.balance) AS balance
  FROM not_continued
  GROUP BY
    not_continued.account_id,
    not_continued.currency,
    not_continued.booked_on
)
SELECT
  day.account_id,
  day.currency,
  day.booked_on,
  day.transactions,
  CAST(day.inflow AS DECIMAL(18, 2)) AS inflow,
  CAST(day.outflow AS DECIMAL(18, 2)) AS outflow,
  COALESCE(
    last.balance,
    LAG(last.balance IGNORE NULLS) OVER (PARTITION BY day.account_id, day.currency ORDER BY day.booked_on ASC),
    day.smallest_balance
  ) AS closing_balance
FROM day
LEFT JOIN last
  ON last.account_id = day.account_id
  AND last.currency = day.currency
  AND last.booked_on = day.booked_on;

-- trino, athena
WITH day AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    COUNT(*) AS transactions,
    SUM(CASE booked.direction WHEN 'in' THEN booked.amount ELSE 0 END) AS inflow,
    SUM(CASE booked.direction WHEN 'out' THEN booked.amount ELSE 0 END) AS outflow,
    MIN(booked.balance) AS smallest_balance
  FROM silver."transaction" AS booked
  GROUP BY
    booked.account_id,
    booked.currency,
    booked.booked_on
), side AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    booked.balance,
    1 AS times
  FROM silver."transaction" AS booked
  UNION ALL
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    CAST(booked.balance - booked.signed_amount AS DECIMAL(18, 2)) AS balance,
    -1 AS times
  FROM silver."transaction" AS booked
), not_continued AS (
  SELECT
    side.account_id,
    side.currency,
    side.booked_on,
    side.balance
  FROM side
  GROUP BY
    side.account_id,
    side.currency,
    side.booked_on,
    side.balance
  HAVING
    SUM(side.times) > 0
), last AS (
  SELECT
    not_continued.account_id,
    not_continued.currency,
    not_continued.booked_on,
    MIN(not_continued.balance) AS balance
  FROM not_continued
  GROUP BY
    not_continued.account_id,
    not_continued.currency,
    not_continued.booked_on
)
SELECT
  day.account_id,
  day.currency,
  day.booked_on,
  day.transactions,
  CAST(day.inflow AS DECIMAL(18, 2)) AS inflow,
  CAST(day.outflow AS DECIMAL(18, 2)) AS outflow,
  COALESCE(
    last.balance,
    LAG(last.balance) IGNORE NULLS OVER (PARTITION BY day.account_id, day.currency ORDER BY day.booked_on ASC),
    day.smallest_balance
  ) AS closing_balance
FROM day
LEFT JOIN last
  ON last.account_id = day.account_id
  AND last.currency = day.currency
  AND last.booked_on = day.booked_on;

-- spark
WITH day AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    COUNT(*) AS transactions,
    SUM(CASE booked.direction WHEN 'in' THEN booked.amount ELSE 0 END) AS inflow,
    SUM(CASE booked.direction WHEN 'out' THEN booked.amount ELSE 0 END) AS outflow,
    MIN(booked.balance) AS smallest_balance
  FROM silver.`transaction` AS booked
  GROUP BY
    booked.account_id,
    booked.currency,
    booked.booked_on
), side AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    booked.balance,
    1 AS times
  FROM silver.`transaction` AS booked
  UNION ALL
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    CAST(booked.balance - booked.signed_amount AS DECIMAL(18, 2)) AS balance,
    -1 AS times
  FROM silver.`transaction` AS booked
), not_continued AS (
  SELECT
    side.account_id,
    side.currency,
    side.booked_on,
    side.balance
  FROM side
  GROUP BY
    side.account_id,
    side.currency,
    side.booked_on,
    side.balance
  HAVING
    SUM(side.times) > 0
), last AS (
  SELECT
    not_continued.account_id,
    not_continued.currency,
    not_continued.booked_on,
    MIN(not_continued.balance) AS balance
  FROM not_continued
  GROUP BY
    not_continued.account_id,
    not_continued.currency,
    not_continued.booked_on
)
SELECT
  day.account_id,
  day.currency,
  day.booked_on,
  day.transactions,
  CAST(day.inflow AS DECIMAL(18, 2)) AS inflow,
  CAST(day.outflow AS DECIMAL(18, 2)) AS outflow,
  COALESCE(
    last.balance,
    LAG(last.balance) IGNORE NULLS OVER (PARTITION BY day.account_id, day.currency ORDER BY day.booked_on ASC NULLS LAST),
    day.smallest_balance
  ) AS closing_balance
FROM day
LEFT JOIN last
  ON last.account_id = day.account_id
  AND last.currency = day.currency
  AND last.booked_on = day.booked_on;
