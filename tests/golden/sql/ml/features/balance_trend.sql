-- duckdb
WITH known AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(balance.balance_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
    balance.balance_on,
    balance.balance
  FROM (
    SELECT
      CAST(subject.customer_id AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(balance.customer_id AS TEXT) AS customer_id,
      CAST(balance.balance_on AS DATE) AS balance_on,
      CAST(balance.balance AS DECIMAL(18, 2)) AS balance
    FROM staging.customer_balance AS balance
  ) AS balance
    ON balance.customer_id = subject.customer_id AND balance.balance_on <= subject.as_of
  WHERE
    NOT balance.balance IS NULL
), last_of_month AS (
  SELECT
    known.customer_id,
    known.as_of,
    -known.months_ago AS month,
    known.balance,
    ROW_NUMBER() OVER (
      PARTITION BY known.customer_id, known.as_of, known.months_ago
      ORDER BY known.balance_on DESC, known.balance ASC
    ) AS choice
  FROM known
  WHERE
    known.months_ago < 6
), summed AS (
  SELECT
    last_of_month.customer_id,
    last_of_month.as_of,
    COUNT(*) AS months,
    SUM(last_of_month.month) AS total_of_months,
    SUM(last_of_month.month * last_of_month.month) AS total_of_squares,
    SUM(last_of_month.balance) AS total,
    SUM(last_of_month.month * last_of_month.balance) AS total_of_products
  FROM last_of_month
  WHERE
    last_of_month.choice = 1
  GROUP BY
    last_of_month.customer_id,
    last_of_month.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CASE
    WHEN summed.months >= 3
    THEN CAST(summed.months * summed.total_of_products - summed.total_of_months * summed.total AS DOUBLE) / CAST(summed.months * summed.total_of_squares - summed.total_of_months * summed.total_of_months AS DOUBLE)
  END AS balance_trend
FROM (
  SELECT
    CAST(subject.customer_id AS TEXT) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;

-- trino, athena
WITH known AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(balance.balance_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
    balance.balance_on,
    balance.balance
  FROM (
    SELECT
      CAST(subject.customer_id AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(balance.customer_id AS VARCHAR) AS customer_id,
      CAST(balance.balance_on AS DATE) AS balance_on,
      CAST(balance.balance AS DECIMAL(18, 2)) AS balance
    FROM staging.customer_balance AS balance
  ) AS balance
    ON balance.customer_id = subject.customer_id AND balance.balance_on <= subject.as_of
  WHERE
    NOT balance.balance IS NULL
), last_of_month AS (
  SELECT
    known.customer_id,
    known.as_of,
    -known.months_ago AS month,
    known.balance,
    ROW_NUMBER() OVER (
      PARTITION BY known.customer_id, known.as_of, known.months_ago
      ORDER BY known.balance_on DESC, known.balance ASC
    ) AS choice
  FROM known
  WHERE
    known.months_ago < 6
), summed AS (
  SELECT
    last_of_month.customer_id,
    last_of_month.as_of,
    COUNT(*) AS months,
    SUM(last_of_month.month) AS total_of_months,
    SUM(last_of_month.month * last_of_month.month) AS total_of_squares,
    SUM(last_of_month.balance) AS total,
    SUM(last_of_month.month * last_of_month.balance) AS total_of_products
  FROM last_of_month
  WHERE
    last_of_month.choice = 1
  GROUP BY
    last_of_month.customer_id,
    last_of_month.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CASE
    WHEN summed.months >= 3
    THEN CAST(summed.months * summed.total_of_products - summed.total_of_months * summed.total AS DOUBLE) / CAST(summed.months * summed.total_of_squares - summed.total_of_months * summed.total_of_months AS DOUBLE)
  END AS balance_trend
FROM (
  SELECT
    CAST(subject.customer_id AS VARCHAR) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;

-- spark
WITH known AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(balance.balance_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
    balance.balance_on,
    balance.balance
  FROM (
    SELECT
      CAST(subject.customer_id AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(balance.customer_id AS STRING) AS customer_id,
      CAST(balance.balance_on AS DATE) AS balance_on,
      CAST(balance.balance AS DECIMAL(18, 2)) AS balance
    FROM staging.customer_balance AS balance
  ) AS balance
    ON balance.customer_id = subject.customer_id AND balance.balance_on <= subject.as_of
  WHERE
    NOT balance.balance IS NULL
), last_of_month AS (
  SELECT
    known.customer_id,
    known.as_of,
    -known.months_ago AS month,
    known.balance,
    ROW_NUMBER() OVER (
      PARTITION BY known.customer_id, known.as_of, known.months_ago
      ORDER BY known.balance_on DESC, known.balance ASC NULLS LAST
    ) AS choice
  FROM known
  WHERE
    known.months_ago < 6
), summed AS (
  SELECT
    last_of_month.customer_id,
    last_of_month.as_of,
    COUNT(*) AS months,
    SUM(last_of_month.month) AS total_of_months,
    SUM(last_of_month.month * last_of_month.month) AS total_of_squares,
    SUM(last_of_month.balance) AS total,
    SUM(last_of_month.month * last_of_month.balance) AS total_of_products
  FROM last_of_month
  WHERE
    last_of_month.choice = 1
  GROUP BY
    last_of_month.customer_id,
    last_of_month.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CASE
    WHEN summed.months >= 3
    THEN CAST(summed.months * summed.total_of_products - summed.total_of_months * summed.total AS DOUBLE) / CAST(summed.months * summed.total_of_squares - summed.total_of_months * summed.total_of_months AS DOUBLE)
  END AS balance_trend
FROM (
  SELECT
    CAST(subject.customer_id AS STRING) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;
