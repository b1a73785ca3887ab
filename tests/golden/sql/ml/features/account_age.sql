-- duckdb
WITH opened AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    MIN(account.opened_on) AS opened_on
  FROM (
    SELECT
      CAST(subject.customer_id AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  LEFT JOIN (
    SELECT
      CAST(account.customer_id AS TEXT) AS customer_id,
      CAST(account.opened_on AS DATE) AS opened_on
    FROM staging.customer_account AS account
  ) AS account
    ON account.customer_id = subject.customer_id AND account.opened_on <= subject.as_of
  GROUP BY
    subject.customer_id,
    subject.as_of
)
SELECT
  opened.customer_id,
  opened.as_of,
  CAST((
    YEAR(opened.as_of) - YEAR(opened.opened_on)
  ) * 12 + MONTH(opened.as_of) - MONTH(opened.opened_on) - CASE WHEN DAY(opened.as_of) < DAY(opened.opened_on) THEN 1 ELSE 0 END AS DOUBLE) AS account_age
FROM opened;

-- trino, athena
WITH opened AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    MIN(account.opened_on) AS opened_on
  FROM (
    SELECT
      CAST(subject.customer_id AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  LEFT JOIN (
    SELECT
      CAST(account.customer_id AS VARCHAR) AS customer_id,
      CAST(account.opened_on AS DATE) AS opened_on
    FROM staging.customer_account AS account
  ) AS account
    ON account.customer_id = subject.customer_id AND account.opened_on <= subject.as_of
  GROUP BY
    subject.customer_id,
    subject.as_of
)
SELECT
  opened.customer_id,
  opened.as_of,
  CAST((
    YEAR(opened.as_of) - YEAR(opened.opened_on)
  ) * 12 + MONTH(opened.as_of) - MONTH(opened.opened_on) - CASE WHEN DAY(opened.as_of) < DAY(opened.opened_on) THEN 1 ELSE 0 END AS DOUBLE) AS account_age
FROM opened;

-- spark
WITH opened AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    MIN(account.opened_on) AS opened_on
  FROM (
    SELECT
      CAST(subject.customer_id AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  LEFT JOIN (
    SELECT
      CAST(account.customer_id AS STRING) AS customer_id,
      CAST(account.opened_on AS DATE) AS opened_on
    FROM staging.customer_account AS account
  ) AS account
    ON account.customer_id = subject.customer_id AND account.opened_on <= subject.as_of
  GROUP BY
    subject.customer_id,
    subject.as_of
)
SELECT
  opened.customer_id,
  opened.as_of,
  CAST((
    YEAR(opened.as_of) - YEAR(opened.opened_on)
  ) * 12 + MONTH(opened.as_of) - MONTH(opened.opened_on) - CASE WHEN DAY(opened.as_of) < DAY(opened.opened_on) THEN 1 ELSE 0 END AS DOUBLE) AS account_age
FROM opened;
