-- duckdb, trino, athena
WITH payment AS (
  SELECT
    event.borrower_id,
    event.due_on,
    event.paid_on,
    ROW_NUMBER() OVER (
      PARTITION BY event.borrower_id, event.payment_id
      ORDER BY event.event_time DESC, event.event_id DESC
    ) AS choice
  FROM risk.events AS event
  WHERE
    event.kind = 'payment'
    AND CAST(event.event_time AS DATE) <= CAST('2026-02-20' AS DATE)
    AND NOT event.is_too_late
), overdue AS (
  SELECT
    payment.borrower_id,
    CAST(MAX(DATE_DIFF('DAY', payment.due_on, CAST('2026-02-20' AS DATE))) AS BIGINT) AS days_past_due
  FROM payment
  WHERE
    payment.choice = 1
    AND payment.due_on < CAST('2026-02-20' AS DATE)
    AND (
      payment.paid_on IS NULL OR payment.paid_on > CAST('2026-02-20' AS DATE)
    )
  GROUP BY
    payment.borrower_id
)
SELECT
  loan.loan_id,
  loan.borrower_id,
  loan.product,
  borrower.state,
  loan.originated_on,
  loan.balance,
  score.probability,
  COALESCE(score.band, 'not_scored') AS band,
  COALESCE(overdue.days_past_due, CAST(0 AS BIGINT)) AS days_past_due,
  CASE
    WHEN overdue.days_past_due >= 90
    THEN 'days_90_and_more'
    WHEN overdue.days_past_due >= 30
    THEN 'days_30_to_89'
    WHEN overdue.days_past_due >= 1
    THEN 'days_1_to_29'
    ELSE 'current'
  END AS delinquency
FROM staging.portfolio_loan AS loan
LEFT JOIN staging.portfolio_borrower AS borrower
  ON borrower.borrower_id = loan.borrower_id
LEFT JOIN risk.scores AS score
  ON score.borrower_id = loan.borrower_id
LEFT JOIN overdue
  ON overdue.borrower_id = loan.borrower_id;

-- spark
WITH payment AS (
  SELECT
    event.borrower_id,
    event.due_on,
    event.paid_on,
    ROW_NUMBER() OVER (
      PARTITION BY event.borrower_id, event.payment_id
      ORDER BY event.event_time DESC, event.event_id DESC
    ) AS choice
  FROM risk.events AS event
  WHERE
    event.kind = 'payment'
    AND CAST(event.event_time AS DATE) <= CAST('2026-02-20' AS DATE)
    AND NOT event.is_too_late
), overdue AS (
  SELECT
    payment.borrower_id,
    CAST(MAX(DATEDIFF(DAY, payment.due_on, CAST('2026-02-20' AS DATE))) AS BIGINT) AS days_past_due
  FROM payment
  WHERE
    payment.choice = 1
    AND payment.due_on < CAST('2026-02-20' AS DATE)
    AND (
      payment.paid_on IS NULL OR payment.paid_on > CAST('2026-02-20' AS DATE)
    )
  GROUP BY
    payment.borrower_id
)
SELECT
  loan.loan_id,
  loan.borrower_id,
  loan.product,
  borrower.state,
  loan.originated_on,
  loan.balance,
  score.probability,
  COALESCE(score.band, 'not_scored') AS band,
  COALESCE(overdue.days_past_due, CAST(0 AS BIGINT)) AS days_past_due,
  CASE
    WHEN overdue.days_past_due >= 90
    THEN 'days_90_and_more'
    WHEN overdue.days_past_due >= 30
    THEN 'days_30_to_89'
    WHEN overdue.days_past_due >= 1
    THEN 'days_1_to_29'
    ELSE 'current'
  END AS delinquency
FROM staging.portfolio_loan AS loan
LEFT JOIN staging.portfolio_borrower AS borrower
  ON borrower.borrower_id = loan.borrower_id
LEFT JOIN risk.scores AS score
  ON score.borrower_id = loan.borrower_id
LEFT JOIN overdue
  ON overdue.borrower_id = loan.borrower_id;
