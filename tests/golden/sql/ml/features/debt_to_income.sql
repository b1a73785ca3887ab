-- duckdb
WITH stated AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    statement.gross_monthly_income,
    statement.monthly_debt,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of
      ORDER BY statement.stated_on DESC, statement.monthly_debt DESC, statement.gross_monthly_income ASC
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
      CAST(decision.decided_on AS DATE) AS stated_on,
      CAST(decision.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
      CAST(decision.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
    FROM staging.credit_decision AS decision
  ) AS statement
    ON statement.customer_id = subject.customer_id
    AND statement.stated_on <= subject.as_of
)
SELECT
  stated.customer_id,
  stated.as_of,
  CASE
    WHEN stated.gross_monthly_income > 0
    THEN CAST(stated.monthly_debt AS DOUBLE) / CAST(stated.gross_monthly_income AS DOUBLE)
  END AS debt_to_income
FROM stated
WHERE
  stated.choice = 1;

-- trino, athena
WITH stated AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    statement.gross_monthly_income,
    statement.monthly_debt,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of
      ORDER BY statement.stated_on DESC, statement.monthly_debt DESC, statement.gross_monthly_income ASC
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
      CAST(decision.decided_on AS DATE) AS stated_on,
      CAST(decision.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
      CAST(decision.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
    FROM staging.credit_decision AS decision
  ) AS statement
    ON statement.customer_id = subject.customer_id
    AND statement.stated_on <= subject.as_of
)
SELECT
  stated.customer_id,
  stated.as_of,
  CASE
    WHEN stated.gross_monthly_income > 0
    THEN CAST(stated.monthly_debt AS DOUBLE) / CAST(stated.gross_monthly_income AS DOUBLE)
  END AS debt_to_income
FROM stated
WHERE
  stated.choice = 1;

-- spark
WITH stated AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    statement.gross_monthly_income,
    statement.monthly_debt,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of
      ORDER BY statement.stated_on DESC, statement.monthly_debt DESC, statement.gross_monthly_income ASC NULLS LAST
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
      CAST(decision.decided_on AS DATE) AS stated_on,
      CAST(decision.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
      CAST(decision.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
    FROM staging.credit_decision AS decision
  ) AS statement
    ON statement.customer_id = subject.customer_id
    AND statement.stated_on <= subject.as_of
)
SELECT
  stated.customer_id,
  stated.as_of,
  CASE
    WHEN stated.gross_monthly_income > 0
    THEN CAST(stated.monthly_debt AS DOUBLE) / CAST(stated.gross_monthly_income AS DOUBLE)
  END AS debt_to_income
FROM stated
WHERE
  stated.choice = 1;
