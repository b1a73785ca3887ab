-- Events that arrived after the as-of day, or before they happened.
-- broken by: received_at = received_at + INTERVAL 1000 DAY
SELECT
    event.topic,
    event.borrower_id,
    event.event_id
FROM risk.events AS event
WHERE
    CAST(event.received_at AS DATE) > :as_of
    OR event.event_time > event.received_at + :ahead_minutes * INTERVAL '1' MINUTE
