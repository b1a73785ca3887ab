-- duckdb
WITH flow AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(movement.booked_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(movement.booked_on) AS months_ago,
    movement.amount
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
    flow.customer_id,
    flow.as_of,
    SUM(flow.amount) AS saved,
    SUM(CASE WHEN flow.amount > 0 THEN flow.amount END) AS paid_in
  FROM flow
  WHERE
    flow.months_ago BETWEEN 1 AND 6
  GROUP BY
    flow.customer_id,
    flow.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CAST(summed.saved AS DOUBLE) / CAST(summed.paid_in AS DOUBLE) AS savings_rate
FROM (
  SELECT
    CAST(subject.customer_id AS TEXT) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;

-- trino, athena
WITH flow AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(movement.booked_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(movement.booked_on) AS months_ago,
    movement.amount
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
    flow.customer_id,
    flow.as_of,
    SUM(flow.amount) AS saved,
    SUM(CASE WHEN flow.amount > 0 THEN flow.amount END) AS paid_in
  FROM flow
  WHERE
    flow.months_ago BETWEEN 1 AND 6
  GROUP BY
    flow.customer_id,
    flow.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CAST(summed.saved AS DOUBLE) / CAST(summed.paid_in AS DOUBLE) AS savings_rate
FROM (
  SELECT
    CAST(subject.customer_id AS VARCHAR) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;

-- spark
WITH flow AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(movement.booked_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(movement.booked_on) AS months_ago,
    movement.amount
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
    flow.customer_id,
    flow.as_of,
    SUM(flow.amount) AS saved,
    SUM(CASE WHEN flow.amount > 0 THEN flow.amount END) AS paid_in
  FROM flow
  WHERE
    flow.months_ago BETWEEN 1 AND 6
  GROUP BY
    flow.customer_id,
    flow.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CAST(summed.saved AS DOUBLE) / CAST(summed.paid_in AS DOUBLE) AS savings_rate
FROM (
  SELECT
    CAST(subject.customer_id AS STRING) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;
