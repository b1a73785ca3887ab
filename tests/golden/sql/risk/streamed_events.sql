-- duckdb
SELECT
  CAST(NULL AS TEXT) AS topic,
  CAST(NULL AS TEXT) AS event_id,
  CAST(NULL AS TEXT) AS borrower_id,
  CAST(NULL AS TEXT) AS kind,
  CAST(NULL AS TIMESTAMP) AS event_time,
  CAST(NULL AS TIMESTAMP) AS received_at,
  CAST(NULL AS TEXT) AS payment_id,
  CAST(NULL AS DATE) AS due_on,
  CAST(NULL AS DATE) AS paid_on,
  CAST(NULL AS DECIMAL(18, 2)) AS amount,
  CAST(NULL AS DECIMAL(18, 2)) AS balance,
  CAST(NULL AS TEXT) AS credit_line_id,
  CAST(NULL AS DECIMAL(18, 2)) AS credit_limit,
  CAST(NULL AS DECIMAL(18, 2)) AS gross_monthly_income,
  CAST(NULL AS DECIMAL(18, 2)) AS monthly_debt,
  event.payee_id,
  CAST(NULL AS INT) AS kafka_partition,
  CAST(NULL AS BIGINT) AS kafka_offset
FROM staging.account_transaction AS event
WHERE
  FALSE;

-- trino, athena
SELECT
  CAST(NULL AS VARCHAR) AS topic,
  CAST(NULL AS VARCHAR) AS event_id,
  CAST(NULL AS VARCHAR) AS borrower_id,
  CAST(NULL AS VARCHAR) AS kind,
  CAST(NULL AS TIMESTAMP) AS event_time,
  CAST(NULL AS TIMESTAMP) AS received_at,
  CAST(NULL AS VARCHAR) AS payment_id,
  CAST(NULL AS DATE) AS due_on,
  CAST(NULL AS DATE) AS paid_on,
  CAST(NULL AS DECIMAL(18, 2)) AS amount,
  CAST(NULL AS DECIMAL(18, 2)) AS balance,
  CAST(NULL AS VARCHAR) AS credit_line_id,
  CAST(NULL AS DECIMAL(18, 2)) AS credit_limit,
  CAST(NULL AS DECIMAL(18, 2)) AS gross_monthly_income,
  CAST(NULL AS DECIMAL(18, 2)) AS monthly_debt,
  event.payee_id,
  CAST(NULL AS INTEGER) AS kafka_partition,
  CAST(NULL AS BIGINT) AS kafka_offset
FROM staging.account_transaction AS event
WHERE
  FALSE;

-- spark
SELECT
  CAST(NULL AS STRING) AS topic,
  CAST(NULL AS STRING) AS event_id,
  CAST(NULL AS STRING) AS borrower_id,
  CAST(NULL AS STRING) AS kind,
  CAST(NULL AS TIMESTAMP) AS event_time,
  CAST(NULL AS TIMESTAMP) AS received_at,
  CAST(NULL AS STRING) AS payment_id,
  CAST(NULL AS DATE) AS due_on,
  CAST(NULL AS DATE) AS paid_on,
  CAST(NULL AS DECIMAL(18, 2)) AS amount,
  CAST(NULL AS DECIMAL(18, 2)) AS balance,
  CAST(NULL AS STRING) AS credit_line_id,
  CAST(NULL AS DECIMAL(18, 2)) AS credit_limit,
  CAST(NULL AS DECIMAL(18, 2)) AS gross_monthly_income,
  CAST(NULL AS DECIMAL(18, 2)) AS monthly_debt,
  event.payee_id,
  CAST(NULL AS INT) AS kafka_partition,
  CAST(NULL AS BIGINT) AS kafka_offset
FROM staging.account_transaction AS event
WHERE
  FALSE;
