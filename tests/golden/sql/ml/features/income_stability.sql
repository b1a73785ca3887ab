-- duckdb
WITH received AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(income.received_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(income.received_on) AS months_ago,
    income.amount
  FROM (
    SELECT
      CAST(subject.customer_id AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(income.customer_id AS TEXT) AS customer_id,
      CAST(income.received_on AS DATE) AS received_on,
      CAST(income.amount AS DECIMAL(18, 2)) AS amount
    FROM staging.customer_income AS income
  ) AS income
    ON income.customer_id = subject.customer_id AND income.received_on <= subject.as_of
), monthly AS (
  SELECT
    received.customer_id,
    received.as_of,
    received.months_ago,
    SUM(received.amount) AS amount
  FROM received
  WHERE
    received.months_ago >= 1
  GROUP BY
    received.customer_id,
    received.as_of,
    received.months_ago
), summed AS (
  SELECT
    monthly.customer_id,
    monthly.as_of,
    CASE
      WHEN MAX(monthly.months_ago) IS NULL OR 12 IS NULL
      THEN NULL
      ELSE LEAST(MAX(monthly.months_ago), 12)
    END AS months,
    SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount END) AS total,
    SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount * monthly.amount END) AS total_of_squares
  FROM monthly
  GROUP BY
    monthly.customer_id,
    monthly.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CASE
    WHEN summed.months >= 3 AND summed.total > 0
    THEN SQRT(
      CAST(summed.months * summed.total_of_squares - summed.total * summed.total AS DOUBLE) * CAST(summed.months AS DOUBLE) / CAST(summed.months - 1 AS DOUBLE)
    ) / CAST(summed.total AS DOUBLE)
  END AS income_variation
FROM (
  SELECT
    CAST(subject.customer_id AS TEXT) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;

-- trino, athena
WITH received AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(income.received_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(income.received_on) AS months_ago,
    income.amount
  FROM (
    SELECT
      CAST(subject.customer_id AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(income.customer_id AS VARCHAR) AS customer_id,
      CAST(income.received_on AS DATE) AS received_on,
      CAST(income.amount AS DECIMAL(18, 2)) AS amount
    FROM staging.customer_income AS income
  ) AS income
    ON income.customer_id = subject.customer_id AND income.received_on <= subject.as_of
), monthly AS (
  SELECT
    received.customer_id,
    received.as_of,
    received.months_ago,
    SUM(received.amount) AS amount
  FROM received
  WHERE
    received.months_ago >= 1
  GROUP BY
    received.customer_id,
    received.as_of,
    received.months_ago
), summed AS (
  SELECT
    monthly.customer_id,
    monthly.as_of,
    LEAST(MAX(monthly.months_ago), 12) AS months,
    SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount END) AS total,
    SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount * monthly.amount END) AS total_of_squares
  FROM monthly
  GROUP BY
    monthly.customer_id,
    monthly.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CASE
    WHEN summed.months >= 3 AND summed.total > 0
    THEN SQRT(
      CAST(summed.months * summed.total_of_squares - summed.total * summed.total AS DOUBLE) * CAST(summed.months AS DOUBLE) / CAST(summed.months - 1 AS DOUBLE)
    ) / CAST(summed.total AS DOUBLE)
  END AS income_variation
FROM (
  SELECT
    CAST(subject.customer_id AS VARCHAR) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;

-- spark
WITH received AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    (
      YEAR(subject.as_of) - YEAR(income.received_on)
    ) * 12 + MONTH(subject.as_of) - MONTH(income.received_on) AS months_ago,
    income.amount
  FROM (
    SELECT
      CAST(subject.customer_id AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(income.customer_id AS STRING) AS customer_id,
      CAST(income.received_on AS DATE) AS received_on,
      CAST(income.amount AS DECIMAL(18, 2)) AS amount
    FROM staging.customer_income AS income
  ) AS income
    ON income.customer_id = subject.customer_id AND income.received_on <= subject.as_of
), monthly AS (
  SELECT
    received.customer_id,
    received.as_of,
    received.months_ago,
    SUM(received.amount) AS amount
  FROM received
  WHERE
    received.months_ago >= 1
  GROUP BY
    received.customer_id,
    received.as_of,
    received.months_ago
), summed AS (
  SELECT
    monthly.customer_id,
    monthly.as_of,
    LEAST(MAX(monthly.months_ago), 12) AS months,
    SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount END) AS total,
    SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount * monthly.amount END) AS total_of_squares
  FROM monthly
  GROUP BY
    monthly.customer_id,
    monthly.as_of
)
SELECT
  subject.customer_id,
  subject.as_of,
  CASE
    WHEN summed.months >= 3 AND summed.total > 0
    THEN SQRT(
      CAST(summed.months * summed.total_of_squares - summed.total * summed.total AS DOUBLE) * CAST(summed.months AS DOUBLE) / CAST(summed.months - 1 AS DOUBLE)
    ) / CAST(summed.total AS DOUBLE)
  END AS income_variation
FROM (
  SELECT
    CAST(subject.customer_id AS STRING) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
  FROM ml.subject AS subject
) AS subject
LEFT JOIN summed
  ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of;
