-- duckdb
WITH state AS (
  SELECT
    event.customer_id,
    event.event_on,
    event.gross_monthly_income,
    event.monthly_debt,
    ROW_NUMBER() OVER (
      PARTITION BY event.customer_id, event.kind
      ORDER BY event.event_time DESC, event.event_id DESC
    ) AS choice
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
      event.event_id,
      event.kind,
      event.event_time,
      event.payment_id,
      event.due_on,
      event.paid_on,
      event.amount,
      event.balance,
      event.credit_line_id,
      event.credit_limit,
      event.gross_monthly_income,
      event.monthly_debt,
      event.payee_id,
      CAST(event.event_time AS DATE) AS event_on
    FROM risk.subject AS subject
    INNER JOIN risk.events AS event
      ON event.borrower_id = subject.borrower_id
      AND CAST(event.event_time AS DATE) <= subject.as_of
      AND CAST(event.received_at AS DATE) <= subject.as_of
    WHERE
      NOT event.is_too_late
  ) AS event
  WHERE
    event.kind = 'statement'
)
SELECT
  CAST(state.customer_id AS TEXT) AS customer_id,
  CAST(state.event_on AS DATE) AS stated_on,
  CAST(state.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
  CAST(state.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
FROM state
WHERE
  state.choice = 1;

-- trino, athena
WITH state AS (
  SELECT
    event.customer_id,
    event.event_on,
    event.gross_monthly_income,
    event.monthly_debt,
    ROW_NUMBER() OVER (
      PARTITION BY event.customer_id, event.kind
      ORDER BY event.event_time DESC, event.event_id DESC
    ) AS choice
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
      event.event_id,
      event.kind,
      event.event_time,
      event.payment_id,
      event.due_on,
      event.paid_on,
      event.amount,
      event.balance,
      event.credit_line_id,
      event.credit_limit,
      event.gross_monthly_income,
      event.monthly_debt,
      event.payee_id,
      CAST(event.event_time AS DATE) AS event_on
    FROM risk.subject AS subject
    INNER JOIN risk.events AS event
      ON event.borrower_id = subject.borrower_id
      AND CAST(event.event_time AS DATE) <= subject.as_of
      AND CAST(event.received_at AS DATE) <= subject.as_of
    WHERE
      NOT event.is_too_late
  ) AS event
  WHERE
    event.kind = 'statement'
)
SELECT
  CAST(state.customer_id AS VARCHAR) AS customer_id,
  CAST(state.event_on AS DATE) AS stated_on,
  CAST(state.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
  CAST(state.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
FROM state
WHERE
  state.choice = 1;

-- spark
WITH state AS (
  SELECT
    event.customer_id,
    event.event_on,
    event.gross_monthly_income,
    event.monthly_debt,
    ROW_NUMBER() OVER (
      PARTITION BY event.customer_id, event.kind
      ORDER BY event.event_time DESC, event.event_id DESC
    ) AS choice
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
      event.event_id,
      event.kind,
      event.event_time,
      event.payment_id,
      event.due_on,
      event.paid_on,
      event.amount,
      event.balance,
      event.credit_line_id,
      event.credit_limit,
      event.gross_monthly_income,
      event.monthly_debt,
      event.payee_id,
      CAST(event.event_time AS DATE) AS event_on
    FROM risk.subject AS subject
    INNER JOIN risk.events AS event
      ON event.borrower_id = subject.borrower_id
      AND CAST(event.event_time AS DATE) <= subject.as_of
      AND CAST(event.received_at AS DATE) <= subject.as_of
    WHERE
      NOT event.is_too_late
  ) AS event
  WHERE
    event.kind = 'statement'
)
SELECT
  CAST(state.customer_id AS STRING) AS customer_id,
  CAST(state.event_on AS DATE) AS stated_on,
  CAST(state.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
  CAST(state.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
FROM state
WHERE
  state.choice = 1;
