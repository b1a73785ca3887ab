-- duckdb
WITH history AS (
  SELECT
    CAST(MAX(day.booked_on) + INTERVAL 1 DAY AS DATE) AS ends_before
  FROM gold.account_day AS day
), day AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    CAST(DATE_TRUNC('MONTH', booked.booked_on) AS DATE) AS month,
    booked.transactions,
    booked.inflow,
    booked.outflow,
    booked.closing_balance,
    LEAD(booked.booked_on) OVER (
      PARTITION BY booked.account_id, booked.currency, CAST(DATE_TRUNC('MONTH', booked.booked_on) AS DATE)
      ORDER BY booked.booked_on ASC
    ) AS next_day
  FROM gold.account_day AS booked
), active AS (
  SELECT
    day.account_id,
    day.currency,
    day.month,
    SUM(day.transactions) AS transactions,
    SUM(day.inflow) AS inflow,
    SUM(day.outflow) AS outflow,
    MIN(day.booked_on) AS first_day,
    MAX(CASE WHEN day.next_day IS NULL THEN day.closing_balance END) AS closing_balance,
    SUM(
      CASE
        WHEN day.closing_balance < 0
        THEN DATE_DIFF(
          'DAY',
          day.booked_on,
          COALESCE(
            day.next_day,
            CASE
              WHEN CAST(day.month + INTERVAL 1 MONTH AS DATE) IS NULL OR history.ends_before IS NULL
              THEN NULL
              ELSE LEAST(CAST(day.month + INTERVAL 1 MONTH AS DATE), history.ends_before)
            END
          )
        )
        ELSE 0
      END
    ) AS days_below_zero
  FROM day
  CROSS JOIN history
  GROUP BY
    day.account_id,
    day.currency,
    day.month
), span AS (
  SELECT
    active.account_id,
    active.currency,
    MIN(active.month) AS first_month
  FROM active
  GROUP BY
    active.account_id,
    active.currency
), calendar AS (
  SELECT
    span.account_id,
    span.currency,
    CAST(span.first_month + INTERVAL (step.number) MONTH AS DATE) AS month
  FROM span
  CROSS JOIN history
  CROSS JOIN UNNEST(GENERATE_SERIES(
    0,
    CASE
      WHEN 1199 IS NULL
      OR (
        (
          YEAR(history.ends_before) - YEAR(span.first_month)
        ) * 12 + MONTH(history.ends_before) - MONTH(span.first_month)
      ) IS NULL
      THEN NULL
      ELSE LEAST(
        1199,
        (
          YEAR(history.ends_before) - YEAR(span.first_month)
        ) * 12 + MONTH(history.ends_before) - MONTH(span.first_month)
      )
    END
  )) AS step(number)
  WHERE
    CAST(span.first_month + INTERVAL (step.number) MONTH AS DATE) < history.ends_before
), carried AS (
  SELECT
    calendar.account_id,
    calendar.currency,
    calendar.month,
    active.transactions,
    active.inflow,
    active.outflow,
    active.first_day,
    active.closing_balance,
    active.days_below_zero,
    LAG(active.closing_balance IGNORE NULLS) OVER (PARTITION BY calendar.account_id, calendar.currency ORDER BY calendar.month ASC) AS opening_balance
  FROM calendar
  LEFT JOIN active
    ON active.account_id = calendar.account_id
    AND active.currency = calendar.currency
    AND active.month = calendar.month
)
SELECT
  carried.account_id,
  carried.currency,
  carried.month,
  CAST(COALESCE(carried.transactions, 0) AS BIGINT) AS transactions,
  CAST(COALESCE(carried.inflow, 0) AS DECIMAL(18, 2)) AS inflow,
  CAST(COALESCE(carried.outflow, 0) AS DECIMAL(18, 2)) AS outflow,
  COALESCE(carried.closing_balance, carried.opening_balance) AS closing_balance,
  CAST(COALESCE(carried.days_below_zero, 0) + CASE
    WHEN carried.opening_balance < 0
    THEN DATE_DIFF(
      'DAY',
      carried.month,
      COALESCE(
        carried.first_day,
        CASE
          WHEN CAST(carried.month + INTERVAL 1 MONTH AS DATE) IS NULL
          OR history.ends_before IS NULL
          THEN NULL
          ELSE LEAST(CAST(carried.month + INTERVAL 1 MONTH AS DATE), history.ends_before)
        END
      )
    )
    ELSE 0
  END AS BIGINT) AS days_below_zero
FROM carried
CROSS JOIN history;

-- trino, athena
WITH history AS (
  SELECT
    CAST(DATE_ADD('DAY', 1, MAX(day.booked_on)) AS DATE) AS ends_before
  FROM gold.account_day AS day
), day AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    CAST(DATE_TRUNC('MONTH', booked.booked_on) AS DATE) AS month,
    booked.transactions,
    booked.inflow,
    booked.outflow,
    booked.closing_balance,
    LEAD(booked.booked_on) OVER (
      PARTITION BY booked.account_id, booked.currency, CAST(DATE_TRUNC('MONTH', booked.booked_on) AS DATE)
      ORDER BY booked.booked_on ASC
    ) AS next_day
  FROM gold.account_day AS booked
), active AS (
  SELECT
    day.account_id,
    day.currency,
    day.month,
    SUM(day.transactions) AS transactions,
    SUM(day.inflow) AS inflow,
    SUM(day.outflow) AS outflow,
    MIN(day.booked_on) AS first_day,
    MAX(CASE WHEN day.next_day IS NULL THEN day.closing_balance END) AS closing_balance,
    SUM(
      CASE
        WHEN day.closing_balance < 0
        THEN DATE_DIFF(
          'DAY',
          day.booked_on,
          COALESCE(
            day.next_day,
            LEAST(CAST(DATE_ADD('MONTH', 1, day.month) AS DATE), history.ends_before)
          )
        )
        ELSE 0
      END
    ) AS days_below_zero
  FROM day
  CROSS JOIN history
  GROUP BY
    day.account_id,
    day.currency,
    day.month
), span AS (
  SELECT
    active.account_id,
    active.currency,
    MIN(active.month) AS first_month
  FROM active
  GROUP BY
    active.account_id,
    active.currency
), calendar AS (
  SELECT
    span.account_id,
    span.currency,
    CAST(DATE_ADD('MONTH', CAST(step.number AS BIGINT), span.first_month) AS DATE) AS month
  FROM span
  CROSS JOIN history
  CROSS JOIN UNNEST(SEQUENCE(
    0,
    LEAST(
      1199,
      (
        YEAR(history.ends_before) - YEAR(span.first_month)
      ) * 12 + MONTH(history.ends_before) - MONTH(span.first_month)
    )
  )) AS step(number)
  WHERE
    CAST(DATE_ADD('MONTH', CAST(step.number AS BIGINT), span.first_month) AS DATE) < history.ends_before
), carried AS (
  SELECT
    calendar.account_id,
    calendar.currency,
    calendar.month,
    active.transactions,
    active.inflow,
    active.outflow,
    active.first_day,
    active.closing_balance,
    active.days_below_zero,
    LAG(active.closing_balance) IGNORE NULLS OVER (PARTITION BY calendar.account_id, calendar.currency ORDER BY calendar.month ASC) AS opening_balance
  FROM calendar
  LEFT JOIN active
    ON active.account_id = calendar.account_id
    AND active.currency = calendar.currency
    AND active.month = calendar.month
)
SELECT
  carried.account_id,
  carried.currency,
  carried.month,
  CAST(COALESCE(carried.transactions, 0) AS BIGINT) AS transactions,
  CAST(COALESCE(carried.inflow, 0) AS DECIMAL(18, 2)) AS inflow,
  CAST(COALESCE(carried.outflow, 0) AS DECIMAL(18, 2)) AS outflow,
  COALESCE(carried.closing_balance, carried.opening_balance) AS closing_balance,
  CAST(COALESCE(carried.days_below_zero, 0) + CASE
    WHEN carried.opening_balance < 0
    THEN DATE_DIFF(
      'DAY',
      carried.month,
      COALESCE(
        carried.first_day,
        LEAST(CAST(DATE_ADD('MONTH', 1, carried.month) AS DATE), history.ends_before)
      )
    )
    ELSE 0
  END AS BIGINT) AS days_below_zero
FROM carried
CROSS JOIN history;

-- spark
WITH history AS (
  SELECT
    CAST(DATE_ADD(MAX(day.booked_on), CAST(1 AS INT)) AS DATE) AS ends_before
  FROM gold.account_day AS day
), day AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.booked_on,
    CAST(DATE_TRUNC('MONTH', booked.booked_on) AS DATE) AS month,
    booked.transactions,
    booked.inflow,
    booked.outflow,
    booked.closing_balance,
    LEAD(booked.booked_on) OVER (
      PARTITION BY booked.account_id, booked.currency, CAST(DATE_TRUNC('MONTH', booked.booked_on) AS DATE)
      ORDER BY booked.booked_on ASC NULLS LAST
    ) AS next_day
  FROM gold.account_day AS booked
), active AS (
  SELECT
    day.account_id,
    day.currency,
    day.month,
    SUM(day.transactions) AS transactions,
    SUM(day.inflow) AS inflow,
    SUM(day.outflow) AS outflow,
    MIN(day.booked_on) AS first_day,
    MAX(CASE WHEN day.next_day IS NULL THEN day.closing_balance END) AS closing_balance,
    SUM(
      CASE
        WHEN day.closing_balance < 0
        THEN DATEDIFF(
          DAY,
          day.booked_on,
          COALESCE(
            day.next_day,
            LEAST(CAST(ADD_MONTHS(day.month, CAST(1 AS INT)) AS DATE), history.ends_before)
          )
        )
        ELSE 0
      END
    ) AS days_below_zero
  FROM day
  CROSS JOIN history
  GROUP BY
    day.account_id,
    day.currency,
    day.month
), span AS (
  SELECT
    active.account_id,
    active.currency,
    MIN(active.month) AS first_month
  FROM active
  GROUP BY
    active.account_id,
    active.currency
), calendar AS (
  SELECT
    span.account_id,
    span.currency,
    CAST(ADD_MONTHS(span.first_month, CAST(step.number AS INT)) AS DATE) AS month
  FROM span
  CROSS JOIN history
  LATERAL VIEW
  EXPLODE(
    SEQUENCE(
      0,
      LEAST(
        1199,
        (
          YEAR(history.ends_before) - YEAR(span.first_month)
        ) * 12 + MONTH(history.ends_before) - MONTH(span.first_month)
      )
    )
  ) step AS number
  WHERE
    CAST(ADD_MONTHS(span.first_month, CAST(step.number AS INT)) AS DATE) < history.ends_before
), carried AS (
  SELECT
    calendar.account_id,
    calendar.currency,
    calendar.month,
    active.transactions,
    active.inflow,
    active.outflow,
    active.first_day,
    active.closing_balance,
    active.days_below_zero,
    LAG(active.closing_balance) IGNORE NULLS OVER (
      PARTITION BY calendar.account_id, calendar.currency
      ORDER BY calendar.month ASC NULLS LAST
    ) AS opening_balance
  FROM calendar
  LEFT JOIN active
    ON active.account_id = calendar.account_id
    AND active.currency = calendar.currency
    AND active.month = calendar.month
)
SELECT
  carried.account_id,
  carried.currency,
  carried.month,
  CAST(COALESCE(carried.transactions, 0) AS BIGINT) AS transactions,
  CAST(COALESCE(carried.inflow, 0) AS DECIMAL(18, 2)) AS inflow,
  CAST(COALESCE(carried.outflow, 0) AS DECIMAL(18, 2)) AS outflow,
  COALESCE(carried.closing_balance, carried.opening_balance) AS closing_balance,
  CAST(COALESCE(carried.days_below_zero, 0) + CASE
    WHEN carried.opening_balance < 0
    THEN DATEDIFF(
      DAY,
      carried.month,
      COALESCE(
        carried.first_day,
        LEAST(CAST(ADD_MONTHS(carried.month, CAST(1 AS INT)) AS DATE), history.ends_before)
      )
    )
    ELSE 0
  END AS BIGINT) AS days_below_zero
FROM carried
CROSS JOIN history;
