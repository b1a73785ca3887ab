-- Events of borrowers, each once, that arrived by the end of the as-of day.
-- grain: topic, borrower_id, event_id
-- not null: topic, borrower_id, event_id, kind, event_time, received_at, is_too_late
-- topic: The topic that such events have in Kafka.
-- is_too_late: Whether it arrived later than the policy allows: it is kept, but features do not read it.
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
    event.verdict IN ('accepted', 'too_late')
