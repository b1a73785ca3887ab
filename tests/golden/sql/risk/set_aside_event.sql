-- duckdb, trino, athena, spark
SELECT
  event.topic,
  event.borrower_id,
  event.event_id,
  event.arrival,
  event.kind,
  event.event_time,
  event.received_at,
  event.verdict AS reason
FROM risk.arrived_event AS event
WHERE
  NOT event.verdict IN ('accepted', 'too_late');
