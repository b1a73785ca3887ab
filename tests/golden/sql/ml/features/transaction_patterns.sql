-- duckdb
WITH booked AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    DATE_DIFF('DAY', movement.booked_on, subject.as_of) AS days_ago,
    CASE WHEN movement.amount < 0 THEN -movement.amount END AS paid_out
  FROM (
    SELECT
      CAST(subject.customer_id AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(movement.customer_id AS TEXT) AS customer_id,
      CAST(movement.booked_on AS DATE) AS booked_on,
      CAST(movement.amount AS DECIMAL(18, 2)) AS amount
    FROM staging.customer_transaction AS movement
  ) AS movement
    ON movement.customer_id = subject.customer_id
    AND movement.booked_on <= subject.as_of
), summed AS (
  SELECT
    booked.customer_id,
    booked.as_of,
    SUM(CASE WHEN booked.days_ago < 90 THEN 1 ELSE 0 END) AS transactions,
    MAX(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS largest,
    SUM(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS paid_out
  FROM booked
  GROUP BY
    booked.customer_id,
    booked.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CAST(summed.transactions AS DOUBLE) AS transactions_90d,
  CAST(summed.largest AS DOUBLE) / CAST(summed.paid_out AS DOUBLE) AS largest_payout_share_90d
FROM (
  SELECT
    CAST(subject.customer_id AS TEXT) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;

-- trino, athena
WITH booked AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    DATE_DIFF('DAY', movement.booked_on, subject.as_of) AS days_ago,
    CASE WHEN movement.amount < 0 THEN -movement.amount END AS paid_out
  FROM (
    SELECT
      CAST(subject.customer_id AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(movement.customer_id AS VARCHAR) AS customer_id,
      CAST(movement.booked_on AS DATE) AS booked_on,
      CAST(movement.amount AS DECIMAL(18, 2)) AS amount
    FROM staging.customer_transaction AS movement
  ) AS movement
    ON movement.customer_id = subject.customer_id
    AND movement.booked_on <= subject.as_of
), summed AS (
  SELECT
    booked.customer_id,
    booked.as_of,
    SUM(CASE WHEN booked.days_ago < 90 THEN 1 ELSE 0 END) AS transactions,
    MAX(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS largest,
    SUM(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS paid_out
  FROM booked
  GROUP BY
    booked.customer_id,
    booked.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CAST(summed.transactions AS DOUBLE) AS transactions_90d,
  CAST(summed.largest AS DOUBLE) / CAST(summed.paid_out AS DOUBLE) AS largest_payout_share_90d
FROM (
  SELECT
    CAST(subject.customer_id AS VARCHAR) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;

-- spark
WITH booked AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    DATEDIFF(DAY, movement.booked_on, subject.as_of) AS days_ago,
    CASE WHEN movement.amount < 0 THEN -movement.amount END AS paid_out
  FROM (
    SELECT
      CAST(subject.customer_id AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(movement.customer_id AS STRING) AS customer_id,
      CAST(movement.booked_on AS DATE) AS booked_on,
      CAST(movement.amount AS DECIMAL(18, 2)) AS amount
    FROM staging.customer_transaction AS movement
  ) AS movement
    ON movement.customer_id = subject.customer_id
    AND movement.booked_on <= subject.as_of
), summed AS (
  SELECT
    booked.customer_id,
    booked.as_of,
    SUM(CASE WHEN booked.days_ago < 90 THEN 1 ELSE 0 END) AS transactions,
    MAX(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS largest,
    SUM(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS paid_out
  FROM booked
  GROUP BY
    booked.customer_id,
    booked.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CAST(summed.transactions AS DOUBLE) AS transactions_90d,
  CAST(summed.largest AS DOUBLE) / CAST(summed.paid_out AS DOUBLE) AS largest_payout_share_90d
FROM (
  SELECT
    CAST(subject.customer_id AS STRING) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;
