-- Rows of the sources and of the stream that are not events of risk/events, with the reason.
-- grain: topic, borrower_id, event_id, arrival
-- not null: topic, borrower_id, event_id, arrival, kind, received_at, reason
-- arrival: Number of the copy, in the order of arrival.
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
    event.verdict NOT IN ('accepted', 'too_late')
