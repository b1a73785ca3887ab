-- duckdb, trino, athena, spark
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
  event.verdict = 'too_late' AS is_too_late
FROM risk.arrived_event AS event
WHERE
  event.verdict IN ('accepted', 'too_late');
