-- duckdb
WITH reported AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    line.balance,
    line.credit_limit,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of, line.line_id
      ORDER BY line.reported_on DESC, line.balance DESC, line.credit_limit ASC
    ) AS choice
  FROM (
    SELECT
      CAST(subject.customer_id AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  LEFT JOIN (
    SELECT
      CAST(decision.customer_id AS TEXT) AS customer_id,
      CAST('all' AS TEXT) AS line_id,
      CAST(decision.decided_on AS DATE) AS reported_on,
      CAST(decision.revolving_balance AS DECIMAL(18, 2)) AS balance,
      CAST(decision.revolving_limit AS DECIMAL(18, 2)) AS credit_limit
    FROM staging.credit_decision AS decision
  ) AS line
    ON line.customer_id = subject.customer_id AND line.reported_on <= subject.as_of
)
SELECT
  reported.customer_id,
  reported.as_of,
  CASE
    WHEN COUNT(reported.balance) = COUNT(*)
    AND COUNT(reported.credit_limit) = COUNT(*)
    AND SUM(reported.credit_limit) > 0
    THEN CAST(SUM(reported.balance) AS DOUBLE) / CAST(SUM(reported.credit_limit) AS DOUBLE)
  END AS credit_utilization
FROM reported
WHERE
  reported.choice = 1
GROUP BY
  reported.customer_id,
  reported.as_of;

-- trino, athena
WITH reported AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    line.balance,
    line.credit_limit,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of, line.line_id
      ORDER BY line.reported_on DESC, line.balance DESC, line.credit_limit ASC
    ) AS choice
  FROM (
    SELECT
      CAST(subject.customer_id AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  LEFT JOIN (
    SELECT
      CAST(decision.customer_id AS VARCHAR) AS customer_id,
      CAST('all' AS VARCHAR) AS line_id,
      CAST(decision.decided_on AS DATE) AS reported_on,
      CAST(decision.revolving_balance AS DECIMAL(18, 2)) AS balance,
      CAST(decision.revolving_limit AS DECIMAL(18, 2)) AS credit_limit
    FROM staging.credit_decision AS decision
  ) AS line
    ON line.customer_id = subject.customer_id AND line.reported_on <= subject.as_of
)
SELECT
  reported.customer_id,
  reported.as_of,
  CASE
    WHEN COUNT(reported.balance) = COUNT(*)
    AND COUNT(reported.credit_limit) = COUNT(*)
    AND SUM(reported.credit_limit) > 0
    THEN CAST(SUM(reported.balance) AS DOUBLE) / CAST(SUM(reported.credit_limit) AS DOUBLE)
  END AS credit_utilization
FROM reported
WHERE
  reported.choice = 1
GROUP BY
  reported.customer_id,
  reported.as_of;

-- spark
WITH reported AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    line.balance,
    line.credit_limit,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of, line.line_id
      ORDER BY line.reported_on DESC, line.balance DESC, line.credit_limit ASC NULLS LAST
    ) AS choice
  FROM (
    SELECT
      CAST(subject.customer_id AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  LEFT JOIN (
    SELECT
      CAST(decision.customer_id AS STRING) AS customer_id,
      CAST('all' AS STRING) AS line_id,
      CAST(decision.decided_on AS DATE) AS reported_on,
      CAST(decision.revolving_balance AS DECIMAL(18, 2)) AS balance,
      CAST(decision.revolving_limit AS DECIMAL(18, 2)) AS credit_limit
    FROM staging.credit_decision AS decision
  ) AS line
    ON line.customer_id = subject.customer_id AND line.reported_on <= subject.as_of
)
SELECT
  reported.customer_id,
  reported.as_of,
  CASE
    WHEN COUNT(reported.balance) = COUNT(*)
    AND COUNT(reported.credit_limit) = COUNT(*)
    AND SUM(reported.credit_limit) > 0
    THEN CAST(SUM(reported.balance) AS DOUBLE) / CAST(SUM(reported.credit_limit) AS DOUBLE)
  END AS credit_utilization
FROM reported
WHERE
  reported.choice = 1
GROUP BY
  reported.customer_id,
  reported.as_of;
