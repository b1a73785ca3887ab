-- duckdb
WITH known AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(balance.balance_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
    balance.balance,
    LAG(balance.balance) OVER (
      PARTITION BY subject.customer_id, subject.as_of
      ORDER BY balance.balance_on ASC, balance.balance ASC
    ) AS balance_before
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
), counted AS (
  SELECT
    known.customer_id,
    known.as_of,
    SUM(
      CASE
        WHEN known.balance < 0 AND COALESCE(known.balance_before, 0) >= 0
        THEN 1
        ELSE 0
      END
    ) AS overdrafts
  FROM known
  WHERE
    known.months_ago < 12
  GROUP BY
    known.customer_id,
    known.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CAST(counted.overdrafts AS DOUBLE) AS overdrafts_12m
FROM (
  SELECT
    CAST(subject.customer_id AS TEXT) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN counted
  ON counted.customer_id = subject.customer_id AND counted.as_of = subject.as_of;

-- trino, athena
WITH known AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(balance.balance_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
    balance.balance,
    LAG(balance.balance) OVER (
      PARTITION BY subject.customer_id, subject.as_of
      ORDER BY balance.balance_on ASC, balance.balance ASC
    ) AS balance_before
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
), counted AS (
  SELECT
    known.customer_id,
    known.as_of,
    SUM(
      CASE
        WHEN known.balance < 0 AND COALESCE(known.balance_before, 0) >= 0
        THEN 1
        ELSE 0
      END
    ) AS overdrafts
  FROM known
  WHERE
    known.months_ago < 12
  GROUP BY
    known.customer_id,
    known.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CAST(counted.overdrafts AS DOUBLE) AS overdrafts_12m
FROM (
  SELECT
    CAST(subject.customer_id AS VARCHAR) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN counted
  ON counted.customer_id = subject.customer_id AND counted.as_of = subject.as_of;

-- spark
WITH known AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(balance.balance_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
    balance.balance,
    LAG(balance.balance) OVER (
      PARTITION BY subject.customer_id, subject.as_of
      ORDER BY balance.balance_on ASC NULLS LAST, balance.balance ASC NULLS LAST
    ) AS balance_before
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
), counted AS (
  SELECT
    known.customer_id,
    known.as_of,
    SUM(
      CASE
        WHEN known.balance < 0 AND COALESCE(known.balance_before, 0) >= 0
        THEN 1
        ELSE 0
      END
    ) AS overdrafts
  FROM known
  WHERE
    known.months_ago < 12
  GROUP BY
    known.customer_id,
    known.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CAST(counted.overdrafts AS DOUBLE) AS overdrafts_12m
FROM (
  SELECT
    CAST(subject.customer_id AS STRING) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN counted
  ON counted.customer_id = subject.customer_id AND counted.as_of = subject.as_of;
