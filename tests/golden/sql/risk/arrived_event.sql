-- duckdb
WITH arrived AS (
  SELECT
    CAST('loan-events' AS TEXT) AS topic,
    event.event_id,
    event.borrower_id,
    event.kind,
    event.event_time,
    event.received_at,
    event.payment_id,
    event.due_on,
    event.paid_on,
    event.amount,
    event.balance,
    event.credit_line_id,
    event.credit_limit,
    event.gross_monthly_income,
    event.monthly_debt,
    CAST(NULL AS TEXT) AS payee_id,
    event.sequence,
    CAST(1 AS INT) AS way
  FROM staging.loan_event AS event
  UNION ALL
  SELECT
    CAST('transactions' AS TEXT) AS topic,
    event.event_id,
    event.borrower_id,
    event.kind,
    event.event_time,
    event.received_at,
    CAST(NULL AS TEXT) AS payment_id,
    CAST(NULL AS DATE) AS due_on,
    CAST(NULL AS DATE) AS paid_on,
    event.amount,
    CAST(NULL AS DECIMAL(18, 2)) AS balance,
    CAST(NULL AS TEXT) AS credit_line_id,
    CAST(NULL AS DECIMAL(18, 2)) AS credit_limit,
    CAST(NULL AS DECIMAL(18, 2)) AS gross_monthly_income,
    CAST(NULL AS DECIMAL(18, 2)) AS monthly_debt,
    event.payee_id,
    event.sequence,
    CAST(1 AS INT) AS way
  FROM staging.account_transaction AS event
  UNION ALL
  SELECT
    event.topic,
    event.event_id,
    event.borrower_id,
    event.kind,
    event.event_time,
    event.received_at,
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
    event.kafka_offset AS sequence,
    CAST(0 AS INT) AS way
  FROM risk.streamed_events AS event
), judged AS (
  SELECT
    arrived.topic,
    arrived.event_id,
    arrived.borrower_id,
    arrived.kind,
    arrived.event_time,
    arrived.received_at,
    arrived.payment_id,
    arrived.due_on,
    arrived.paid_on,
    arrived.amount,
    arrived.balance,
    arrived.credit_line_id,
    arrived.credit_limit,
    arrived.gross_monthly_income,
    arrived.monthly_debt,
    arrived.payee_id,
    arrived.sequence,
    arrived.way,
    CASE
      WHEN arrived.event_time > arrived.received_at + CAST('5' AS BIGINT) * INTERVAL '1' MINUTE
      THEN 'event_time_ahead'
      WHEN arrived.kind = 'payment'
      AND (
        arrived.payment_id IS NULL OR arrived.due_on IS NULL OR arrived.amount IS NULL
      )
      THEN 'incomplete'
      WHEN arrived.kind = 'balance' AND arrived.balance IS NULL
      THEN 'incomplete'
      WHEN arrived.kind = 'limit'
      AND (
        arrived.credit_line_id IS NULL
        OR arrived.balance IS NULL
        OR arrived.credit_limit IS NULL
      )
      THEN 'incomplete'
      WHEN arrived.kind IN ('income', 'transaction') AND arrived.amount IS NULL
      THEN 'incomplete'
      WHEN arrived.kind = 'statement'
      AND (
        arrived.gross_monthly_income IS NULL OR arrived.monthly_debt IS NULL
      )
      THEN 'incomplete'
    END AS refusal
  FROM arrived
), numbered AS (
  SELECT
    judged.topic,
    judged.event_id,
    judged.borrower_id,
    judged.kind,
    judged.event_time,
    judged.received_at,
    judged.payment_id,
    judged.due_on,
    judged.paid_on,
    judged.amount,
    judged.balance,
    judged.credit_line_id,
    judged.credit_limit,
    judged.gross_monthly_income,
    judged.monthly_debt,
    judged.payee_id,
    judged.refusal,
    CAST(ROW_NUMBER() OVER (
      PARTITION BY judged.topic, judged.borrower_id, judged.event_id
      ORDER BY judged.received_at ASC, judged.sequence ASC, judged.way ASC
    ) AS BIGINT) AS arrival,
    COUNT(CASE WHEN judged.refusal IS NULL THEN 1 END) OVER (
      PARTITION BY judged.topic, judged.borrower_id, judged.event_id
      ORDER BY judged.received_at ASC, judged.sequence ASC, judged.way ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS valid_copies
  FROM judged
)
SELECT
  numbered.topic,
  numbered.event_id,
  numbered.borrower_id,
  numbered.kind,
  numbered.event_time,
  numbered.received_at,
  numbered.payment_id,
  numbered.due_on,
  numbered.paid_on,
  numbered.amount,
  numbered.balance,
  numbered.credit_line_id,
  numbered.credit_limit,
  numbered.gross_monthly_income,
  numbered.monthly_debt,
  numbered.payee_id,
  numbered.arrival,
  CASE
    WHEN CAST(numbered.received_at AS DATE) > CAST('2026-02-20' AS DATE)
    THEN 'later'
    WHEN NOT numbered.refusal IS NULL
    THEN numbered.refusal
    WHEN numbered.valid_copies > 1
    THEN 'duplicate'
    WHEN numbered.received_at > numbered.event_time + CAST('48' AS BIGINT) * INTERVAL '1' HOUR
    THEN 'too_late'
    ELSE 'accepted'
  END AS verdict
FROM numbered;

-- trino, athena
WITH arrived AS (
  SELECT
    CAST('loan-events' AS VARCHAR) AS topic,
    event.event_id,
    event.borrower_id,
    event.kind,
    event.event_time,
    event.received_at,
    event.payment_id,
    event.due_on,
    event.paid_on,
    event.amount,
    event.balance,
    event.credit_line_id,
    event.credit_limit,
    event.gross_monthly_income,
    event.monthly_debt,
    CAST(NULL AS VARCHAR) AS payee_id,
    event.sequence,
    CAST(1 AS INTEGER) AS way
  FROM staging.loan_event AS event
  UNION ALL
  SELECT
    CAST('transactions' AS VARCHAR) AS topic,
    event.event_id,
    event.borrower_id,
    event.kind,
    event.event_time,
    event.received_at,
    CAST(NULL AS VARCHAR) AS payment_id,
    CAST(NULL AS DATE) AS due_on,
    CAST(NULL AS DATE) AS paid_on,
    event.amount,
    CAST(NULL AS DECIMAL(18, 2)) AS balance,
    CAST(NULL AS VARCHAR) AS credit_line_id,
    CAST(NULL AS DECIMAL(18, 2)) AS credit_limit,
    CAST(NULL AS DECIMAL(18, 2)) AS gross_monthly_income,
    CAST(NULL AS DECIMAL(18, 2)) AS monthly_debt,
    event.payee_id,
    event.sequence,
    CAST(1 AS INTEGER) AS way
  FROM staging.account_transaction AS event
  UNION ALL
  SELECT
    event.topic,
    event.event_id,
    event.borrower_id,
    event.kind,
    event.event_time,
    event.received_at,
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
    event.kafka_offset AS sequence,
    CAST(0 AS INTEGER) AS way
  FROM risk.streamed_events AS event
), judged AS (
  SELECT
    arrived.topic,
    arrived.event_id,
    arrived.borrower_id,
    arrived.kind,
    arrived.event_time,
    arrived.received_at,
    arrived.payment_id,
    arrived.due_on,
    arrived.paid_on,
    arrived.amount,
    arrived.balance,
    arrived.credit_line_id,
    arrived.credit_limit,
    arrived.gross_monthly_income,
    arrived.monthly_debt,
    arrived.payee_id,
    arrived.sequence,
    arrived.way,
    CASE
      WHEN arrived.event_time > arrived.received_at + CAST('5' AS BIGINT) * INTERVAL '1' MINUTE
      THEN 'event_time_ahead'
      WHEN arrived.kind = 'payment'
      AND (
        arrived.payment_id IS NULL OR arrived.due_on IS NULL OR arrived.amount IS NULL
      )
      THEN 'incomplete'
      WHEN arrived.kind = 'balance' AND arrived.balance IS NULL
      THEN 'incomplete'
      WHEN arrived.kind = 'limit'
      AND (
        arrived.credit_line_id IS NULL
        OR arrived.balance IS NULL
        OR arrived.credit_limit IS NULL
      )
      THEN 'incomplete'
      WHEN arrived.kind IN ('income', 'transaction') AND arrived.amount IS NULL
      THEN 'incomplete'
      WHEN arrived.kind = 'statement'
      AND (
        arrived.gross_monthly_income IS NULL OR arrived.monthly_debt IS NULL
      )
      THEN 'incomplete'
    END AS refusal
  FROM arrived
), numbered AS (
  SELECT
    judged.topic,
    judged.event_id,
    judged.borrower_id,
    judged.kind,
    judged.event_time,
    judged.received_at,
    judged.payment_id,
    judged.due_on,
    judged.paid_on,
    judged.amount,
    judged.balance,
    judged.credit_line_id,
    judged.credit_limit,
    judged.gross_monthly_income,
    judged.monthly_debt,
    judged.payee_id,
    judged.refusal,
    CAST(ROW_NUMBER() OVER (
      PARTITION BY judged.topic, judged.borrower_id, judged.event_id
      ORDER BY judged.received_at ASC, judged.sequence ASC, judged.way ASC
    ) AS BIGINT) AS arrival,
    COUNT(CASE WHEN judged.refusal IS NULL THEN 1 END) OVER (
      PARTITION BY judged.topic, judged.borrower_id, judged.event_id
      ORDER BY judged.received_at ASC, judged.sequence ASC, judged.way ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS valid_copies
  FROM judged
)
SELECT
  numbered.topic,
  numbered.event_id,
  numbered.borrower_id,
  numbered.kind,
  numbered.event_time,
  numbered.received_at,
  numbered.payment_id,
  numbered.due_on,
  numbered.paid_on,
  numbered.amount,
  numbered.balance,
  numbered.credit_line_id,
  numbered.credit_limit,
  numbered.gross_monthly_income,
  numbered.monthly_debt,
  numbered.payee_id,
  numbered.arrival,
  CASE
    WHEN CAST(numbered.received_at AS DATE) > CAST('2026-02-20' AS DATE)
    THEN 'later'
    WHEN NOT numbered.refusal IS NULL
    THEN numbered.refusal
    WHEN numbered.valid_copies > 1
    THEN 'duplicate'
    WHEN numbered.received_at > numbered.event_time + CAST('48' AS BIGINT) * INTERVAL '1' HOUR
    THEN 'too_late'
    ELSE 'accepted'
  END AS verdict
FROM numbered;

-- spark
WITH arrived AS (
  SELECT
    CAST('loan-events' AS STRING) AS topic,
    event.event_id,
    event.borrower_id,
    event.kind,
    event.event_time,
    event.received_at,
    event.payment_id,
    event.due_on,
    event.paid_on,
    event.amount,
    event.balance,
    event.credit_line_id,
    event.credit_limit,
    event.gross_monthly_income,
    event.monthly_debt,
    CAST(NULL AS STRING) AS payee_id,
    event.sequence,
    CAST(1 AS INT) AS way
  FROM staging.loan_event AS event
  UNION ALL
  SELECT
    CAST('transactions' AS STRING) AS topic,
    event.event_id,
    event.borrower_id,
    event.kind,
    event.event_time,
    event.received_at,
    CAST(NULL AS STRING) AS payment_id,
    CAST(NULL AS DATE) AS due_on,
    CAST(NULL AS DATE) AS paid_on,
    event.amount,
    CAST(NULL AS DECIMAL(18, 2)) AS balance,
    CAST(NULL AS STRING) AS credit_line_id,
    CAST(NULL AS DECIMAL(18, 2)) AS credit_limit,
    CAST(NULL AS DECIMAL(18, 2)) AS gross_monthly_income,
    CAST(NULL AS DECIMAL(18, 2)) AS monthly_debt,
    event.payee_id,
    event.sequence,
    CAST(1 AS INT) AS way
  FROM staging.account_transaction AS event
  UNION ALL
  SELECT
    event.topic,
    event.event_id,
    event.borrower_id,
    event.kind,
    event.event_time,
    event.received_at,
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
    event.kafka_offset AS sequence,
    CAST(0 AS INT) AS way
  FROM risk.streamed_events AS event
), judged AS (
  SELECT
    arrived.topic,
    arrived.event_id,
    arrived.borrower_id,
    arrived.kind,
    arrived.event_time,
    arrived.received_at,
    arrived.payment_id,
    arrived.due_on,
    arrived.paid_on,
    arrived.amount,
    arrived.balance,
    arrived.credit_line_id,
    arrived.credit_limit,
    arrived.gross_monthly_income,
    arrived.monthly_debt,
    arrived.payee_id,
    arrived.sequence,
    arrived.way,
    CASE
      WHEN arrived.event_time > arrived.received_at + CAST('5' AS BIGINT) * INTERVAL '1' MINUTE
      THEN 'event_time_ahead'
      WHEN arrived.kind = 'payment'
      AND (
        arrived.payment_id IS NULL OR arrived.due_on IS NULL OR arrived.amount IS NULL
      )
      THEN 'incomplete'
      WHEN arrived.kind = 'balance' AND arrived.balance IS NULL
      THEN 'incomplete'
      WHEN arrived.kind = 'limit'
      AND (
        arrived.credit_line_id IS NULL
        OR arrived.balance IS NULL
        OR arrived.credit_limit IS NULL
      )
      THEN 'incomplete'
      WHEN arrived.kind IN ('income', 'transaction') AND arrived.amount IS NULL
      THEN 'incomplete'
      WHEN arrived.kind = 'statement'
      AND (
        arrived.gross_monthly_income IS NULL OR arrived.monthly_debt IS NULL
      )
      THEN 'incomplete'
    END AS refusal
  FROM arrived
), numbered AS (
  SELECT
    judged.topic,
    judged.event_id,
    judged.borrower_id,
    judged.kind,
    judged.event_time,
    judged.received_at,
    judged.payment_id,
    judged.due_on,
    judged.paid_on,
    judged.amount,
    judged.balance,
    judged.credit_line_id,
    judged.credit_limit,
    judged.gross_monthly_income,
    judged.monthly_debt,
    judged.payee_id,
    judged.refusal,
    CAST(ROW_NUMBER() OVER (
      PARTITION BY judged.topic, judged.borrower_id, judged.event_id
      ORDER BY judged.received_at ASC NULLS LAST, judged.sequence ASC NULLS LAST, judged.way ASC NULLS LAST
    ) AS BIGINT) AS arrival,
    COUNT(CASE WHEN judged.refusal IS NULL THEN 1 END) OVER (
      PARTITION BY judged.topic, judged.borrower_id, judged.event_id
      ORDER BY judged.received_at ASC NULLS LAST, judged.sequence ASC NULLS LAST, judged.way ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS valid_copies
  FROM judged
)
SELECT
  numbered.topic,
  numbered.event_id,
  numbered.borrower_id,
  numbered.kind,
  numbered.event_time,
  numbered.received_at,
  numbered.payment_id,
  numbered.due_on,
  numbered.paid_on,
  numbered.amount,
  numbered.balance,
  numbered.credit_line_id,
  numbered.credit_limit,
  numbered.gross_monthly_income,
  numbered.monthly_debt,
  numbered.payee_id,
  numbered.arrival,
  CASE
    WHEN CAST(numbered.received_at AS DATE) > CAST('2026-02-20' AS DATE)
    THEN 'later'
    WHEN NOT numbered.refusal IS NULL
    THEN numbered.refusal
    WHEN numbered.valid_copies > 1
    THEN 'duplicate'
    WHEN numbered.received_at > numbered.event_time + CAST('48' AS BIGINT) * INTERVAL '1' HOUR
    THEN 'too_late'
    ELSE 'accepted'
  END AS verdict
FROM numbered;
